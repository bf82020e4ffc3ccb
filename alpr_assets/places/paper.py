"""Maps on paper: the streets beneath, room around what is drawn, north up and a scale in metres. Not here: what is on a map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import cos, floor, log10, pi, radians
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from matplotlib.axes import Axes

METRES_A_DEGREE: Final = 6_371_008.8 * pi / 180  # of a sphere of the Earth's mean radius, IUGG
LEAST_DEG: Final = 400 / METRES_A_DEGREE
INK: Final = "#222831"
PAPER: Final = "#f4f5f7"
BASE: Final[Mapping[str, tuple[str, float]]] = {
    "water": ("#c9dcea", 1.0), "park": ("#d8e8d2", 1.0), "boundary": ("#b9bec6", 1.0), "street": ("#dde1e6", 1.2),
    "arterial": ("#c9ced6", 2.4), "highway": ("#b7bdc8", 3.6),
}  # fmt: skip
"""Colour and width in pixels of each kind of street."""


class Street(Protocol):
    """A line or an area of the layer beneath. places: (latitude, longitude) in degrees."""

    @property
    def kind(self) -> str: ...
    @property
    def places(self) -> Sequence[tuple[float, float]]: ...
    @property
    def is_area(self) -> bool: ...


def streets(axes: Axes, lines: Sequence[Street]) -> None:
    """Beneath everything; they do not count for what the map shows."""
    from matplotlib.collections import LineCollection, PolyCollection  # noqa: PLC0415 - as above

    for rank, (kind, (colour, width)) in enumerate(BASE.items()):
        of_kind = [one for one in lines if one.kind == kind]
        for is_area, collection in ((True, PolyCollection), (False, LineCollection)):
            ways = [[(lon, lat) for lat, lon in one.places] for one in of_kind if one.is_area is is_area]
            if ways:
                style = {"facecolors": colour} if is_area else {"colors": colour, "linewidths": width * 0.6}
                axes.add_collection(collection(ways, zorder=0.1 + rank / 100, **style), autolim=False)


def framed(axes: Axes) -> None:
    """Room around what is drawn, at least as wide as high; north, and a scale."""
    (west, east), (south, north) = axes.get_xlim(), axes.get_ylim()
    latitude_deg, middle = (south + north) / 2, (west + east) / 2
    narrowing = max(cos(radians(latitude_deg)), 0.01)
    along, across = max(north - south, LEAST_DEG), max((east - west) * narrowing, LEAST_DEG)
    across, along = max(across, along), max(along, 0.6 * across)
    axes.set_xlim(middle - 0.55 * across / narrowing, middle + 0.55 * across / narrowing)
    axes.set_ylim(latitude_deg - 0.58 * along, latitude_deg + 0.55 * along)
    axes.set_aspect(1 / narrowing)
    axes.set_xticks([])
    axes.set_yticks([])
    _scale(axes, latitude_deg)
    axes.annotate("N", (0.97, 0.99), (0.97, 0.9), "axes fraction", "axes fraction", ha="center", va="center",
                  arrowprops={"arrowstyle": "->", "color": INK}, color=INK)  # fmt: skip


def _scale(axes: Axes, latitude_deg: float) -> None:
    """A bar of a round number of metres, about a quarter of the width."""
    west, east = axes.get_xlim()
    south, north = axes.get_ylim()
    metres_a_degree = METRES_A_DEGREE * cos(radians(latitude_deg))
    about = (east - west) * metres_a_degree / 4
    power = 10 ** floor(log10(about))
    metres = max(step * power for step in (1, 2, 5) if step * power <= about)
    left, bottom = west + 0.03 * (east - west), south + 0.05 * (north - south)
    axes.plot([left, left + metres / metres_a_degree], [bottom, bottom], color=INK, linewidth=3, solid_capstyle="butt")
    said = f"{metres / 1000:g} km" if metres >= 1000 else f"{metres:g} m"
    axes.text(left, bottom + 0.015 * (north - south), said, fontsize=8, color=INK, va="bottom")
