"""The reader's network is PP-OCRv6's, and survives its export."""

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from alpr_assets.lifecycle.recognition import weights
from alpr_training.reader import network


def test_it_answers_what_the_published_file_answers():
    path = weights.locate(weights.READER)
    ours = network.pretrained(path, all_classes=True).eval()
    crops = torch.rand(2, 3, 48, 192) * 2 - 1
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    theirs = session.run(None, {"x": crops.numpy()})[0]
    with torch.no_grad():
        assert np.abs(torch.softmax(ours(crops), -1).numpy() - theirs).max() < 1e-4


def test_the_export_answers_what_the_network_answers(tmp_path):
    ours = network.pretrained(weights.locate(weights.READER)).eval()
    network.export(ours, tmp_path / "inference.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "inference.onnx", providers=["CPUExecutionProvider"])
    crops = torch.rand(3, 3, 48, 192) * 2 - 1
    theirs = session.run(None, {"x": crops.numpy()})[0]
    assert theirs.shape == (3, 24, 37)
    with torch.no_grad():
        assert np.abs(torch.softmax(ours(crops), -1).numpy() - theirs).max() < 1e-4


def test_another_file_is_refused(tmp_path):
    model = onnx.load(weights.locate(weights.READER))
    del model.graph.node[:40]
    onnx.save(model, tmp_path / "other.onnx")
    with pytest.raises(ValueError, match="is not PP-OCRv6_rec_small"):
        network.pretrained(tmp_path / "other.onnx")
