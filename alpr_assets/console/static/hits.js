// What pages of hits do beyond their forms: errors in words, keys, clocks, what is new. Nothing of a hit is kept by the browser.
(function () {
  "use strict";
  const AT_ONCE_MS = 10000; // between two showings by itself
  const title = function () { return document.title.replace(/^\(\d+\) /, ""); };
  let loaded = performance.now();
  let shownAt = 0;
  let atOnce = false;

  function tell(text) {
    const told = document.getElementById("told");
    if (!told) return;
    told.className = text ? "note bad" : "";
    told.textContent = text;
  }

  function conceal() {
    const heading = document.createElement("h1");
    heading.textContent = "The session has ended";
    const link = document.createElement("a");
    link.className = "button";
    link.href = "/sign-in";
    link.textContent = "Sign in";
    document.getElementById("content").replaceChildren(heading, link);
  }

  // ── answers that are no page of ours: a problem's words, never its markup ──────────────────────────────────────────
  document.addEventListener("htmx:beforeSwap", function (event) {
    const answer = event.detail.xhr;
    if (answer.status === 0) return;
    if ((answer.getResponseHeader("content-type") || "").startsWith("text/html")) {
      tell("");
      return;
    }
    event.detail.shouldSwap = false;
    atOnce = false; // what was refused once is not asked for again and again
    if (answer.status === 401) {
      conceal();
      return;
    }
    let problem = {};
    try { problem = JSON.parse(answer.responseText); } catch (error) { /* told without details */ }
    const remedy = problem.remedy ? " – " + problem.remedy : "";
    tell((problem.title || "Not done") + ": " + (problem.detail || answer.status) + remedy);
  });
  document.addEventListener("htmx:sendError", function () { tell("Not sent: the console cannot be reached. Send it again."); });

  // ── keys: 1 2 3 go to a question, y n answer it ────────────────────────────────────────────────────────────────────
  function typing(element) {
    return element.matches("input:not([type=radio]):not([type=checkbox]), select, textarea");
  }

  document.addEventListener("keydown", function (event) {
    if (event.ctrlKey || event.altKey || event.metaKey || typing(event.target)) return;
    const form = event.target.closest("form") || document.querySelector("#state > form.verdict");
    const questions = form ? Array.from(form.querySelectorAll("[data-question]")) : [];
    if (!questions.length) return;
    const key = event.key.toLowerCase();
    const named = questions.find(function (one) { return one.dataset.question === key; });
    if (named) {
      (named.querySelector(":checked") || named.querySelector("input")).focus();
    } else if (key === "y" || key === "n") {
      const open = function (one) { return !one.querySelector(":checked"); };
      const asked = event.target.closest("[data-question]") || questions.find(open) || questions[0];
      asked.querySelector("[value=" + (key === "y" ? "yes" : "no") + "]").click();
      const next = questions.find(open);
      const field = Array.from(form.querySelectorAll("input.plate, [name=vehicle_reason]")).find(function (one) {
        return one.offsetParent !== null;
      });
      const target = next ? next.querySelector("input") : field || form.querySelector("button");
      target.focus();
    } else {
      return;
    }
    event.preventDefault();
  });

  // ── clocks: what is left of an actionable hit, and the time of a CLETS answer until somebody sets it ────────────────
  function tick() {
    const passed = Math.floor((performance.now() - loaded) / 1000);
    const hit = document.getElementById("actionable");
    if (hit) {
      const left = Number(hit.dataset.seconds) - passed;
      const shown = Math.max(0, left);
      hit.querySelector(".left").textContent =
        "– " + Math.floor(shown / 60) + ":" + String(shown % 60).padStart(2, "0") + " left";
      hit.classList.toggle("is-over", left <= 0);
      hit.querySelector(".over").hidden = left > 0;
    }
    for (const field of document.querySelectorAll("input[data-clock]")) {
      const now = new Date(Date.parse(field.dataset.clock + "Z") + passed * 1000);
      if (document.activeElement !== field) field.value = now.toISOString().slice(0, 19);
    }
  }

  document.addEventListener("input", function (event) { delete event.target.dataset.clock; });
  setInterval(tick, 1000);

  // ── what is new: in the title, and shown at once where that was asked for ─────────────────────────────────────────
  function showNews() {
    const told = document.querySelector("[sse-swap=hits] [data-n]");
    const n = told ? Number(told.dataset.n) : 0;
    const box = document.getElementById("at-once");
    if (box) box.checked = atOnce;
    document.title = (n ? "(" + n + ") " : "") + title();
    return n;
  }

  function showAtOnce() {
    const again = document.getElementById("again");
    if (!again || !atOnce || !showNews() || document.hidden || performance.now() - shownAt < AT_ONCE_MS) return;
    shownAt = performance.now();
    const values = Object.fromEntries(new FormData(again));
    htmx.ajax("POST", "/hits/refresh", { target: "#queue", swap: "outerHTML", values: values });
  }

  // A stream that is refused does not say why: asking for the banner tells whether the session has ended.
  document.addEventListener("htmx:sseError", function (event) {
    if (event.detail.source.readyState !== EventSource.CLOSED || !document.getElementById("standing")) return;
    htmx.ajax("GET", "/hits/banner", { target: "#standing", swap: "outerHTML" });
  });
  document.addEventListener("htmx:sseMessage", function () {
    if (showNews() && navigator.vibrate) navigator.vibrate(200);
    showAtOnce();
  });
  document.addEventListener("change", function (event) {
    if (event.target.id !== "at-once") return;
    atOnce = event.target.checked;
    showAtOnce();
  });
  setInterval(showAtOnce, 1000);

  function ready() {
    for (const element of document.querySelectorAll(".needs-script")) element.hidden = false;
    showNews();
    tick();
  }

  document.addEventListener("htmx:afterSettle", function (event) {
    if (event.target.closest("#state, #content")) loaded = performance.now();
    ready();
  });
  document.addEventListener("DOMContentLoaded", ready);
})();
