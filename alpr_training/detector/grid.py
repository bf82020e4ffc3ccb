"""Between plates in pixels and the network's grid of cells: targets for training, and decoding.

Here: numpy only. Cells are `STRIDE` pixels; corner k runs clockwise from the upper left.
The box is the tight upright one around the plate's corners, (x0, y0, x1, y1).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

STRIDE = 8
# Where the corners of an upright plate lie, in widths and heights from the box's centre.
SIGNS = np.array([(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)], np.float32)

# Smaller or mostly outside the crop: neither plate nor background.
MIN_WIDTH, MIN_HEIGHT, MIN_IN_VIEW = 12.0, 4.0, 0.6
# The bump's spread, in plate sizes; cells above `MIN_BUMP` learn the box and the corners.
SPREAD_X, SPREAD_Y, MIN_SPREAD, MIN_BUMP = 0.13, 0.16, 0.55, 0.35


@dataclass(frozen=True, slots=True)
class Targets:
    """What the network should answer to a batch of n pictures, h × w cells; m cells answer for a plate.

    heat : (n, h, w) float32, 1 at a plate's centre, falling off around it
    ignored : (n, h, w) bool, cells that teach nothing
    cells : (m, 3) int64, picture, row, column
    boxes : (m, 4) float32 pixels, the plate's box at each cell
    corners : (m, 4, 2) float32 pixels, NaN where they are unknown
    weights : (m,) float32, summing to 1 over each plate
    """

    heat: Floats
    ignored: NDArray[np.bool_]
    cells: NDArray[np.int64]
    boxes: Floats
    corners: Floats
    weights: Floats


def encode(
    boxes: list[Floats], corners: list[Floats], size: tuple[int, int], unsure: list[Floats] | None = None
) -> Targets:
    """Targets of a batch.

    Parameters
    ----------
    boxes : one (k, 4) array a picture, pixels
    corners : one (k, 4, 2) array a picture, pixels, NaN where unknown
    size : height and width of every picture, pixels
    unsure : one (j, 4) array a picture, boxes that may or may not be plates
    """
    rows, columns = size[0] // STRIDE, size[1] // STRIDE
    heat = np.zeros((len(boxes), rows, columns), np.float32)
    ignored = np.zeros(heat.shape, np.bool_)
    cells: list[Floats] = [np.zeros((0, 3), np.float32)]
    of_box, of_corners, weights = [np.zeros((0, 4))], [np.zeros((0, 4, 2))], [np.zeros(0)]
    for n, (of_picture, their_corners) in enumerate(zip(boxes, corners, strict=True)):
        for box, quad in zip(of_picture, their_corners, strict=True):
            if not _teaches(box, size):
                ignored[n][_cells_under(box)] = True
                continue
            bump, (row, column) = _bump(box, rows, columns)
            np.maximum(heat[n], bump, out=heat[n])
            heat[n, row, column] = 1
            ys, xs = np.nonzero(bump > MIN_BUMP)
            if len(ys) == 0:
                ys, xs = np.array([row]), np.array([column])
            cells.append(np.stack([np.full(len(ys), n), ys, xs], 1))
            of_box.append(np.repeat(box[None], len(ys), 0))
            of_corners.append(np.repeat(quad[None], len(ys), 0))
            weights.append(np.full(len(ys), 1 / len(ys)))
    for n, of_picture in enumerate(unsure or []):
        for box in of_picture:
            ignored[n][_cells_under(box)] = True
    return Targets(
        heat,
        ignored,
        np.concatenate(cells).astype(np.int64),
        np.concatenate(of_box).astype(np.float32),
        np.concatenate(of_corners).astype(np.float32),
        np.concatenate(weights).astype(np.float32),
    )


def _teaches(box: Floats, size: tuple[int, int]) -> bool:
    """Whether a plate is large enough, its centre in the picture and enough of it in view."""
    height, width = size
    x0, y0, x1, y1 = (float(v) for v in box)
    seen = max(0.0, min(width, x1) - max(0.0, x0)) * max(0.0, min(height, y1) - max(0.0, y0))
    inside = 0 <= (x0 + x1) / 2 < width and 0 <= (y0 + y1) / 2 < height
    large = x1 - x0 >= MIN_WIDTH and y1 - y0 >= MIN_HEIGHT
    return inside and large and seen >= MIN_IN_VIEW * (x1 - x0) * (y1 - y0)


def _cells_under(box: Floats) -> tuple[slice, slice]:
    x0, y0, x1, y1 = (max(0, int(v // STRIDE)) for v in box)
    return slice(y0, y1 + 1), slice(x0, x1 + 1)


def _bump(box: Floats, rows: int, columns: int) -> tuple[Floats, tuple[int, int]]:
    """A Gaussian over the cells and the cell of its top."""
    x, y = (box[0] + box[2]) / 2 / STRIDE, (box[1] + box[3]) / 2 / STRIDE
    spread_x = max(MIN_SPREAD, (box[2] - box[0]) / STRIDE * SPREAD_X)
    spread_y = max(MIN_SPREAD, (box[3] - box[1]) / STRIDE * SPREAD_Y)
    across = ((np.arange(columns) + 0.5 - x) / spread_x) ** 2
    down = ((np.arange(rows) + 0.5 - y) / spread_y) ** 2
    return np.exp(-(across[None] + down[:, None]) / 2).astype(np.float32), (int(y), int(x))


def decode(answer: Floats, cells: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Boxes (m, 4) and corners (m, 4, 2), in pixels, of m cells (m, 2) row, column of one answer (13, h, w)."""
    rows, columns = cells[:, 0], cells[:, 1]
    at = answer[:, rows, columns]
    centre = np.stack([(columns + 0.5 + at[1]) * STRIDE, (rows + 0.5 + at[2]) * STRIDE], 1)
    size = np.exp(np.clip(at[3:5], -2, 5)).T * STRIDE
    boxes = np.concatenate([centre - size / 2, centre + size / 2], 1)
    offsets = at[5:].T.reshape(-1, 4, 2)
    corners = centre[:, None] + (SIGNS + offsets) * size[:, None]
    return boxes.astype(np.float32), corners.astype(np.float32)
