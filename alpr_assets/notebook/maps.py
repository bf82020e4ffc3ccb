"""A map to move about in, without the internet: Leaflet, the answer's layers, and nothing else in one frame.

Here: the page. Not here: what is on it (`layers`), the map for paper (`drawings`).
The page may load nothing, and runs no script but the two that it was made with; its frame has no origin of its own, so that what a plate
or a name of a reader says is never taken for a part of the notebook.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from html import escape
from pathlib import Path
from typing import Any, Final

from alpr_assets.notebook.layers import Layer, Street
from alpr_assets.places.paper import BASE

HERE: Final = Path(__file__).parent
VENDOR: Final = HERE.parent / "console" / "static" / "vendor"
STYLE: Final = """
html, body, #map { height: 100%; margin: 0; background: #f4f5f7; font: 13px system-ui, sans-serif; }
.leaflet-container { font: inherit; background: #f4f5f7; }
.leaflet-control-layers-list { max-height: 260px; overflow-y: auto; }
.leaflet-control-layers label { margin: 2px 0; }
.swatch { display: inline-block; width: .8em; height: .8em; margin-right: .4em; border-radius: 50%; vertical-align: -.05em; }
#told { position: absolute; z-index: 1000; bottom: 0; right: 0; padding: 1px 6px; background: #ffffffcc; color: #333; font-size: 11px; }
"""


@dataclass(frozen=True, slots=True)
class Map:
    """A map in a notebook. It is part of the notebook's output and of nothing else: to pass something on, make a report or an export.

    layers : those beneath first
    told : whence it comes, under the map
    streets : beneath all of them
    """

    layers: Sequence[Layer]
    told: str
    streets: Sequence[Street] = ()

    def _repr_html_(self) -> str:
        return (
            f'<iframe sandbox="allow-scripts" style="box-sizing:border-box;width:100%;height:480px;border:1px solid #c8ccd2" '
            f'title="map" srcdoc="{escape(self.page(), quote=True)}"></iframe>'
        )

    def page(self) -> str:
        """The whole page."""
        swatches = (f".swatch-{n} {{ background: {layer.colour}; }}" for n, layer in enumerate(self.layers))
        style = _text(VENDOR / "leaflet.css") + STYLE + "\n".join(swatches)
        scripts = [_text(VENDOR / "leaflet.js"), _text(HERE / "map.js")]
        allowed = " ".join(map(_hash, scripts))
        policy = f"default-src 'none'; img-src data:; style-src {_hash(style)}; script-src {allowed}"
        data = embedded({"layers": [asdict(layer) for layer in self.layers], "streets": self._streets()})
        return (
            f'<!doctype html><html lang="en"><head><meta charset="utf-8">'
            f'<meta http-equiv="Content-Security-Policy" content="{policy}"><title>Map</title><style>{style}</style></head>'
            f'<body><div id="map"></div><div id="told">{escape(self.told)}</div>'
            f'<script type="application/json" id="layers">{data}</script>'
            f"<script>{scripts[0]}</script><script>{scripts[1]}</script></body></html>"
        )

    def _streets(self) -> list[dict[str, Any]]:
        """By kind, in the order in which they came: one line of many parts is drawn faster than many."""
        kinds = dict.fromkeys((one.kind, one.is_area) for one in self.streets)
        return [
            {
                "colour": BASE[kind][0], "width": BASE[kind][1], "is_area": is_area,
                "places": [one.places for one in self.streets if (one.kind, one.is_area) == (kind, is_area)],
            }
            for kind, is_area in kinds
        ]  # fmt: skip


def embedded(value: Mapping[str, Any]) -> str:
    """JSON that ends no script element and begins no comment, whatever it says (https://html.spec.whatwg.org/#restrictions-for-contents-of-script-elements)."""
    text = json.dumps(value)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


@cache
def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """As a Content-Security-Policy names an inline script or style."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
