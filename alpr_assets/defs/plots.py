"""Small plots in the assets' metadata: counts only, as pictures inside Markdown."""

import base64
import io
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import dagster as dg


def bars(values: Sequence[float], labels: Sequence[str], *, title: str) -> dg.MetadataValue:
    """A bar chart, 6 × 1.8 inches; labels are thinned where they would touch."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - 0.5 s, and no global state as pyplot has

    figure = Figure(figsize=(6, 1.8), dpi=100, layout="constrained")
    axes = figure.add_subplot()
    axes.bar(range(len(values)), values, color="#3b6ea5")
    step = max(1, len(labels) // 12)
    axes.set_xticks(range(0, len(labels), step), labels[::step], fontsize=7)
    axes.tick_params(axis="y", labelsize=7)
    return _picture(figure, axes, title)


def ages(months: Sequence[int], *, minimum: int, maximum: int, title: str) -> dg.MetadataValue:
    """How old data was when it was looked at, by months, 6 × 1.8 inches; with the months at which it may be, and must be, destroyed."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - as above

    figure = Figure(figsize=(6, 1.8), dpi=100, layout="constrained")
    axes = figure.add_subplot()
    axes.bar(range(len(months)), months, color="#3b6ea5", align="edge", width=0.85)
    axes.set_xlim(0, max(len(months), maximum) + 1)
    axes.set_ylim(0, 1.1 * max([1, *months]))
    for month, text in ((minimum, "may be destroyed"), (maximum, "must be destroyed")):
        axes.axvline(month, color="#a4161a", linewidth=1, linestyle="--")
        axes.text(
            month - 0.15,
            0.97,
            text,
            fontsize=7,
            color="#a4161a",
            ha="right",
            va="top",
            transform=axes.get_xaxis_transform(),
        )
    axes.set_xlabel("months from being taken to being looked at", fontsize=7)
    axes.tick_params(labelsize=7)
    return _picture(figure, axes, title)


def shares(
    series: Mapping[str, Sequence[tuple[int, float, float, float]]], labels: Sequence[str], *, title: str
) -> dg.MetadataValue:
    """Shares over time with their intervals, 6 × 1.8 inches.

    Parameters
    ----------
    series : name → (place among the labels, share, low, high), 0–1
    """
    from matplotlib.figure import Figure  # noqa: PLC0415 - as above

    figure = Figure(figsize=(6, 1.8), dpi=100, layout="constrained")
    axes = figure.add_subplot()
    for name, points in series.items():
        places, middle, low, high = zip(*points, strict=True)
        below = [share - end for share, end in zip(middle, low, strict=True)]
        above = [end - share for share, end in zip(middle, high, strict=True)]
        axes.errorbar(places, middle, yerr=[below, above], label=name, marker="o", markersize=3, capsize=2, linewidth=1)
    axes.set_xticks(range(len(labels)), labels, fontsize=7)
    axes.set_ylim(0, 1.02)
    axes.tick_params(axis="y", labelsize=7)
    axes.legend(fontsize=7, frameon=False, loc="lower left")
    return _picture(figure, axes, title)


def calendar(shares: Mapping[date, float], *, title: str) -> dg.MetadataValue:
    """Days as squares, a week a column and a row a weekday, from the first to the last; darker is a larger share, 0–1; none: white."""
    import numpy as np  # noqa: PLC0415 - with matplotlib
    from matplotlib.figure import Figure  # noqa: PLC0415 - as above

    first, last = min(shares), max(shares)
    monday = first - timedelta(days=first.weekday())
    n_weeks = (last - monday).days // 7 + 1
    cells = np.full((7, n_weeks), np.nan)
    for day, share in shares.items():
        week, weekday = divmod((day - monday).days, 7)
        cells[weekday, week] = share
    figure = Figure(figsize=(min(max(n_weeks * 0.16, 3), 16), 1.8), dpi=100, layout="constrained")
    axes = figure.add_subplot()
    axes.pcolormesh(cells, cmap="Blues", vmin=-0.25, vmax=1, edgecolors="white", linewidth=0.6)
    axes.invert_yaxis()
    axes.set_aspect("equal")
    axes.set_yticks([0.5, 2.5, 4.5, 6.5], ["Mon", "Wed", "Fri", "Sun"], fontsize=6)
    months = [week for week in range(n_weeks) if (monday + timedelta(weeks=week)).day <= 7]
    axes.set_xticks(months, [f"{monday + timedelta(weeks=week):%b %y}" for week in months], fontsize=6)
    return _picture(figure, axes, title)


def _picture(figure: Any, axes: Any, title: str) -> dg.MetadataValue:
    axes.set_title(title, fontsize=8, loc="left")
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    out = io.BytesIO()
    figure.savefig(out, format="png")
    return dg.MetadataValue.md(f"![{title}](data:image/png;base64,{base64.b64encode(out.getvalue()).decode()})")


def table(counts: dict[str, int], *, of: str) -> dg.MetadataValue:
    """Counts as a Markdown table, the largest first."""
    rows = "".join(f"| {name} | {n} |\n" for name, n in sorted(counts.items(), key=lambda item: -item[1]))
    return dg.MetadataValue.md(f"| {of} | count |\n|---|---:|\n{rows}")
