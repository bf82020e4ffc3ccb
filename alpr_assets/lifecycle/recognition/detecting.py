"""Where plates are: our detector on one picture, in one pass or in tiles.

Here: scaling into the net's input, decoding its grid, dropping doubles. Not here: which box is worth believing.
The net: gray (x − 110) / 60 of (1, 1, H, W), sides multiples of 32 → (1, 5 or 13, H/8, W/8), a cell a possible plate:
    0       heat, a logit
    1, 2    the middle's distance from the cell's middle, in cells
    3, 4    logarithm of width and height, in cells
    5–12    each corner's distance from that of the box, in widths and heights, clockwise from the upper left;
            where the net has 5 channels the box is all there is
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from alpr_assets.errors import RecognitionError
from alpr_assets.lifecycle.recognition.nets import RESTORE, Floats, Net
from alpr_assets.lifecycle.recognition.rectifying import Corners, Pixels, upright

CELL = 8  # pixels of the net's input a cell
PAD = 110  # the gray that the net takes for nothing
# Measured on the stand-in net: 640 finds as many plates as 960 in half the time.
WIDE = (640, 384)
# A second look from afar: in the first one a plate that fills the picture is larger than the net has learned. Small pictures
# have it always, for they may be cut-outs of a plate; larger ones unless the first look found a plate that is
AFAR = (320, 192)
AFAR_SHARE = 0.5  # of the canvas that the picture takes up: the plate's own edge must show
SURE = 0.6  # of this score …
LARGE = 0.3  # … and narrower than this share of the picture
TILED = 0.3  # pictures that the first look would shrink further than this are also looked at in tiles
TILE = (1280, 768)  # pixels of the picture a tile, shrunk to half; at the same field of view as one 720p frame
OVERLAP = 200  # pixels that neighbouring tiles share: a plate no wider than this is whole in one of them
FILLS = 0.5  # a box with this IoU with the picture is its only plate …
EDGE = 0.12  # … up to the picture's edge, where it is nearer than this share of its side
MIN_SCORE = 0.15
MAX_IOU = 0.3

_SIGNS = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]], np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """One possible plate in pixels of the picture: score 0–1, box (left, top, right, bottom), corners (4, 2)."""

    score: float
    box: tuple[float, float, float, float]
    quad: Corners

    @property
    def width(self) -> float:
        return self.box[2] - self.box[0]

    @property
    def height(self) -> float:
        return self.box[3] - self.box[1]


@dataclass(frozen=True, slots=True)
class _View:
    """A part of the picture (left, top, width, height in pixels) and the canvas (width, height) it is shown on."""

    part: tuple[int, int, int, int]
    canvas: tuple[int, int]
    share: float = 1.0


class PlateDetector:
    """Finds plates. `net` as the module says; raises RecognitionError where it takes no gray pictures."""

    def __init__(self, net: Net) -> None:
        if net.input_shape[1:2] != [1]:
            raise RecognitionError("this net is no plate detector: it takes no gray pictures", remedy=RESTORE)
        self._net = net

    def find(self, gray: Pixels) -> list[Found]:
        """The possible plates of a gray picture (height, width), best first, none over another (IoU < 0.3)."""
        height, width = gray.shape
        whole = (0, 0, width, height)
        wide = _turned(WIDE, width, height)
        found = self._look(gray, _View(whole, wide))
        if min(wide[0] / width, wide[1] / height) < TILED:
            for tile in tiles(width, height):
                found += _inner(self._look(gray, _View(tile, _turned(WIDE, *tile[2:]))), tile, whole)
        best = max(found, key=lambda one: one.score, default=None)
        if width <= WIDE[0] or best is None or best.score < SURE or best.width > LARGE * width:
            afar = self._look(gray, _View(whole, _turned(AFAR, width, height), AFAR_SHARE))
            filling = [one for one in afar if iou(one.box, (0, 0, width, height)) > FILLS]
            if filling:
                return [_to_edges(max(filling, key=lambda one: one.score), width, height)]
            found += afar
        return distinct(found)

    def _look(self, gray: Pixels, view: _View) -> list[Found]:
        left, top, width, height = view.part
        across, down = view.canvas
        scale = min(across / width, down / height) * view.share
        size = max(round(width * scale), 1), max(round(height * scale), 1)
        shown = gray[top : top + height, left : left + width]
        small = cv2.resize(shown, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        canvas = np.full((down, across), PAD, np.float32)
        x, y = (across - size[0]) // 2, (down - size[1]) // 2
        canvas[y : y + size[1], x : x + size[0]] = small
        grid = self._net(np.asarray((canvas - PAD) / 60, np.float32)[None, None])[0]
        scale_x, scale_y = size[0] / width, size[1] / height
        shift = np.array([left - x / scale_x, top - y / scale_y], np.float32)
        return [_moved(one, np.array([1 / scale_x, 1 / scale_y], np.float32), shift) for one in decoded(grid)]


def decoded(grid: Floats) -> list[Found]:
    """The plates that one output of the net, (5 or 13, rows, columns), stands for; pixels of the net's input."""
    heat = grid[0]
    least = math.log(MIN_SCORE / (1 - MIN_SCORE))
    rows, columns = np.nonzero((heat >= least) & (heat == cv2.dilate(heat, np.ones((3, 3), np.uint8))))
    cells = grid[:, rows, columns]
    middles = (np.stack([columns, rows], axis=1) + 0.5 + cells[1:3].T) * CELL
    sizes = np.exp(np.clip(cells[3:5].T, -2, 5)) * CELL
    offsets = cells[5:13].T.reshape(-1, 4, 2) if len(grid) > 5 else np.zeros((len(rows), 4, 2), np.float32)
    quads = (middles[:, None] + (_SIGNS + offsets) * sizes[:, None]).astype(np.float32)
    scores = 1 / (1 + np.exp(-cells[0]))
    lows, highs = middles - sizes / 2, middles + sizes / 2
    return [
        Found(float(score), (float(low[0]), float(low[1]), float(high[0]), float(high[1])), quad)
        for score, low, high, quad in zip(scores, lows, highs, quads, strict=True)
    ]


def distinct(found: Sequence[Found]) -> list[Found]:
    """Best first; what overlaps a better one is left out."""
    kept: list[Found] = []
    for one in sorted(found, key=lambda one: -one.score):
        if all(iou(one.box, better.box) < MAX_IOU for better in kept):
            kept.append(one)
    return kept


def iou(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> float:
    """Shared area over joint area, 0–1, of two rectangles (left, top, right, bottom)."""
    across = min(one[2], other[2]) - max(one[0], other[0])
    down = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(across, 0.0) * max(down, 0.0)
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return shared / (areas - shared) if shared > 0 else 0.0


def tiles(width: int, height: int) -> Iterator[tuple[int, int, int, int]]:
    """Tiles (left, top, width, height) that cover a picture, neighbours sharing at least OVERLAP pixels."""
    for top, down in _spans(height, TILE[1]):
        for left, across in _spans(width, TILE[0]):
            yield left, top, across, down


def _spans(length: int, tile: int) -> list[tuple[int, int]]:
    if length <= tile:
        return [(0, length)]
    n = math.ceil((length - OVERLAP) / (tile - OVERLAP))
    return [(round(i * (length - tile) / (n - 1)), tile) for i in range(n)]


def _inner(found: list[Found], tile: tuple[int, int, int, int], whole: tuple[int, int, int, int]) -> list[Found]:
    """Without the plates that a tile's edge cuts, where the edge is not the picture's: a neighbour shows them whole."""
    left, top, right, bottom = tile[0], tile[1], tile[0] + tile[2], tile[1] + tile[3]
    near = 4.0
    return [
        one
        for one in found
        if (left == 0 or one.box[0] > left + near)
        and (top == 0 or one.box[1] > top + near)
        and (right == whole[2] or one.box[2] < right - near)
        and (bottom == whole[3] or one.box[3] < bottom - near)
    ]


def _to_edges(found: Found, width: int, height: int) -> Found:
    """A plate cut out by whoever sent the picture: the cut is the surer edge."""
    left, top, right, bottom = found.box
    box = (
        0.0 if left < EDGE * width else left,
        0.0 if top < EDGE * height else top,
        float(width) if right > (1 - EDGE) * width else right,
        float(height) if bottom > (1 - EDGE) * height else bottom,
    )
    return Found(found.score, box, upright(*box))


def _turned(canvas: tuple[int, int], width: int, height: int) -> tuple[int, int]:
    return canvas if width >= height else (canvas[1], canvas[0])


def _moved(one: Found, scale: Floats, shift: Floats) -> Found:
    quad = one.quad * scale + shift
    (x, y), (a, b) = scale, shift
    left, top, right, bottom = one.box
    return Found(one.score, (left * x + a, top * y + b, right * x + a, bottom * y + b), quad)
