"""The pinned weights are those in the checkout."""

import json
from pathlib import Path

import pytest

from alpr_training.manifest import manifest

MODELS = Path(__file__).parents[2] / "models"


def test_the_committed_manifest_is_that_of_the_committed_weights():
    assert json.loads((MODELS / "manifest.json").read_text()) == manifest(MODELS)


def test_weights_too_large_for_git_are_refused(tmp_path):
    (tmp_path / "plate_reader").mkdir()
    with (tmp_path / "plate_reader" / "inference.onnx").open("wb") as file:
        file.truncate(26 * 2**20)
    with pytest.raises(ValueError, match=r"26\.0 MiB together"):
        manifest(tmp_path)
