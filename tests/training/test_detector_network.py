"""The detector's network: the contract of its output, and the losses' zero."""

import numpy as np
import pytest
import torch

from alpr_training.detector.grid import SIGNS, STRIDE, decode, encode
from alpr_training.detector.losses import losses
from alpr_training.detector.network import PlateNet, start_from


@pytest.mark.parametrize("size", [(64, 96), (32, 160)])
def test_thirteen_channels_at_an_eighth_of_any_size(size):
    answer = PlateNet().eval()(torch.zeros(2, 1, *size))
    assert answer.shape == (2, 13, size[0] // STRIDE, size[1] // STRIDE)


def test_the_network_stays_small():
    assert sum(p.numel() for p in PlateNet().parameters()) < 1_500_000


def test_a_network_starts_from_fewer_outputs_and_keeps_the_rest():
    net, weights = PlateNet(), PlateNet().state_dict()
    weights["out.weight"], weights["out.bias"] = torch.ones(5, 64, 1, 1), torch.ones(5)
    assert start_from(net, weights) == len(weights)
    assert (net.out.weight[:5] == 1).all()
    assert not (net.out.weight[5:] == 1).any()


def test_an_answer_that_says_the_truth_loses_nothing_on_box_and_corners():
    box = np.array([(100, 80, 160, 110)], np.float32)
    quad = np.array([[(100, 84), (160, 80), (158, 108), (101, 110)]], np.float32)
    targets = encode([box], [quad], (256, 352))
    answer = np.full((1, 13, 32, 44), -20, np.float32)
    for _, row, column in targets.cells:
        centre, size = (box[0, :2] + box[0, 2:]) / 2, box[0, 2:] - box[0, :2]
        answer[0, 1:3, row, column] = centre / STRIDE - (column + 0.5, row + 0.5)
        answer[0, 3:5, row, column] = np.log(size / STRIDE)
        answer[0, 5:, row, column] = ((quad[0] - centre) / size - SIGNS).ravel()
    found = losses(torch.from_numpy(answer), targets)
    assert found.box.item() == pytest.approx(0, abs=1e-4)
    assert found.corner.item() == pytest.approx(0, abs=1e-4)
    assert np.allclose(decode(answer[0], targets.cells[:, 1:])[1], quad, atol=0.01)


def test_without_known_corners_the_upright_box_around_them_is_taught():
    box = np.array([(100, 80, 160, 110)], np.float32)
    targets = encode([box], [np.full((1, 4, 2), np.nan, np.float32)], (256, 352))
    answer = torch.zeros(1, 13, 32, 44, requires_grad=True)
    found = losses(answer, targets)
    found.total.backward()
    assert found.corner.item() > 0
    assert torch.isfinite(answer.grad).all()
    assert answer.grad[0, 5:].abs().sum() > 0
