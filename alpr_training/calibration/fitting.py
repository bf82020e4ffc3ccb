"""Observations → a logistic map from a reading's features to the probability that it is exactly right, and how well it keeps it.

Here: the fit by Newton's method with a little ridge, the threshold for a stated precision, reliability. Not here: drawing,
reading, what becomes of the figures. All features grow with trust or shrink with it; none needs another's company.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from alpr_assets.lifecycle.recognition.calibration import Calibration, Features
from alpr_training.calibration.observing import Observation

Floats = NDArray[np.float64]

NAMES = tuple(field.name for field in fields(Features))
RIDGE = 3.0  # on standardised weights: worth that many observations
STEPS = 50
BINS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 1.0)


@dataclass(frozen=True, slots=True)
class Bin:
    """Readings of one range of confidence: how many, what they promised on average, how many were exactly right."""

    low: float
    high: float
    n: int
    promised: float
    n_right: int


@dataclass(frozen=True, slots=True)
class Kept:
    """How well a confidence keeps its promise on observations it was not fitted on.

    log_loss, brier : the smaller the better; those of one figure for all are in `log_loss_of_none`
    """

    n: int
    n_right: int
    log_loss: float
    log_loss_of_none: float
    brier: float
    bins: tuple[Bin, ...]


@dataclass(frozen=True, slots=True)
class Accepted:
    """What a threshold lets through: accepted of the readings, wrong of the accepted (exactly; and where O and 0 are one)."""

    threshold: float
    n: int
    n_accepted: int
    n_wrong: int
    n_wrong_o_is_0: int


def fit(observations: Sequence[Observation], names: Sequence[str] = NAMES) -> Calibration:
    """The map that makes what was observed most probable, weights drawn a little towards 0.

    Raises ValueError when all readings are right or all wrong: nothing could be learned from them.
    """
    x, y = table(observations, names)
    if not 0 < y.sum() < len(y):
        raise ValueError(f"{int(y.sum())} of {len(y)} readings are right: there must be both")
    mean, scale = x.mean(0), np.maximum(x.std(0), 1e-6)
    design = np.column_stack([np.ones(len(x)), (x - mean) / scale])
    ridge = np.diag([0.0, *[RIDGE] * len(names)])
    weights = np.zeros(len(names) + 1)
    for _ in range(STEPS):
        p = _sigmoid(design @ weights)
        slope = design.T @ (y - p) - ridge @ weights
        curve = (design * (p * (1 - p))[:, None]).T @ design + ridge + 1e-9 * np.eye(len(weights))
        step = np.linalg.solve(curve, slope)
        weights = weights + step
        if np.abs(step).max() < 1e-9:
            break
    raw = weights[1:] / scale
    return Calibration(float(weights[0] - raw @ mean), dict(zip(names, raw.tolist(), strict=True)))


def kept(calibration: Calibration, observations: Sequence[Observation]) -> Kept:
    """Promise against outcome."""
    p, y = confidences(calibration, observations), table(observations)[1]
    safe, share = np.clip(p, 1e-6, 1 - 1e-6), float(np.clip(y.mean(), 1e-6, 1 - 1e-6))
    inside = np.clip(np.searchsorted(BINS, p, side="right") - 1, 0, len(BINS) - 2)
    bins = [
        Bin(low, high, int(of.sum()), float(p[of].mean()), int(y[of].sum()))
        for i, (low, high) in enumerate(pairwise(BINS))
        if (of := inside == i).any()
    ]
    return Kept(
        n=len(y),
        n_right=int(y.sum()),
        log_loss=float(-np.mean(y * np.log(safe) + (1 - y) * np.log(1 - safe))),
        log_loss_of_none=-(share * math.log(share) + (1 - share) * math.log(1 - share)),
        brier=float(np.mean((p - y) ** 2)),
        bins=tuple(bins),
    )


def accepted(calibration: Calibration, observations: Sequence[Observation], threshold: float) -> Accepted:
    """What this threshold lets through of all readings of what was drawn."""
    read = readings(observations)
    p = confidences(calibration, observations)
    through = [one for one, confidence in zip(read, p, strict=True) if confidence >= threshold]
    wrong, wrong_o_is_0 = sum(not one.right for one in through), sum(not one.right_o_is_0 for one in through)
    return Accepted(threshold, len(read), len(through), wrong, wrong_o_is_0)


def threshold_for(calibration: Calibration, observations: Sequence[Observation], precision: float) -> float:
    """The lowest confidence, in hundredths from 0.50, from which on at least `precision` of the accepted are exactly right.

    From which on: every higher threshold keeps it as well, so that no lucky stretch decides. 0.99 where none does.
    """
    p, y = confidences(calibration, observations), table(observations)[1]
    for hundredths in range(99, 49, -1):
        through = p >= hundredths / 100
        if (1 - y[through]).sum() > (1 - precision) * through.sum():
            return min(hundredths + 1, 99) / 100
    return 0.5


def readings(observations: Sequence[Observation]) -> list[Observation]:
    """Without the plates that were not read."""
    return [one for one in observations if one.features is not None]


def confidences(calibration: Calibration, observations: Sequence[Observation]) -> Floats:
    """(n,) what the calibration says of each reading."""
    return np.array([calibration.confidence(Features(**(one.features or {}))) for one in readings(observations)])


def table(observations: Sequence[Observation], names: Sequence[str] = NAMES) -> tuple[Floats, Floats]:
    """(n, features) of the readings, and (n,) 1 where one is exactly right."""
    read = readings(observations)
    x = np.array([[(one.features or {})[name] for name in names] for one in read], np.float64)
    return x.reshape(len(read), len(names)), np.array([float(one.right) for one in read])


def _sigmoid(z: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(z, -40, 40))), np.float64)
