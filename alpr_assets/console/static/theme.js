// Night or day by a button, remembered in a cookie that holds nothing else; without it, as the device prefers.
(function () {
  "use strict";
  const root = document.documentElement;
  const prefersDark = window.matchMedia("(prefers-color-scheme: dark)");

  function isDark() {
    return root.dataset.theme ? root.dataset.theme === "dark" : prefersDark.matches;
  }

  function label() {
    const button = document.getElementById("theme");
    if (!button) return;
    button.hidden = false;
    button.textContent = isDark() ? "Day" : "Night";
    button.setAttribute("aria-label", isDark() ? "Light page" : "Dark page");
  }

  document.addEventListener("click", function (event) {
    if (event.target.id !== "theme") return;
    root.dataset.theme = isDark() ? "light" : "dark";
    const secure = location.protocol === "https:" ? ";secure" : "";
    document.cookie = "theme=" + root.dataset.theme + ";path=/;samesite=strict;max-age=31536000" + secure;
    label();
  });
  prefersDark.addEventListener("change", label);
  label();
})();
