"""What the training minimises: heatmap, box fit, corner fit. The same decoding as `grid.decode`, in torch."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from alpr_training.detector.grid import SIGNS, STRIDE, Targets

BOX_WEIGHT, CORNER_WEIGHT = 2.0, 8.0
# Below this error, in plate sizes, a corner's loss is quadratic: about a pixel on a plate of 40.
CORNER_BETA = 0.03


@dataclass(frozen=True, slots=True)
class Losses:
    """The parts of one batch's loss."""

    heat: Tensor
    box: Tensor
    corner: Tensor

    @property
    def total(self) -> Tensor:
        return self.heat + BOX_WEIGHT * self.box + CORNER_WEIGHT * self.corner


def losses(answer: Tensor, targets: Targets) -> Losses:
    """Of an answer (n, 13, h, w) to a batch."""
    heat = _focal(answer[:, 0], torch.from_numpy(targets.heat), torch.from_numpy(targets.ignored))
    if not len(targets.cells):
        return Losses(heat, answer.sum() * 0, answer.sum() * 0)
    n, row, column = torch.from_numpy(targets.cells).T
    boxes, corners = _decoded(answer[n, :, row, column], row, column)
    truth, weights = torch.from_numpy(targets.boxes), torch.from_numpy(targets.weights)
    box = (_giou_loss(boxes, truth) * weights).sum() / weights.sum()
    return Losses(heat, box, _corner_loss(corners, torch.from_numpy(targets.corners), truth, weights))


def _focal(logits: Tensor, heat: Tensor, ignored: Tensor) -> Tensor:
    """CenterNet's focal loss (Zhou et al. 2019), by logarithms of sigmoids so that sure cells stay finite."""
    centre = (heat >= 0.999).float()  # the cell that `encode` set to 1
    around = (1 - heat) ** 4 * (1 - centre) * (~ignored).float()
    p = logits.sigmoid()
    found = (1 - p) ** 2 * functional.logsigmoid(logits) * centre
    empty = p**2 * functional.logsigmoid(-logits) * around
    return -(found.sum() + empty.sum()) / centre.sum().clamp(min=1)


def _decoded(at: Tensor, row: Tensor, column: Tensor) -> tuple[Tensor, Tensor]:
    centre = torch.stack([(column + 0.5 + at[:, 1]) * STRIDE, (row + 0.5 + at[:, 2]) * STRIDE], 1)
    size = torch.exp(at[:, 3:5].clamp(-2, 5)) * STRIDE
    corners = centre[:, None] + (torch.from_numpy(SIGNS) + at[:, 5:].reshape(-1, 4, 2)) * size[:, None]
    return torch.cat([centre - size / 2, centre + size / 2], 1), corners


def _giou_loss(boxes: Tensor, truth: Tensor) -> Tensor:
    """1 - generalised IoU (Rezatofighi et al. 2019) of m pairs."""
    overlap = (torch.minimum(boxes[:, 2:], truth[:, 2:]) - torch.maximum(boxes[:, :2], truth[:, :2])).clamp(min=0)
    hull = torch.maximum(boxes[:, 2:], truth[:, 2:]) - torch.minimum(boxes[:, :2], truth[:, :2])
    both, around = overlap.prod(1), hull.prod(1).clamp(min=1e-3)
    union = (_area(boxes) + _area(truth) - both).clamp(min=1e-3)
    return 1 - both / union + (around - union) / around


def _area(boxes: Tensor) -> Tensor:
    return (boxes[:, 2:] - boxes[:, :2]).prod(1)


def _corner_loss(corners: Tensor, truth: Tensor, boxes: Tensor, weights: Tensor) -> Tensor:
    """Smooth L1 in plate sizes; where only a box was labelled, of the upright box around the corners."""
    known = ~truth.isnan().flatten(1).any(1)
    size = (boxes[:, 2:] - boxes[:, :2])[:, None]
    sides = torch.stack([corners.amin(1), corners.amax(1)], 1)
    error = torch.where(
        known,
        # `where` hands NaN to the gradient of the side it does not take.
        _smooth(corners / size, truth.nan_to_num() / size),
        _smooth(sides / size, boxes.reshape(-1, 2, 2) / size),
    )
    return (error * weights).sum() / weights.sum()


def _smooth(found: Tensor, truth: Tensor) -> Tensor:
    return functional.smooth_l1_loss(found, truth, reduction="none", beta=CORNER_BETA).mean((1, 2))
