// The department's own streets beneath a map: tiles from this console, and from nowhere else.
(function () {
  "use strict";
  const TILE_DEG = 0.02;
  const OFFSET = 10000; // as in places/streets.py
  const MOST = 60; // tiles in view: further out, streets are a grey carpet

  window.alprBase = function (map) {
    const known = new Map();
    const drawn = new Set(); // lines lie in each tile that they touch
    let there = true;
    map.createPane("base").style.zIndex = 250;
    const renderer = L.svg({ pane: "base", padding: 0.3 });

    function draw(lines) {
      for (const [number, kind, name, places, isArea] of lines) {
        if (drawn.has(number)) continue;
        drawn.add(number);
        const style = { className: "base base-" + kind, renderer: renderer, interactive: false };
        (isArea ? L.polygon(places, style) : L.polyline(places, style)).addTo(map);
      }
    }

    async function load(row, column) {
      known.set(row + "/" + column, true);
      const answer = await fetch("/map/base/" + (row + OFFSET) + "/" + (column + OFFSET), { credentials: "same-origin" });
      if (answer.headers.get("X-Base") === "none") there = false;
      if (answer.status === 200) draw(await answer.json());
    }

    function look() {
      if (!there) return;
      const seen = map.getBounds().pad(0.1);
      const rows = [seen.getSouth(), seen.getNorth()].map((degrees) => Math.floor(degrees / TILE_DEG));
      const columns = [seen.getWest(), seen.getEast()].map((degrees) => Math.floor(degrees / TILE_DEG));
      if ((rows[1] - rows[0] + 1) * (columns[1] - columns[0] + 1) > MOST) return;
      for (let row = rows[0]; row <= rows[1]; row++) {
        for (let column = columns[0]; column <= columns[1]; column++) {
          if (!known.has(row + "/" + column)) load(row, column).catch(() => known.delete(row + "/" + column));
        }
      }
    }

    map.on("moveend", look);
    look();
  };
})();
