"""Our own nets: the pinned bytes are run and no others, and whatever is wrong is told with its path and a remedy."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alpr_assets.errors import RecognitionError
from alpr_assets.lifecycle.recognition.nets import Net, pinned, verified
from alpr_assets.lifecycle.recognition.plates import DETECTOR, READER

from .drawn import MODELS

NAME, CONTENT = "plate_reader/inference.onnx", b"weights"


def folder(at: Path, content: bytes | None = CONTENT, manifest: bytes | None = None) -> Path:
    """A models folder with one file, pinned as CONTENT unless a manifest is given."""
    at.mkdir(exist_ok=True)
    if content is not None:
        (at / NAME).parent.mkdir(exist_ok=True)
        (at / NAME).write_bytes(content)
    entry = {"sha256": hashlib.sha256(CONTENT).hexdigest(), "bytes": len(CONTENT)}
    (at / "manifest.json").write_bytes(json.dumps({NAME: entry}).encode() if manifest is None else manifest)
    return at


def refusal(models: Path, name: str = NAME) -> RecognitionError:
    with pytest.raises(RecognitionError) as refused:
        verified(models, name)
    assert refused.value.remedy
    assert "models" in refused.value.remedy
    assert str(models) in str(refused.value), "a person must find the file"
    return refused.value


def test_every_committed_file_is_the_pinned_one():
    assert {DETECTOR, READER} <= set(pinned(MODELS))
    for name, sha256 in pinned(MODELS).items():
        assert hashlib.sha256(verified(MODELS, name)).hexdigest() == sha256


def test_the_content_that_was_verified_is_what_is_given(tmp_path):
    assert verified(folder(tmp_path / "m"), NAME) == CONTENT


@pytest.mark.parametrize("content", [b"", b"weightS", CONTENT + b"\0", CONTENT[:-1]])
def test_an_altered_file_is_refused_with_both_digests(tmp_path, content):
    said = str(refusal(folder(tmp_path / "m", content)))
    assert NAME in said
    assert hashlib.sha256(content).hexdigest() in said
    assert hashlib.sha256(CONTENT).hexdigest() in said


def test_a_missing_file_is_refused_by_its_path(tmp_path):
    assert NAME in str(refusal(folder(tmp_path / "m", content=None)))


def test_a_folder_in_place_of_the_file_is_refused(tmp_path):
    models = folder(tmp_path / "m", content=None)
    (models / NAME).mkdir(parents=True)
    assert NAME in str(refusal(models))


def test_an_unpinned_file_is_refused_though_it_is_there(tmp_path):
    models = folder(tmp_path / "m", manifest=b"{}")
    said = str(refusal(models))
    assert "manifest.json does not pin" in said
    assert NAME in said


def test_without_a_manifest_nothing_is_run(tmp_path):
    models = folder(tmp_path / "m")
    (models / "manifest.json").unlink()
    assert "manifest.json" in str(refusal(models))


GARBAGE = [
    b"", b"{", b"null", b"7", b"[]", b'["a"]', b'"text"', b"\xff\xfe", b'{"a": null}', b'{"a": {}}', b'{"a": "ab"}',
    b'{"a": [1]}', b"[" * 200_000,
]  # fmt: skip


@pytest.mark.parametrize("manifest", GARBAGE, ids=range(len(GARBAGE)))
def test_a_manifest_that_is_none_is_refused(tmp_path, manifest):
    assert "manifest.json" in str(refusal(folder(tmp_path / "m", manifest=manifest)))


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([NAME, "sha256", "x"]), inner, max_size=3)
    ),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(json_values)
def test_no_manifest_but_the_right_one_lets_the_file_through(tmp_path, value):
    refusal(folder(tmp_path / "m", manifest=json.dumps(value).encode()))


@pytest.mark.parametrize("onnx", [b"", b"no graph", b"\x08\x07" * 50])
def test_bytes_that_are_no_net_are_refused_with_a_remedy(onnx):
    with pytest.raises(RecognitionError, match="cannot load a net") as refused:
        Net(onnx)
    assert refused.value.remedy


def test_a_net_says_its_input_and_answers_one_array_for_one():
    net = Net(verified(MODELS, READER))
    _, channels, height, width = net.input_shape
    assert (channels, height) == (3, 48)
    batch = np.random.default_rng(1).normal(0, 0.5, (3, channels, height, width)).astype(np.float32)
    answer = net(batch)
    assert answer.shape == (3, width // 8, 37)
    assert answer.dtype == np.float32
    assert np.allclose(answer.sum(axis=2), 1, atol=1e-4), "probabilities a step"
    assert np.allclose(answer[1], net(batch[1:2])[0], atol=1e-4), "no picture's reading depends on its neighbours"
