"""Which text in a picture is a plate: points for each text box, best first.

Here: what stamps, phone numbers and lettering look like, which texts can never be a plate, joining split plates.
Not here: reading, serial grammar of each state. All geometry is in pixels of the upright picture.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from alpr_assets.lifecycle.recognition.regions import is_lettering, region_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alpr_assets.lifecycle.recognition.recogniser import Point, Quad

N_CHARACTERS = range(4, 9)  # of a plate we report; two or three characters are mostly stickers and logos
MIN_HEIGHT, MIN_ASPECT, MAX_ASPECT = 6.0, 1.1, 9.0  # of a box worth reading: pixels, width / height
PLATE_ASPECT = 3.5  # of the characters' line on a plate of six or seven
# Below, a text is not reported. Every frame has some text, few have a second plate: it must look more like one.
MIN_POINTS, MIN_POINTS_FURTHER = -3.5, -2.5

# Burnt-in stamps and numbers to call. Such a text is dropped, whatever it scores.
STAMPS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\d{1,2}[:.]\d{2}[:.]\d{2}",  # 07:08:50
        r"\b\d{1,2}:\d{2}(?!\d)",  # 7:08 PM
        r"\b(19|20)\d{2}\s?[-/.]\s?\d{1,2}\s?[-/.]\s?\d{1,2}",  # 2014-05-09
        r"\b\d{1,2}[-/.]\d{1,2}[-/.](19|20)?\d{2}\b",  # 05/09/2014
        r"\d{3}\W{0,3}\d{3}\W{0,2}\d{4}",  # (636) 257-2077
        r"\b8(00|33|44|55|66|77|88)\W\w{3}\W?\w{4}\b",  # 1-800-FLOWERS
        r"\d\s?(mph|km/?h)\b",
        r"\d{1,3}\.\d{3,}",  # a coordinate
        r"www\.|\.com\b|\.gov\b|@",
    )
)
LOCAL_NUMBER = re.compile(r"^\D{0,2}\d{3}[-.]\d{4}$")  # 376-8750: a number to call, or a plate of seven digits
MODEL = re.compile(r"^[A-Z]{1,2}\d{2}[05]$")  # E150, GS300: on the boot lid beside the plate


@dataclass(frozen=True, slots=True)
class Text:
    """One text box, read: `raw` as the reader gave it, `plate` masked to A–Z0–9 ("" when nothing is left).

    sharpness : mean confidence of raw's characters, 0–1
    confidence : probability of `plate`, 0–1
    contrast : standard deviation of the box's gray values, 0–127
    """

    quad: Quad
    raw: str
    sharpness: float
    plate: str
    confidence: float
    contrast: float


def sides(quad: Quad) -> tuple[float, float]:
    """Width and height of a quadrilateral: the longer of each pair of opposite sides."""
    a, b, c, d = quad
    return max(math.dist(a, b), math.dist(d, c)), max(math.dist(a, d), math.dist(b, c))


def worth_reading(quads: Sequence[Quad], n: int) -> list[Quad]:
    """At most `n` boxes that are large enough and lie like a line of text, plate-shaped ones first."""
    shaped = []
    for quad in quads:
        width, height = sides(quad)
        if height >= MIN_HEIGHT and MIN_ASPECT <= width / height <= MAX_ASPECT:
            shaped.append((abs(math.log(width / height / PLATE_ASPECT)), quad))
    return [quad for _, quad in sorted(shaped, key=lambda item: item[0])[:n]]


def is_stamp(raw: str) -> bool:
    """Whether a text is a date, a time, a phone number, a speed, a coordinate or an address on the web."""
    return any(pattern.search(raw) for pattern in STAMPS)


def points(text: Text) -> float:
    """How much a text looks like a plate: 0 for an ordinary sharp one, less for each doubt, -inf for never."""
    n = len(text.plate)
    width, height = sides(text.quad)
    if n not in N_CHARACTERS or min(width, height) < 1 or is_stamp(text.raw) or is_lettering(text.raw):
        return -math.inf
    n_digits = sum(c.isdigit() for c in text.plate)
    n_lower = sum(c.islower() for c in text.raw)
    score = math.log(max(text.confidence, 1e-6)) / 2
    score -= {0: 2.5, n: 0.7}.get(n_digits, 0.0)  # vanity plates have letters only, lettering nearly always
    score -= {4: 1.0, 5: 0.5, 8: 0.5}.get(n, 0.0)
    score -= 1.5 if MODEL.match(text.plate) else 0.0
    score += min(math.log(max(height, 1.0) / 30) / 4, 0.0)  # the nearer of two plates is the larger
    score -= 3.0 * n_lower / n  # plates are set in capitals; a lower-case o or s is the reader's slip
    score -= 1.0 if LOCAL_NUMBER.match(text.raw) else 0.0
    score -= 0.5 * max(len(re.findall(r"[^\W_]+", text.raw)) - 2, 0)  # ABC·1234 has two groups
    score -= 2.0 * abs(math.log(width / height / (0.55 * n)))  # a character is 0.55 of its height wide
    score -= 1.0 if text.contrast < 12 else 0.0
    return score


def ranked(texts: Sequence[Text]) -> list[Text]:
    """The texts that are plausible plates, best first; of overlapping boxes (a plate and its half) the best only."""
    plausible = sorted(((points(text), i) for i, text in enumerate(texts)), key=lambda scored: (-scored[0], scored[1]))
    kept: list[Text] = []
    for score, i in plausible:
        enough = score >= (MIN_POINTS_FURTHER if kept else MIN_POINTS)
        if enough and not any(overlap(texts[i].quad, better.quad) > 0.5 for better in kept):
            kept.append(texts[i])
    return kept


def joinable(texts: Sequence[Text]) -> list[Quad]:
    """Boxes around two neighbours on one line that may be one plate, such as "ABC" and "1234"; to be read again."""
    halves = [t for t in texts if 1 <= len(t.plate) <= 5 and not is_stamp(t.raw) and not is_lettering(t.raw)]
    return [
        joined(left.quad, right.quad)
        for left in halves
        for right in halves
        if len(left.plate) + len(right.plate) in N_CHARACTERS and _adjoin(left.quad, right.quad)
    ]


def _adjoin(left: Quad, right: Quad) -> bool:
    """Whether `right` follows `left` on its line: alike in height, level, with less than a height between them."""
    (_, one), (_, other) = sides(left), sides(right)
    height = max(one, other)
    if height == 0 or min(one, other) < 0.7 * height:
        return False
    gap = math.dist(_mean(left[1], left[2]), _mean(right[0], right[3]))
    return right[0][0] > left[0][0] and gap < height and abs(_mean(*left)[1] - _mean(*right)[1]) < 0.35 * height


def region_beside(plate: Quad, texts: Sequence[Text]) -> tuple[str, float] | None:
    """The state named directly above or below a plate's characters, with confidence 0–1; None when none is."""
    left, top, right, bottom = bounds(plate)
    named = []
    for text in texts:
        x0, y0, x1, y1 = bounds(text.quad)
        middle = (x0 + x1) / 2
        gap = max(y0 - bottom, top - y1)
        found = region_of(text.raw)
        # A frame's or a car's lettering lies further off than the plate's own words.
        if found and left < middle < right and gap < bottom - top and x1 - x0 < 1.5 * (right - left):
            named.append((found[0], found[1] * text.sharpness))
    return max(named, key=lambda item: item[1], default=None)


def joined(left: Quad, right: Quad) -> Quad:
    """One quadrilateral from the left edge of `left` to the right edge of `right`."""
    return left[0], right[1], right[2], left[3]


def overlap(one: Quad, other: Quad) -> float:
    """Shared area over the smaller area, 0–1, of the upright rectangles around two quadrilaterals."""
    (x0, y0, x1, y1), (u0, v0, u1, v1) = bounds(one), bounds(other)
    shared = max(min(x1, u1) - max(x0, u0), 0.0) * max(min(y1, v1) - max(y0, v0), 0.0)
    smaller = min((x1 - x0) * (y1 - y0), (u1 - u0) * (v1 - v0))
    return shared / smaller if smaller > 0 else 0.0


def bounds(quad: Quad) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of the upright rectangle around a quadrilateral."""
    xs, ys = [x for x, _ in quad], [y for _, y in quad]
    return min(xs), min(ys), max(xs), max(ys)


def _mean(*points_: Point) -> Point:
    return sum(x for x, _ in points_) / len(points_), sum(y for _, y in points_) / len(points_)
