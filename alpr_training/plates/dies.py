"""The pressed characters of plates, drawn from strokes: a family of faces that no font file holds.

Here: the skeletons of 0–9 and A–Z, and a face made of them with one stroke width, corner radius and proportion.
Not here: fonts (`faces`), where characters stand on a plate (`layout`).

Plate dies are narrow, monolinear and rounded by the tool that mills them; what tells 0 from O, 1 from I, or W from M
with a short vertex lies in such shapes. Each family draws its own lots among the shapes that dies are known to have.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.uint8]
# (x, y, rounded) in the unit box of the centre lines, y downwards
Vertex = tuple[float, float, bool]

HEIGHT_PX = 96
CHARACTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class Die:
    """One family of dies.

    width : of a common character over its height, ink included
    stroke : over the height
    radius : of rounded corners over the ink's width, 0.5 is a half circle
    square_ends : strokes end flat at the upper and lower edge, else round
    variants : which shape each ambiguous character has, 0-based
    """

    width: float
    stroke: float
    radius: float
    square_ends: bool
    variants: dict[str, int] = field(default_factory=dict)


def draw_die(rng: np.random.Generator) -> Die:
    """A family by lot."""
    stroke = float(rng.uniform(0.095, 0.175))
    return Die(
        width=float(rng.uniform(0.40, 0.60)) + 0.4 * (stroke - 0.13),
        stroke=stroke,
        radius=float(rng.choice([rng.uniform(0.18, 0.34), rng.uniform(0.34, 0.5)])),
        square_ends=bool(rng.random() < 0.5),
        variants={c: int(rng.integers(n)) for c, n in _N_VARIANTS.items()},
    )


_N_VARIANTS = {
    "0": 8, "1": 6, "2": 2, "3": 4, "4": 3, "5": 2, "6": 3, "7": 2, "9": 3, "A": 4, "C": 2, "G": 3, "I": 5,
    "J": 3, "K": 2, "M": 4, "N": 2, "O": 2, "Q": 3, "R": 3, "S": 2, "V": 2, "W": 4, "Y": 2, "Z": 1,
}  # fmt: skip
_WIDE = {"M": 1.14, "W": 1.2, "N": 1.03}
_WIDE_VARIANTS = 2  # from this variant on, W and M keep to the common cell


def glyph(die: Die, char: str, *, height: int = HEIGHT_PX) -> Mask:
    """One character, cropped to its ink: (height, w) uint8, 0 to 255."""
    variant = die.variants.get(char, 0)
    width = die.width
    if char in _WIDE and variant < _WIDE_VARIANTS:
        width *= _WIDE[char]
    if char == "0" and variant % 2:
        width *= 0.93
    if char == "I":
        width = width * 0.62 if variant in {1, 2} else die.stroke * 1.02
    if char == "1":
        width *= (0.5, 0.62, 0.8, 0.45, 0.72, 0.55)[variant]
    scale = 4
    tall, wide = height * scale, max(2, round(height * width * scale))
    thick = max(2, round(die.stroke * tall * _thinned(char, variant)))
    canvas = np.zeros((tall, wide), np.uint8)
    inner = (max(1.0, wide - thick), float(tall - thick))
    for stroke, closed in _skeleton(char, variant, hook=0.33 - die.stroke):
        points = _rounded(stroke, closed, inner, die.radius * wide)
        if die.square_ends and not closed:
            points = _lengthened(points, thick, inner)
        shifted = np.round((points + thick / 2) * 16).astype(np.int32)
        cv2.polylines(canvas, [shifted], closed, 255, thick, cv2.LINE_AA, 4)
    if char == "0" and variant >= 6:  # slashed or dotted, as a few states have it
        _mark_zero(canvas, thick, dotted=variant == 7)
    shrunk: Mask = cv2.resize(canvas, (max(2, round(wide / scale)), height), interpolation=cv2.INTER_AREA)
    return shrunk


def _thinned(char: str, variant: int) -> float:
    """Share of the common stroke, or the counters of crowded characters would fill."""
    return {"W": 0.74, "M": 0.78, "N": 0.86, "B": 0.92, "8": 0.92, "Q": 0.95, "K": 0.95}.get(char, 1.0) * (
        0.92 if char in "WM" and variant >= _WIDE_VARIANTS else 1.0
    )


def _mark_zero(canvas: Mask, thick: int, *, dotted: bool) -> None:
    tall, wide = canvas.shape
    if dotted:
        cv2.circle(canvas, (wide // 2, tall // 2), max(1, thick // 2), 255, -1, cv2.LINE_AA)
    else:
        cv2.line(canvas, (thick, tall - 2 * thick), (wide - thick, 2 * thick), 255, max(1, thick // 2), cv2.LINE_AA)


def _rounded(stroke: list[Vertex], closed: bool, size: tuple[float, float], radius: float) -> NDArray[np.float64]:
    """Vertices in the unit box → points in pixels, (n, 2), corners rounded where asked."""
    corners = np.array([(x * size[0], y * size[1]) for x, y, _ in stroke])
    n = len(corners)
    out: list[NDArray[np.float64]] = []
    for i, (_, _, is_round) in enumerate(stroke):
        ends = not closed and i in {0, n - 1}
        if ends or not is_round:
            out.append(corners[i : i + 1])
            continue
        before, after = corners[i - 1] - corners[i], corners[(i + 1) % n] - corners[i]
        a, b = float(np.hypot(*before)), float(np.hypot(*after))
        r = min(radius, 0.5 * a if _shared(stroke, i - 1, closed) else 0.95 * a)
        r = min(r, 0.5 * b if _shared(stroke, (i + 1) % n, closed) else 0.95 * b)
        start, stop = corners[i] + before / a * r, corners[i] + after / b * r
        # a quarter of a superellipse between the two, close to a circle's
        t = np.linspace(0, np.pi / 2, 9)[:, None]
        out.append(corners[i] + (start - corners[i]) * (1 - np.sin(t)) + (stop - corners[i]) * (1 - np.cos(t)))
    return np.vstack(out)


def _shared(stroke: list[Vertex], i: int, closed: bool) -> bool:
    """Whether the neighbour is rounded too, so that the side between is shared by two arcs."""
    return stroke[i][2] and (closed or i not in {0, -1, len(stroke) - 1})


def _lengthened(points: NDArray[np.float64], thick: float, size: tuple[float, float]) -> NDArray[np.float64]:
    """Ends on the upper or lower edge run out of the box, so that the canvas cuts them flat."""
    points = points.copy()
    for end, inside in ((0, 1), (-1, -2)):
        y = points[end, 1]
        if y <= 1e-6 or y >= size[1] - 1e-6:
            step = points[end] - points[inside]
            length = float(np.hypot(*step))
            if length > 0:
                points[end] = points[end] + step / length * thick
    return points


def _line(*vertices: tuple[float, float] | Vertex) -> list[Vertex]:
    return [(v[0], v[1], v[2] if len(v) == 3 else False) for v in vertices]


def _skeleton(char: str, variant: int, hook: float) -> list[tuple[list[Vertex], bool]]:  # noqa: C901, PLR0911, PLR0912, PLR0915 - one case a character
    """The centre lines of a character: strokes, each with whether it is closed; `hook` is how far S or 3 turn back."""
    ring = _line((0, 0, True), (1, 0, True), (1, 1, True), (0, 1, True))
    match char:
        case "0" | "O":
            return [(ring, True)]
        case "1":
            flag = 0.16 if variant != 1 else 0.24
            up = _line((0, flag), (1, 0), (1, 1)) if variant in {0, 3} else _line((0.05, flag), (0.55, 0), (0.55, 1))
            stem = 1.0 if variant in {0, 3} else 0.55
            base = [(_line((0, 1), (2 * stem, 1)), False)] if variant in {2, 4} else []
            return [(up, False), *base]
        case "2":
            knee = 0.42 if variant else 0.5
            return [(_line((0, hook), (0, 0, True), (1, 0, True), (1, knee, True), (0, 1), (1, 1)), False)]
        case "3":
            low = _line((0.4, 0.47), (1, 0.47, True), (1, 1, True), (0, 1, True), (0, 1 - hook))
            if variant == 0:  # flat top
                return [
                    (
                        _line((0, 0), (1, 0), (0.42, 0.42), (1, 0.44, True), (1, 1, True), (0, 1, True), (0, 1 - hook)),
                        False,
                    )
                ]
            return [
                (_line((0, hook), (0, 0, True), (0.97, 0, True), (0.97, 0.47, True), (0.4, 0.47)), False),
                (low, False),
            ]
        case "4":
            if variant == 0:
                return [(_line((0.76, 1), (0.76, 0), (0, 0.7), (1, 0.7)), False)]
            if variant == 1:
                return [(_line((0.28, 0), (0, 0.68), (1, 0.68)), False), (_line((0.76, 0.36), (0.76, 1)), False)]
            return [(_line((0.8, 1), (0.8, 0), (0.6, 0), (0, 0.72), (1, 0.72)), False)]
        case "5":
            waist = 0.4 if variant else 0.43
            return [
                (
                    _line(
                        (0.95, 0),
                        (0.06, 0),
                        (0.02, 0.47),
                        (0.2, waist),
                        (1, waist, True),
                        (1, 1, True),
                        (0, 1, True),
                        (0, 1 - hook),
                    ),
                    False,
                )
            ]
        case "6" | "9":
            if variant == 2:  # straight back
                six = [
                    (_line((0.72, 0), (0, 0.62)), False),
                    (_line((0, 0.42, True), (1, 0.42, True), (1, 1, True), (0, 1, True)), True),
                ]
            else:
                waist = 0.42 if variant else 0.46
                six = [
                    (_line((1, hook), (1, 0, True), (0, 0, True), (0, 0.7)), False),
                    (_line((0, waist, True), (1, waist, True), (1, 1, True), (0, 1, True)), True),
                ]
            return six if char == "6" else [([(1 - x, 1 - y, r) for x, y, r in s], closed) for s, closed in six]
        case "7":
            foot = 0.3 if variant else 0.42
            return [(_line((0, 0), (1, 0), (foot, 1)), False)]
        case "8":
            upper = _line((0.05, 0, True), (0.95, 0, True), (0.95, 0.47, True), (0.05, 0.47, True))
            return [(upper, True), (_line((0, 0.47, True), (1, 0.47, True), (1, 1, True), (0, 1, True)), True)]
        case "A":
            bar = (0.68, 0.72, 0.66, 0.6)[variant]
            top = 0.1 if variant == 1 else 0.0
            if variant == 3:
                return [
                    (_line((0, 1), (0, 0.25), (0.5, 0), (1, 0.25), (1, 1)), False),
                    (_line((0, bar), (1, bar)), False),
                ]
            left, right = 0.5 - top, 0.5 + top
            cut = left * (1 - bar)
            return [(_line((0, 1), (left, 0), (right, 0), (1, 1)), False), (_line((cut, bar), (1 - cut, bar)), False)]
        case "B":
            return [
                (_line((0, 0), (0.94, 0, True), (0.94, 0.47, True), (0, 0.47)), True),
                (_line((0, 0.47), (1, 0.47, True), (1, 1, True), (0, 1)), True),
            ]
        case "C":
            gap = hook + (0.05 if variant else 0.1)
            return [(_line((1, gap), (1, 0, True), (0, 0, True), (0, 1, True), (1, 1, True), (1, 1 - gap)), False)]
        case "D":
            return [(_line((0, 0), (1, 0, True), (1, 1, True), (0, 1)), True)]
        case "E":
            return [(_line((1, 0), (0, 0), (0, 1), (1, 1)), False), (_line((0, 0.48), (0.85, 0.48)), False)]
        case "F":
            return [(_line((1, 0), (0, 0), (0, 1)), False), (_line((0, 0.48), (0.85, 0.48)), False)]
        case "G":
            tail = _line((1, hook), (1, 0, True), (0, 0, True), (0, 1, True), (1, 1, True), (1, 0.54), (0.52, 0.54))
            if variant == 1:
                tail = tail[:-1]
                return [(tail, False), (_line((0.5, 0.56), (1, 0.56)), False), (_line((1, 0.56), (1, 1)), False)]
            return [(tail, False)]
        case "H":
            return [
                (_line((0, 0), (0, 1)), False),
                (_line((1, 0), (1, 1)), False),
                (_line((0, 0.48), (1, 0.48)), False),
            ]
        case "I":
            # Most dies press a bare bar.
            serifs = [(_line((0, 0), (1, 0)), False), (_line((0, 1), (1, 1)), False)] if variant in {1, 2} else []
            return [(_line((0.5, 0), (0.5, 1)), False), *serifs]
        case "J":
            serif = [(_line((0.35, 0), (1, 0)), False)] if variant == 2 else []
            return [(_line((1, 0), (1, 1, True), (0, 1, True), (0, 0.72 if variant else 0.66)), False), *serif]
        case "K":
            leg = _line((0.24, 0.42) if variant else (0.0, 0.56), (1, 1))
            return [(_line((0, 0), (0, 1)), False), (_line((1, 0), (0, 0.58)), False), (leg, False)]
        case "L":
            return [(_line((0, 0), (0, 1), (1, 1)), False)]
        case "M":
            dip = (0.6, 1.0, 0.5, 0.75)[variant]
            return [(_line((0, 1), (0, 0), (0.5, dip), (1, 0), (1, 1)), False)]
        case "N":
            return [(_line((0, 1), (0, 0), (1, 1), (1, 0)), False)]
        case "P":
            return [(_line((0, 1), (0, 0), (1, 0, True), (1, 0.54, True), (0, 0.54)), False)]
        case "Q":
            tails = (((0.55, 0.7), (1.05, 1.04)), ((0.45, 0.62), (1.0, 1.0)), ((0.62, 0.8), (0.92, 1.05)))
            return [(ring, True), (_line(*tails[variant]), False)]
        case "R":
            leg = _line(((0.42, 0.52), (0.2, 0.52), (0.6, 0.52))[variant], (1, 1))
            bowl = _line((0, 1), (0, 0), (1, 0, True), (1, 0.52, True), (0, 0.52))
            return [(bowl, False), (leg, False)]
        case "S":
            waist = 0.47 if variant else 0.5
            return [
                (
                    _line(
                        (1, hook),
                        (1, 0, True),
                        (0, 0, True),
                        (0, waist, True),
                        (1, waist, True),
                        (1, 1, True),
                        (0, 1, True),
                        (0, 1 - hook),
                    ),
                    False,
                )
            ]
        case "T":
            return [(_line((0, 0), (1, 0)), False), (_line((0.5, 0), (0.5, 1)), False)]
        case "U":
            return [(_line((0, 0), (0, 1, True), (1, 1, True), (1, 0)), False)]
        case "V":
            foot = 0.06 if variant else 0.0
            return [(_line((0, 0), (0.5 - foot, 1), (0.5 + foot, 1), (1, 0)), False)]
        case "W":
            if variant % 2:  # upright sides, as an M turned over
                peak = 0.3 if variant == 1 else 0.45
                return [(_line((0, 0), (0, 1), (0.5, peak), (1, 1), (1, 0)), False)]
            peak = 0.1 if variant == 0 else 0.35
            return [(_line((0, 0), (0.24, 1), (0.5, peak), (0.76, 1), (1, 0)), False)]
        case "X":
            return [(_line((0, 0), (1, 1)), False), (_line((1, 0), (0, 1)), False)]
        case "Y":
            fork = 0.55 if variant else 0.48
            return [(_line((0, 0), (0.5, fork), (1, 0)), False), (_line((0.5, fork), (0.5, 1)), False)]
        case "Z":
            return [(_line((0, 0), (1, 0), (0, 1), (1, 1)), False)]
    raise ValueError(f"no die for {char!r}")
