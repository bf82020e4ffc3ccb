"""The map of a package: where its captures were taken, numbered as in the report, over the department's streets."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from alpr_assets.places import paper, streets

AROUND_DEG: Final = 0.01
POINT_DEG: Final = 1e-6  # a place is one point: a map of it has no extent of its own
MOST_NUMBERED: Final = 60
MARK: Final = "#b3261e"


def captures_map(places: Sequence[tuple[int, float, float]], data: Path) -> bytes:
    """A PNG.

    Parameters
    ----------
    places : number in the report, latitude and longitude in degrees (WGS 84); at least one
    data : folder in which the department's streets lie
    """
    from matplotlib.figure import Figure  # noqa: PLC0415 - 0.3 s

    figure = Figure(figsize=(7.2, 5.2), layout="constrained")
    axes = figure.subplots()
    axes.set_facecolor(paper.PAPER)
    lats, lons = [lat for _, lat, _ in places], [lon for _, _, lon in places]
    box = min(lats) - AROUND_DEG, min(lons) - AROUND_DEG, max(lats) + AROUND_DEG, max(lons) + AROUND_DEG
    paper.streets(axes, streets.lines_in(data, *box))
    axes.scatter(lons, lats, s=40, color=MARK, zorder=3, alpha=0.85)
    labels: dict[tuple[float, float], list[int]] = {}
    for number, lat, lon in places:
        labels.setdefault((lat, lon), []).append(number)
    for (lat, lon), numbers in labels.items() if len(labels) <= MOST_NUMBERED else ():
        text = ", ".join(map(str, numbers[:6])) + (" …" if len(numbers) > 6 else "")
        axes.annotate(text, (lon, lat), (6, 4), textcoords="offset points", fontsize=8, color=paper.INK, zorder=4)
    axes.set_xlim(min(lons) - POINT_DEG, max(lons) + POINT_DEG)
    axes.set_ylim(min(lats) - POINT_DEG, max(lats) + POINT_DEG)
    paper.framed(axes)
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=130, facecolor="white", bbox_inches="tight", metadata={"Software": None})
    return out.getvalue()
