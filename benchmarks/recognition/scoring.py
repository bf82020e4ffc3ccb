"""What answers are worth against the labels: one row a labelled plate, and the shares over any of the rows.

A plate is found when a box that was read overlaps its label by IoU ≥ 0.3, and read right by the picture's first plate only:
that is what a person would be shown. Of the labels' look-alikes the digit 0 for the letter O is scored apart.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from alpr_assets.intervals import wilson
from alpr_assets.lifecycle.lookalikes import fold
from alpr_assets.lifecycle.recognition.recogniser import Box
from benchmarks.recognition.measuring import Answer
from benchmarks.recognition.sets import Labelled, Rect

FOUND_IOU = 0.3
CONFIDENCES = (0.0, 0.5, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)  # bins of the reliability table


@dataclass(frozen=True, slots=True)
class Row:
    """One labelled plate and one recogniser's answer. None: the labels do not say.

    found : whether any box read is the plate's; found_first : whether the first one is
    exact, o_is_0, folded : whether the first plate is the label; so when O = 0; so when all look-alikes are equal
    in_candidates : whether the label is among the first plate's candidates, O = 0
    """

    recogniser: str
    labelled: Labelled
    answer: Answer
    conditions: dict[str, str] = field(default_factory=dict)
    found: bool | None = None
    found_first: bool | None = None
    exact: bool | None = None
    o_is_0: bool | None = None
    folded: bool | None = None
    in_candidates: bool | None = None

    @property
    def confidence(self) -> float | None:
        """The first plate's; None where nothing was read."""
        return self.answer.plates[0].confidence if self.answer.plates else None


@dataclass(frozen=True, slots=True)
class Share:
    """`n_right` of `n`, with the Wilson 95 % interval."""

    n_right: int
    n: int

    @property
    def value(self) -> float:
        return self.n_right / self.n if self.n else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        return wilson(self.n_right, self.n)


def scored(recogniser: str, labelled: Labelled, answer: Answer, conditions: dict[str, str]) -> Row:
    """Compare one answer with its label."""
    row = Row(recogniser, labelled, answer, conditions)
    if labelled.box is not None:
        overlaps = [iou(plate.box, labelled.box) >= FOUND_IOU for plate in answer.plates]
        row = replace(row, found=any(overlaps), found_first=any(overlaps[:1]))
    if labelled.plate is None:
        return row
    label, first = labelled.plate, answer.plates[0] if answer.plates else None
    read = first.plate if first else ""
    candidates = {o_as_0(candidate.plate) for candidate in first.candidates} if first else set()
    return replace(
        row,
        exact=read == label,
        o_is_0=o_as_0(read) == o_as_0(label),
        folded=fold(read) == fold(label),
        in_candidates=o_as_0(label) in candidates,
    )


def o_as_0(plate: str) -> str:
    return plate.replace("O", "0")


def iou(box: Box, rect: Rect) -> float:
    """Intersection over union of a read's box and a labelled one."""
    x, y, width, height = rect
    across = min(box.x + box.width, x + width) - max(box.x, x)
    down = min(box.y + box.height, y + height) - max(box.y, y)
    shared = max(across, 0.0) * max(down, 0.0)
    return shared / (box.width * box.height + width * height - shared)


def share(rows: Sequence[Row], name: str) -> Share | None:
    """How often a row's field is true; None where the labels do not say."""
    known = [value for row in rows if (value := getattr(row, name)) is not None]
    return Share(sum(known), len(known)) if known else None


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What a confidence threshold lets through: accepted of all, and wrong (O = 0) of the accepted."""

    threshold: float
    accepted: Share
    wrong: Share


def acceptance(rows: Sequence[Row], threshold: float) -> Acceptance | None:
    """None where no plate is labelled."""
    labelled = [row for row in rows if row.o_is_0 is not None]
    if not labelled:
        return None
    taken = [row for row in labelled if row.confidence is not None and row.confidence >= threshold]
    wrong = sum(not row.o_is_0 for row in taken)
    return Acceptance(threshold, Share(len(taken), len(labelled)), Share(wrong, len(taken)))


@dataclass(frozen=True, slots=True)
class Bin:
    """Reads of one range of confidence: what they promised on average, and how many were right (O = 0)."""

    low: float
    high: float
    promised: float
    kept: Share


def reliability(rows: Sequence[Row]) -> list[Bin]:
    """Promise against outcome by confidence; empty bins are left out."""
    reads = [(row.confidence, row.o_is_0) for row in rows if row.confidence is not None and row.o_is_0 is not None]
    bins = []
    for low, high in pairwise(CONFIDENCES):
        inside = [(c, right) for c, right in reads if low <= c < high or (c == high == CONFIDENCES[-1])]
        if inside:
            promised = sum(c for c, _ in inside) / len(inside)
            bins.append(Bin(low, high, promised, Share(sum(right for _, right in inside), len(inside))))
    return bins


@dataclass(frozen=True, slots=True)
class Regions:
    """States: how many pictures were answered, and how many of the answers were right."""

    answered: Share
    right: Share


def regions(rows: Sequence[Row], at_least: float = 0.0) -> Regions | None:
    """The first plate's state against the label's, of answers at least this sure; None where no state is labelled."""
    labelled = [row for row in rows if row.labelled.region is not None]
    if not labelled:
        return None
    answered = []
    for row in labelled:
        first = row.answer.plates[0] if row.answer.plates else None
        if first and first.region and (first.region_confidence or 0.0) >= at_least:
            answered.append(first.region.removeprefix("us-") == row.labelled.region)
    return Regions(Share(len(answered), len(labelled)), Share(sum(answered), len(answered)))
