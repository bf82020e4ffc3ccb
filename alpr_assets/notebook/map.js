// Draws the layers that stand beside it in the page. It asks nobody for anything: no tile, no font, no file.
(function () {
  "use strict";
  const said = JSON.parse(document.getElementById("layers").textContent);

  function words(lines) {
    const text = document.createElement("div"); // elements: a text would be taken for markup
    for (const line of lines) text.appendChild(document.createElement("div")).textContent = line;
    return text;
  }

  function entry(layer, number, n) {
    const text = document.createElement("span");
    text.appendChild(document.createElement("i")).className = "swatch swatch-" + number;
    text.appendChild(document.createTextNode(layer.name + " (" + n + ")"));
    return text.outerHTML; // what Leaflet's control takes; made of text nodes, so it holds no markup of others
  }

  function bounds() {
    const around = L.latLngBounds([]);
    for (const layer of said.layers) {
      for (const one of layer.points) around.extend(one.place);
      for (const one of layer.ways) around.extend(one.ends);
      for (const one of layer.shapes) {
        const place = one.geometry.coordinates;
        around.extend(one.geometry.type === "Point"
          ? L.latLng(place[1], place[0]).toBounds(2 * one.geometry.radius_m)
          : L.geoJSON(one.geometry).getBounds());
      }
    }
    return around;
  }

  const map = L.map("map", { attributionControl: false, preferCanvas: true, zoomSnap: 0.5 });
  const around = bounds(); // a circle can be drawn only where there is a view
  function fit() {
    if (around.isValid()) map.fitBounds(around, { padding: [30, 30], maxZoom: 16, animate: false });
    else map.setView([0, 0], 1);
  }
  fit();
  // A frame may be made before it has its size, as in a page that is still laid out: fit again, until somebody moves the map.
  let ours = true;
  for (const kind of ["pointerdown", "wheel", "keydown"]) {
    map.getContainer().addEventListener(kind, function () { ours = false; }, { once: true });
  }
  map.on("resize", function () { if (ours) fit(); });
  map.createPane("base").style.zIndex = 250;
  const beneath = L.canvas({ pane: "base", padding: 0.3 });
  for (const one of said.streets) {
    const style = { renderer: beneath, interactive: false, color: one.colour, weight: one.width, fillOpacity: 1 };
    (one.is_area ? L.polygon(one.places.map((ring) => [ring]), style) : L.polyline(one.places, style)).addTo(map);
  }
  const control = L.control.layers(null, null, { collapsed: false });
  const legend = [];
  said.layers.forEach(function (layer, number) {
    const group = L.featureGroup();
    for (const one of layer.shapes) {
      const style = { color: one.colour, weight: 2, fillOpacity: 0.12 };
      const place = one.geometry.coordinates;
      const shape = one.geometry.type === "Point"
        ? L.circle([place[1], place[0]], Object.assign(style, { radius: one.geometry.radius_m }))
        : L.geoJSON(one.geometry, { style: style });
      shape.bindTooltip(words(one.words)).addTo(group);
    }
    for (const one of layer.ways) {
      const style = { color: one.colour, weight: one.dashed ? 3 : 2, opacity: 0.8, dashArray: one.dashed ? "6 6" : null };
      L.polyline(one.ends, style).bindTooltip(words(one.words), { sticky: true }).addTo(group);
    }
    for (const one of layer.points) {
      const style = { radius: one.size, color: one.colour, weight: 2, fillOpacity: one.hollow ? 0.05 : 0.7 };
      L.circleMarker(one.place, style).bindTooltip(words(one.words)).addTo(group);
    }
    group.addTo(map);
    legend.unshift([group, entry(layer, number, layer.points.length || layer.ways.length || layer.shapes.length)]); // above stands first
  });
  for (const [group, text] of legend) control.addOverlay(group, text);
  control.addTo(map);
  L.control.scale().addTo(map);
})();
