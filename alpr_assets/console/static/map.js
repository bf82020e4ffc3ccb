// The hit's place, the department's cameras and, once they were asked for, previous reads: over the department's own streets.
(function () {
  "use strict";
  let map = null;
  let reads = null;

  function dot(element, kind, label) {
    const place = [Number(element.dataset.latitude), Number(element.dataset.longitude)];
    const style = { hit: [9, "#d0342c"], camera: [5, "#5b6c7c"], read: [6, "#2f7fd1"] }[kind];
    const marker = L.circleMarker(place, { radius: style[0], color: style[1], weight: 2, fillOpacity: 0.5 });
    const text = document.createElement("span"); // an element: a text would be taken for markup
    text.textContent = label;
    marker.bindTooltip(text);
    return marker;
  }

  function draw() {
    const element = document.getElementById("map");
    if (!element || element.dataset.drawn || !window.L) return;
    element.dataset.drawn = "yes";
    map = L.map(element, { attributionControl: false, keyboard: false, scrollWheelZoom: false, zoomAnimation: false });
    map.setView([Number(element.dataset.latitude), Number(element.dataset.longitude)], 14);
    L.control.scale().addTo(map);
    for (const camera of element.querySelectorAll(".camera")) dot(camera, "camera", camera.textContent).addTo(map);
    reads = L.featureGroup().addTo(map);
    dot(element, "hit", element.dataset.label).addTo(map);
    if (window.alprBase) window.alprBase(map);
  }

  function drawReads() {
    if (!map || !reads || !document.getElementById("map")) return;
    reads.clearLayers();
    for (const cell of document.querySelectorAll("#previous [data-latitude]")) {
      const seen = cell.closest("tr").querySelector(".at");
      dot(cell, "read", seen ? seen.textContent : "").addTo(reads);
    }
    if (reads.getLayers().length) {
      const hit = document.getElementById("map").dataset;
      const around = reads.getBounds().extend([Number(hit.latitude), Number(hit.longitude)]);
      map.fitBounds(around, { padding: [24, 24], maxZoom: 15, animate: false });
    }
  }

  document.addEventListener("DOMContentLoaded", draw);
  document.addEventListener("htmx:afterSettle", function () {
    draw();
    drawReads();
  });
})();
