"""The reliability diagram: what the confidence promised on drawn plates that it was not fitted on, and what was right."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

from alpr_assets.intervals import wilson
from alpr_training.calibration.fitting import Bin, Kept

BLUE, GRAY = "#2b5f9e", "#8a8a8a"


def reliability_diagram(kept: Kept, sure_confidence: float, path: Path) -> None:
    """Write the diagram as PNG: a point a range of confidence with its Wilson 95 % interval; below, how many readings."""
    figure = Figure(figsize=(6.4, 6.4), dpi=110, layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
    upper.plot((0, 1), (0, 1), color=GRAY, linestyle="--", linewidth=1, label="as promised")
    lows, highs = zip(*(_reach(one) for one in kept.bins), strict=True)
    shares = [one.n_right / one.n for one in kept.bins]
    upper.errorbar([one.promised for one in kept.bins], shares, yerr=(lows, highs), fmt="o", color=BLUE, capsize=3,
                   label=f"{kept.n:,} readings of drawn plates, held out")  # fmt: skip
    upper.axvline(sure_confidence, color=GRAY, linewidth=1, label=f"sure from {sure_confidence:.2f}")
    upper.set(ylabel="share exactly right", ylim=(-0.02, 1.02), title="Plate reader: confidence against outcome")
    upper.legend(loc="upper left", frameon=False)
    edges = [one.low for one in kept.bins]
    lower.bar(edges, [one.n for one in kept.bins], [one.high - one.low for one in kept.bins], align="edge", color=BLUE)
    lower.set(xlabel="confidence", ylabel="readings", yscale="log", xlim=(0, 1))
    path.parent.mkdir(parents=True, exist_ok=True)
    # Without the date and the library's version, so that the same figures make the same file.
    figure.savefig(path, metadata={"Software": None})


def _reach(one: Bin) -> tuple[float, float]:
    """From the share down and up to the ends of its interval."""
    share, (low, high) = one.n_right / one.n, wilson(one.n_right, one.n)
    return max(share - low, 0.0), max(high - share, 0.0)
