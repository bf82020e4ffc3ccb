"""PaddleOCR's TextRecognition with engine="onnxruntime" loads models/plate_reader as it lies there, and reads what we read."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from alpr_assets.lifecycle.recognition.decoding import ALPHABET, text_of
from alpr_assets.lifecycle.recognition.nets import Net, verified
from alpr_assets.lifecycle.recognition.plates import READER
from alpr_assets.lifecycle.recognition.rectifying import rectified, upright
from alpr_training.plates import camera, draw_plate
from alpr_training.plates.faces import Faces

from .drawn import MODELS, close_up, street

FOLDER = MODELS / "plate_reader"
SIZE = (192, 48)  # width, height
SERIALS = [f"{7 + i % 3}KLM{i}{(i + 4) % 10}{(i + 7) % 10}" for i in range(10)]


@pytest.fixture(scope="module")
def net() -> Net:
    return Net(verified(MODELS, READER))


@pytest.fixture(scope="module")
def loaded(tmp_path_factory) -> Any:
    """PaddleOCR's own predictor. Read when it is imported: no look at a model hub, nothing written at home."""
    cache = tmp_path_factory.mktemp("paddle")
    os.environ.setdefault("PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK", "True")
    os.environ.setdefault("PADDLE_PDX_CACHE_HOME", str(cache / "paddlex"))
    os.environ.setdefault("MPLCONFIGDIR", str(cache / "matplotlib"))
    import paddleocr  # noqa: PLC0415 - heavy

    return paddleocr.TextRecognition(
        model_name="PP-OCRv6_small_rec",
        model_dir=str(FOLDER),
        engine="onnxruntime",
        device="cpu",
        engine_config={"intra_op_num_threads": 1},
    )


def crops() -> dict[str, list[np.ndarray]]:
    """As the reader is given them: easy ones, ones from a street, and photographs a third of which are hard for a person."""
    rng = np.random.default_rng(11)
    faces = Faces(np.random.default_rng(2), n_dies=8)
    near = [
        rectified(close_up(f"CA {serial}"), upright(11, 11, 389, 200), SIZE) for serial in SERIALS
    ]  # within its rim
    scene = street(3, "CA 8ABC123")
    hard = [camera.crop(rng, camera.photograph(rng, draw_plate(rng, faces)), SIZE) for _ in range(20)]
    return {
        "near": near,
        "street": [rectified(scene.pixels, quad, SIZE) for quad in scene.quads.values()],
        "hard": hard,
    }


def by_net(net: Net, pictures: list[np.ndarray]) -> list[tuple[str, float]]:
    batch = np.stack(pictures).transpose(0, 3, 1, 2).astype(np.float32) / 127.5 - 1
    return [text_of(probabilities, ["blank", *ALPHABET]) for probabilities in net(batch)]


def test_what_is_told_to_paddleocr_is_what_our_own_code_does(net):
    told = yaml.safe_load((FOLDER / "inference.yml").read_text("utf-8"))
    decode, resize = told["PreProcess"]["transform_ops"]
    assert decode["DecodeImage"] == {"channel_first": False, "img_mode": "BGR"}, "without it the channels become RGB"
    assert resize["RecResizeImg"]["image_shape"] == list(net.input_shape[1:])
    assert told["PostProcess"] == {"name": "CTCLabelDecode", "character_dict": list(ALPHABET)}


@pytest.mark.parametrize("kind", crops())
def test_the_same_crops_read_the_same_through_paddleocr_and_through_our_net(loaded, net, kind):
    pictures = crops()[kind]
    ours = by_net(net, pictures)
    theirs = [(str(answer["rec_text"]), float(answer["rec_score"])) for answer in loaded.predict(pictures)]
    assert [text for text, _ in theirs] == [text for text, _ in ours]
    assert [score for _, score in theirs] == pytest.approx([score for _, score in ours], abs=1e-4)


def test_the_crops_are_read_right_so_that_the_same_is_not_the_same_nonsense(loaded):
    answers = [answer["rec_text"] for answer in loaded.predict(crops()["near"] + crops()["street"])]
    expected = [*SERIALS, "8ABC123"]
    assert sum(read == truth for read, truth in zip(answers, expected, strict=True)) >= 9


def test_loading_leaves_the_folder_as_it_was(loaded):
    assert loaded.predict(crops()["street"])
    assert {"inference.onnx", "inference.yml"} <= {path.name for path in FOLDER.iterdir()}
    assert not [path for path in Path(FOLDER).iterdir() if path.suffix not in {".onnx", ".yml", ".json", ".md", ".png"}]
    verified(MODELS, READER)
    verified(MODELS, "plate_reader/inference.yml")
