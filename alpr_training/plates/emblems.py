"""What stands beside or between a plate's characters and is none of them: emblems, seals, animals, wheelchairs.

Here: shapes by lot, in the serial's ink or in colours, as tall as the characters. Not here: the plate around them.
A reader that has not seen them takes a tree for a T and a wheelchair for a G.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from alpr_training.plates.designs import Colour, Look
from alpr_training.plates.faces import Faces

Picture = NDArray[np.float32]
Box = tuple[float, float, float, float]  # left, top, right, bottom in pixels


def draw_emblem(rng: np.random.Generator, faces: Faces, sheet: Picture, look: Look, box: Box) -> None:
    """One emblem within `box` of the sheet, in place."""
    layer = sheet.copy()
    lot = rng.random()
    if lot < 0.22:
        _wheelchair(layer, _ink(rng, look), box)
    elif lot < 0.45:
        _seal(rng, faces, layer, look, box)
    elif lot < 0.6:
        _tree(rng, layer, _ink(rng, look), box)
    elif lot < 0.85:
        _silhouette(rng, layer, look, box)
    else:
        _outline(rng, layer, look, box)
    share = 1.0 if rng.random() < 0.7 else rng.uniform(0.35, 0.9)
    sheet *= 1 - share
    sheet += layer * share


def _ink(rng: np.random.Generator, look: Look) -> Colour:
    lot = rng.random()
    return look.ink if lot < 0.5 else look.name_ink if lot < 0.65 else _any(rng)


def _any(rng: np.random.Generator) -> Colour:
    blue, green, red = (int(c) for c in rng.integers(0, 256, 3))
    return blue, green, red


def _points(box: Box, *pairs: tuple[float, float]) -> NDArray[np.int32]:
    """Points in the unit box → pixels."""
    left, top, right, bottom = box
    return np.array([(left + x * (right - left), top + y * (bottom - top)) for x, y in pairs]).round().astype(np.int32)


def _wheelchair(layer: Picture, ink: Colour, box: Box) -> None:
    """The international symbol of access."""
    left, top, right, bottom = box
    thick = max(2, round(0.09 * (bottom - top)))
    head, hip, knee, foot = _points(box, (0.4, 0.09), (0.42, 0.55), (0.72, 0.55), (0.95, 0.9))
    neck, arm = _points(box, (0.4, 0.22), (0.72, 0.4))
    cv2.circle(layer, head.tolist(), thick, ink, -1, cv2.LINE_AA)
    cv2.polylines(
        layer, [np.array([neck, hip, knee, foot])], isClosed=False, color=ink, thickness=thick, lineType=cv2.LINE_AA
    )
    cv2.line(layer, _points(box, (0.4, 0.38))[0].tolist(), arm.tolist(), ink, max(1, thick - 1), cv2.LINE_AA)
    wheel = _points(box, (0.4, 0.68))[0].tolist()
    axes = (round(0.36 * (right - left)), round(0.29 * (bottom - top)))
    cv2.ellipse(layer, wheel, axes, 0, 20, 250, ink, thick, cv2.LINE_AA)


def _seal(rng: np.random.Generator, faces: Faces, layer: Picture, look: Look, box: Box) -> None:
    """A round badge or shield with rings, an inner shape and small letters."""
    left, top, right, bottom = box
    centre = (round((left + right) / 2), round((top + bottom) / 2))
    axes = (max(3, round((right - left) / 2)), max(3, round((bottom - top) / 2 * rng.uniform(0.6, 1.0))))
    fill, line = (_any(rng) if rng.random() < 0.6 else look.paper), _ink(rng, look)
    cv2.ellipse(layer, centre, axes, 0, 0, 360, fill, -1, cv2.LINE_AA)
    for scale in (1.0, *([rng.uniform(0.6, 0.85)] if rng.random() < 0.7 else [])):
        ring = (max(2, round(axes[0] * scale)), max(2, round(axes[1] * scale)))
        cv2.ellipse(layer, centre, ring, 0, 0, 360, line, int(rng.integers(1, 4)), cv2.LINE_AA)
    inner = (
        left + 0.28 * (right - left),
        top + 0.3 * (bottom - top),
        right - 0.28 * (right - left),
        bottom - 0.3 * (bottom - top),
    )
    if rng.random() < 0.5:
        _silhouette(rng, layer, look, inner)
        return
    text = str(rng.choice(["FD", "VFW", "USA", "NG", "49", "U", "A", "M", "PD", "EMS", "200", "50", "W&M"]))
    mask = cv2.resize(
        faces.word(rng, text, 24), (max(3, round(inner[2] - inner[0])), max(3, round((inner[3] - inner[1]) * 0.7)))
    )
    y, x = round(inner[1] + 0.15 * (inner[3] - inner[1])), round(inner[0])
    part = layer[max(0, y) : y + mask.shape[0], max(0, x) : x + mask.shape[1]]
    share = (mask[: part.shape[0], : part.shape[1]].astype(np.float32) / 255)[..., None]
    part *= 1 - share
    part += share * np.array(line, np.float32)


def _tree(rng: np.random.Generator, layer: Picture, ink: Colour, box: Box) -> None:
    """A trunk with a crown: what is most easily taken for a T, a Y or a 1."""
    thick = max(2, round(rng.uniform(0.06, 0.14) * (box[3] - box[1])))
    crown = rng.uniform(0.15, 0.45)
    root, fork = _points(box, (0.5, 1.0), (0.5 + rng.normal(0, 0.05), crown))
    cv2.line(layer, root.tolist(), fork.tolist(), ink, thick, cv2.LINE_AA)
    for _ in range(int(rng.integers(4, 11))):
        tip = _points(box, (rng.uniform(0, 1), rng.uniform(0, crown + 0.2)))[0]
        cv2.line(layer, fork.tolist(), tip.tolist(), ink, max(1, thick - 1), cv2.LINE_AA)
    if rng.random() < 0.5:
        reach = (round(0.5 * (box[2] - box[0])), max(2, round(crown * 0.8 * (box[3] - box[1]))))
        cv2.ellipse(layer, fork.tolist(), reach, 0, 180 * (rng.random() < 0.5), 360, ink, -1, cv2.LINE_AA)


def _silhouette(rng: np.random.Generator, layer: Picture, look: Look, box: Box) -> None:
    """An animal, a rider, a map: limbs and lumps around a body."""
    ink = _ink(rng, look)
    colours = [ink] if rng.random() < 0.5 else [ink, _any(rng), _any(rng)]
    for i in range(int(rng.integers(3, 9))):
        colour = colours[i % len(colours)]
        centre = _points(box, (rng.uniform(0.25, 0.75), rng.uniform(0.2, 0.8)))[0].tolist()
        if rng.random() < 0.5:
            axes = (
                max(1, round(rng.uniform(0.08, 0.35) * (box[2] - box[0]))),
                max(1, round(rng.uniform(0.06, 0.3) * (box[3] - box[1]))),
            )
            cv2.ellipse(layer, centre, axes, float(rng.uniform(0, 180)), 0, 360, colour, -1, cv2.LINE_AA)
        else:
            tip = _points(box, (rng.uniform(0, 1), rng.uniform(0, 1)))[0].tolist()
            cv2.line(
                layer, centre, tip, colour, max(2, round(rng.uniform(0.05, 0.14) * (box[3] - box[1]))), cv2.LINE_AA
            )


def _outline(rng: np.random.Generator, layer: Picture, look: Look, box: Box) -> None:
    """A state's outline or a cross, filled or hollow."""
    n = int(rng.integers(4, 12))
    angles = np.sort(rng.uniform(0, 2 * np.pi, n))
    radii = rng.uniform(0.3, 0.5, n)
    outline = _points(box, *((0.5 + r * np.cos(a), 0.5 + r * np.sin(a)) for a, r in zip(angles, radii, strict=True)))
    if rng.random() < 0.5:
        cv2.fillPoly(layer, [outline], _any(rng), cv2.LINE_AA)
    cv2.polylines(
        layer, [outline], isClosed=True, color=_ink(rng, look), thickness=int(rng.integers(1, 5)), lineType=cv2.LINE_AA
    )
