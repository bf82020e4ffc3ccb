"""Model folders: pinned, complete under their name, made once by any number of processes."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import yaml

from alpr_assets.errors import RecognitionError
from alpr_assets.lifecycle.recognition import weights
from alpr_assets.lifecycle.recognition.weights import DETECTOR, READER, locate, model_folder, verify

MAKE = """
import sys
from pathlib import Path
from alpr_assets.lifecycle.recognition.weights import READER, model_folder
print(model_folder(READER, Path(sys.argv[1])).name)
"""


@pytest.mark.parametrize("model", [DETECTOR, READER])
def test_the_wheel_holds_the_pinned_weights(model):
    verify(locate(model), model.sha256)
    assert "rapidocr" not in sys.modules, "found without importing it"


@pytest.mark.parametrize("model", [DETECTOR, READER])
def test_folder_holds_weights_and_their_processing(model, tmp_path):
    folder = model_folder(model, tmp_path / "new" / "cache")
    config = yaml.safe_load((folder / "inference.yml").read_text("utf-8"))
    verify(folder / "inference.onnx", model.sha256)
    assert config["Global"]["model_name"] == model.model_name
    assert "DecodeImage" in config["PreProcess"]["transform_ops"][0]
    assert len(config["PostProcess"].get("character_dict", [])) == (18_708 if model is READER else 0)


def test_second_call_changes_nothing(tmp_path):
    first = model_folder(DETECTOR, tmp_path)
    before = {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*")}
    assert model_folder(DETECTOR, tmp_path) == first
    assert {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*")} == before


def test_processes_and_threads_at_once_make_one_folder(tmp_path):
    command = [sys.executable, "-c", MAKE, str(tmp_path)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    with ThreadPoolExecutor(3) as threads:
        names = set(threads.map(lambda _: model_folder(READER, tmp_path).name, range(3)))
    names |= {process.communicate(timeout=60)[0].strip() for process in processes}
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert [p.name for p in tmp_path.iterdir()] == list(names)


def test_other_processing_is_another_folder(tmp_path):
    other = replace(DETECTOR, config={**DETECTOR.config, "PostProcess": {"name": "DBPostProcess", "thresh": 0.5}})
    assert model_folder(other, tmp_path) != model_folder(DETECTOR, tmp_path)


def test_altered_cache_is_refused(tmp_path):
    folder = model_folder(DETECTOR, tmp_path)
    with (folder / "inference.onnx").open("ab") as file:
        file.write(b"x")
    with pytest.raises(RecognitionError, match="expected"):
        model_folder(DETECTOR, tmp_path)
    verify(locate(DETECTOR), DETECTOR.sha256)  # the wheel's own file is another one


def test_weights_other_than_pinned_are_refused_and_leave_no_folder(tmp_path):
    with pytest.raises(RecognitionError, match="expected"):
        model_folder(replace(DETECTOR, sha256="0" * 64), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_missing_weights_are_named():
    with pytest.raises(RecognitionError, match=r"none\.onnx"):
        locate(replace(DETECTOR, file_name="none.onnx"))


def test_failure_while_making_leaves_nothing_under_the_final_name(tmp_path, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(weights.shutil, "copyfile", full)
    with pytest.raises(RecognitionError, match="No space left"):
        model_folder(DETECTOR, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_cache_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "cache").touch()
    with pytest.raises(RecognitionError, match="cache"):
        model_folder(DETECTOR, tmp_path / "cache")
