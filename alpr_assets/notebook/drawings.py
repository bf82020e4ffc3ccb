"""Maps and timelines for paper: north up, a scale in metres, the department's time, and whence they come.

Here: drawing. Not here: what is on a map (`layers`), the map to move about in (`maps`).
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import cos, pi, radians
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from alpr_assets.client.incidents import Canvassed, CoTravel
from alpr_assets.client.located import Located
from alpr_assets.errors import AlprError
from alpr_assets.notebook.layers import OTHERS, WRONG, Layer, Street, coloured, vehicle_of
from alpr_assets.places import paper
from alpr_assets.places.paper import INK, METRES_A_DEGREE, PAPER

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_ROWS: Final = 25
DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, slots=True)
class Drawing:
    """A picture in a notebook or report. It is part of the notebook's output and of nothing else.

    figure : matplotlib's, to be changed at will
    """

    figure: Figure = field(repr=False)

    def _repr_png_(self) -> bytes:
        return self.png()

    def png(self, *, dots_per_inch: int = 110) -> bytes:
        """As a PNG file's bytes."""
        file = io.BytesIO()
        self.figure.savefig(file, format="png", dpi=dots_per_inch, facecolor="white")
        return file.getvalue()


def drawn_map(layers: Sequence[Layer], told: str, *, title: str = "", streets: Sequence[Street] = ()) -> Drawing:
    """The layers as a map for paper, over the streets."""
    figure, axes = _sheet(8.0, 5.6, told, title)
    paper.streets(axes, streets)
    for layer in layers:
        for shape in layer.shapes:
            _shape(axes, shape.geometry, shape.colour)
        for way in layer.ways:
            (lat_a, lon_a), (lat_b, lon_b) = way.ends
            style = "--" if way.dashed else "-"
            axes.plot([lon_a, lon_b], [lat_a, lat_b], style, color=way.colour, linewidth=1.4, alpha=0.8, zorder=2)
        for point in layer.points:
            axes.scatter(
                point.place[1], point.place[0], s=point.size**2, edgecolors=point.colour, zorder=3, linewidths=1.2,
                facecolors="none" if point.hollow else point.colour, alpha=0.85,
            )  # fmt: skip
        axes.scatter([], [], color=layer.colour, label=layer.name, s=30)
    paper.framed(axes)
    if layers:
        handles, names = axes.get_legend_handles_labels()
        place = {"loc": "upper left", "bbox_to_anchor": (1.01, 1)}
        axes.legend(handles[::-1], names[::-1], frameon=False, fontsize=8, labelcolor=INK, **place)
    return Drawing(figure)


def timeline(found: Any, zone: ZoneInfo, told: str, *, title: str = "") -> Drawing:
    """When which vehicle was seen, a line a vehicle, in the department's time; of a located plate, where in which hour of the week.

    Raises
    ------
    AlprError : it has no times
    """
    if isinstance(found, Located):
        return _week(found, told, title)
    frame, order = _timed(found)
    vehicles = vehicle_of(frame)
    ranked = (list(order) or vehicles.value_counts().index.tolist())[:MOST_ROWS]
    n_more = vehicles.nunique() - len(set(ranked) & set(vehicles))
    figure, axes = _sheet(9.0, 1.6 + 0.28 * max(len(ranked), 2), told, title)
    colour = coloured(ranked)
    for number, name in enumerate(ranked):
        own = frame[vehicles == name].sort_values("captured_at")
        at = own["captured_at"].dt.tz_convert("UTC").dt.to_pydatetime()
        axes.plot(at, [number] * len(own), "-", color=colour(name), linewidth=0.8, alpha=0.5)
        axes.scatter(at, [number] * len(own), color=colour(name), s=22, zorder=3)
        if "impossible" in own:
            wrong = own["impossible"].to_numpy(dtype=bool, na_value=False)
            axes.scatter(at[wrong], [number] * int(wrong.sum()), marker="x", color=WRONG, s=60, zorder=4,
                         label="cannot have been driven since the read before")  # fmt: skip
            if wrong.any():
                axes.legend(loc="upper right", frameon=False, fontsize=8)
    axes.set_yticks(range(len(ranked)), ranked, family="monospace", fontsize=9)
    axes.set_ylim(len(ranked) - 0.4, -0.6)
    shown = frame.loc[vehicles.isin(ranked), "captured_at"]
    if len(shown):
        room = max((shown.max() - shown.min()) / 25, pd.Timedelta(minutes=5))
        axes.set_xlim(shown.min() - room, shown.max() + room)
    _time_axis(axes, zone)
    axes.grid(axis="x", color="#dfe3e8")
    if n_more > 0:
        axes.text(0, 1.02, f"{n_more} more vehicles are not shown", transform=axes.transAxes, fontsize=8, color=OTHERS)
    return Drawing(figure)


def _timed(found: Any) -> tuple[pd.DataFrame, Sequence[str]]:
    """Rows with a time and a plate, and the vehicles in their order."""
    if isinstance(found, Canvassed):
        return found.reads, found.vehicles["plate"].tolist()
    if isinstance(found, CoTravel):
        return found.passes, found.companions["plate"].tolist()
    if not isinstance(found, pd.DataFrame) or not {"captured_at", "plate"} <= set(found.columns):
        raise AlprError("that has no times to show", remedy="give an answer with captured_at and plate")
    return found, ()


def _week(found: Located, told: str, title: str) -> Drawing:
    """The likeliest place of each hour of the week, the darker the surer."""
    figure, axes = _sheet(9.0, 3.4, told, title)
    best = found.hours.sort_values("likelihood", kind="stable").drop_duplicates(["weekday", "hour"], keep="last")
    shares, numbers = np.zeros((7, 24)), dict[tuple[int, int], str]()
    columns = [best[name].tolist() for name in ("weekday", "hour", "place", "likelihood")]
    for weekday, hour, place, likelihood in zip(*columns, strict=True):
        shares[weekday, hour] = likelihood
        numbers[weekday, hour] = "?" if place < 0 else str(place)
    shown = axes.imshow(shares, cmap="cividis_r", vmin=0, vmax=1, aspect="auto")
    for weekday, hour in np.ndindex(7, 24):
        shade = "white" if shares[weekday, hour] > 0.55 else INK  # legible on either half
        axes.text(hour, weekday, numbers.get((weekday, hour), ""), ha="center", va="center", fontsize=7, color=shade)
    axes.set_yticks(range(7), DAYS)
    axes.set_xticks(range(0, 24, 3), [f"{hour}:00" for hour in range(0, 24, 3)])
    axes.set_xlabel("hour, the department's; number of the likeliest place; ?: where it was never seen", fontsize=8)
    figure.colorbar(shown, ax=axes, label="likelihood", pad=0.02)
    return Drawing(figure)


def _sheet(width_in: float, height_in: float, told: str, title: str) -> tuple[Figure, Axes]:
    from matplotlib.figure import Figure  # noqa: PLC0415 - 0.3 s

    figure = Figure(figsize=(width_in, height_in), layout="constrained")
    axes = figure.subplots()
    axes.set_facecolor(PAPER)
    for side in axes.spines.values():
        side.set_color("#c8ccd2")
    if title:
        axes.set_title(title, loc="left", fontsize=11, color=INK)
    figure.supxlabel(told, fontsize=7, color="#555b66", x=0.01, ha="left")
    return figure, axes


def _shape(axes: Axes, geometry: Any, colour: str) -> None:
    if geometry["type"] == "Point":
        longitude_deg, latitude_deg = geometry["coordinates"]
        angle = np.linspace(0, 2 * pi, 73)
        radius_deg = geometry["radius_m"] / METRES_A_DEGREE
        lon = longitude_deg + radius_deg * np.cos(angle) / cos(radians(latitude_deg))
        rings = [np.column_stack([lon, latitude_deg + radius_deg * np.sin(angle)])]
    else:
        rings = [np.asarray(ring, float)[:, :2] for ring in geometry["coordinates"]]
    for ring in rings:
        axes.plot(ring[:, 0], ring[:, 1], color=colour, linewidth=1.2, zorder=1)
    axes.fill(rings[0][:, 0], rings[0][:, 1], color=colour, alpha=0.1, zorder=0)
    for hole in rings[1:]:
        axes.fill(hole[:, 0], hole[:, 1], color=PAPER, zorder=0)


def _time_axis(axes: Axes, zone: ZoneInfo) -> None:
    """Instants by their hour in the zone: where the clock goes back, an hour stands there twice, as it was."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter  # noqa: PLC0415

    locator = AutoDateLocator(tz=zone, maxticks=9)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, tz=zone))
    axes.tick_params(axis="x", labelsize=8)
    axes.set_xlabel(f"time in {zone.key}", fontsize=8)
