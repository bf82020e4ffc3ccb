"""The pinned weights are those in the checkout."""

import json
import re
from pathlib import Path

import pytest

from alpr_training.manifest import manifest

MODELS = Path(__file__).parents[2] / "models"


def test_the_committed_manifest_is_that_of_the_committed_weights():
    assert json.loads((MODELS / "manifest.json").read_text()) == manifest(MODELS)


@pytest.mark.parametrize("name", json.loads((MODELS / "manifest.json").read_text()))
def test_the_card_beside_a_weight_file_names_its_checksum_and_size(name):
    pin = json.loads((MODELS / "manifest.json").read_text())[name]
    folder, file = name.split("/")
    card = (MODELS / folder / "README.md").read_text(encoding="utf-8")
    (line,) = [line for line in card.splitlines() if line.startswith(f"| `{file}` |")]
    assert f"`{pin['sha256']}`" in line
    assert f"{pin['bytes']:,}" in line


@pytest.mark.parametrize("card", sorted(MODELS.glob("*/README.md")), ids=lambda card: card.parent.name)
def test_every_picture_that_a_card_shows_is_there_and_is_one_of_drawn_plates(card):
    shown = re.findall(r"!\[[^]]*\]\(([^)]+)\)", card.read_text(encoding="utf-8"))
    assert {path.name for path in card.parent.iterdir() if path.suffix in {".png", ".jpg"}} == set(shown)
    assert set(shown) <= {"reliability.png"}


def test_weights_too_large_for_git_are_refused(tmp_path):
    (tmp_path / "plate_reader").mkdir()
    with (tmp_path / "plate_reader" / "inference.onnx").open("wb") as file:
        file.truncate(26 * 2**20)
    with pytest.raises(ValueError, match=r"26\.0 MiB together"):
        manifest(tmp_path)
