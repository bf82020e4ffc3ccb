// The place of a canvass: where the device is, or a tap on the map; then where each vehicle was seen. Without it, type the place.
(function () {
  "use strict";

  function start() {
    const form = document.getElementById("near");
    if (!form) return;
    for (const element of document.querySelectorAll(".needs-script")) element.hidden = false;
    const place = form.elements.namedItem("place");
    const radius = form.elements.namedItem("radius_m");
    const told = document.getElementById("place-told");
    let map = null;
    let circle = null;

    function typed() {
      const found = /^\s*([+-]?\d{1,3}(?:\.\d+)?)\s*[,; ]\s*([+-]?\d{1,3}(?:\.\d+)?)\s*$/.exec(place.value);
      const at = found ? [Number(found[1]), Number(found[2])] : null;
      return at && Math.abs(at[0]) < 90 && Math.abs(at[1]) <= 180 ? at : null;
    }

    function draw(follow) {
      const at = typed();
      if (!map) return;
      if (circle) circle.remove();
      circle = at ? L.circle(at, { radius: Number(radius.value), color: "#2f7fd1", weight: 2, fillOpacity: 0.1 }).addTo(map) : null;
      if (circle && follow) map.fitBounds(L.latLng(at).toBounds(2.4 * Number(radius.value)), { animate: false });
    }

    function put(latitude, longitude, follow) {
      place.value = latitude.toFixed(5) + ", " + longitude.toFixed(5);
      told.textContent = "";
      draw(follow);
    }

    function here() {
      if (!navigator.geolocation) return void (told.textContent = "This device does not know where it is.");
      told.textContent = "Finding where you are …";
      navigator.geolocation.getCurrentPosition(
        function (found) {
          put(found.coords.latitude, found.coords.longitude, true);
          told.textContent = "You are here, within " + Math.round(found.coords.accuracy) + " m.";
        },
        function (error) {
          told.textContent = error.code === 1 ? "The browser was not allowed to say where you are." : "Where you are was not found: tap the map.";
        },
        { enableHighAccuracy: true, timeout: 10000, maximumAge: 60000 },
      );
    }

    function dot(element, style, label) {
      const text = document.createElement("span"); // an element: a text would be taken for markup
      text.textContent = label;
      const marker = L.circleMarker([Number(element.dataset.latitude), Number(element.dataset.longitude)], style);
      return marker.bindTooltip(text).addTo(map);
    }

    function open() {
      const element = document.getElementById("canvass-map");
      const cameras = [...document.querySelectorAll(".camera")];
      const seen = [...document.querySelectorAll(".lead[data-latitude]")];
      const known = [...cameras, ...seen].map((one) => [Number(one.dataset.latitude), Number(one.dataset.longitude)]);
      if (!window.L || !(known.length || typed())) return;
      element.hidden = false;
      map = L.map(element, { attributionControl: false, keyboard: false, scrollWheelZoom: false, zoomAnimation: false });
      L.control.scale().addTo(map);
      map.fitBounds(L.latLngBounds(known.length ? known : [typed()]), { padding: [24, 24], maxZoom: 15, animate: false });
      for (const one of cameras) dot(one, { radius: 5, color: "#5b6c7c", weight: 2, fillOpacity: 0.5 }, one.textContent);
      seen.reverse().forEach(function (one) { // the first one lies above
        dot(one, { radius: 8, color: "#d0342c", weight: 2, fillOpacity: 0.6 }, one.dataset.label);
      });
      map.on("click", (event) => put(event.latlng.lat, event.latlng.wrap().lng, false));
      if (window.alprBase) window.alprBase(map);
      draw(true);
    }

    document.getElementById("here").addEventListener("click", here);
    place.addEventListener("input", () => draw(true));
    radius.addEventListener("change", () => draw(true));
    form.addEventListener("submit", function () {
      const button = document.getElementById("search");
      button.textContent = "Searching …";
      setTimeout(() => { button.disabled = true; }, 0); // the form is sent first
    });
    open();
  }

  document.addEventListener("DOMContentLoaded", start);
})();
