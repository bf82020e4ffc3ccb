"""States are read off drawn plates, near and far, and never off a plate that names none."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from alpr_assets.errors import RecognitionError
from alpr_assets.lifecycle.recognition import weights
from alpr_assets.lifecycle.recognition.rectifying import upright
from alpr_assets.lifecycle.recognition.regions import STATES
from alpr_assets.lifecycle.recognition.statewords import LEAST, MIN_WIDTH, StateReader

from .drawn import close_up, street

PLATES = (
    "CA 8ABC123", "NV 482~K15", "OR 482~KLM", "WA CKL4821", "AZ CKL4821", "TX CKL~4821", "NY CKL 4821", "FL CKL~M48",
    "UT K48 2LM", "CO CKL~M48", "NM 482~KLM", "HI CKL 482",
)  # fmt: skip


@pytest.fixture(scope="module")
def reader() -> StateReader:
    return StateReader()


def named(reader: StateReader, pixels: np.ndarray) -> tuple[str, float] | None:
    """The answer for a picture that a plate fills."""
    height, width = pixels.shape[:2]
    (answer,) = reader.states(pixels, [upright(0, 0, width, height)])
    return answer


@pytest.mark.parametrize("plate", PLATES)
def test_a_plate_near_by_names_its_state(reader, plate):
    code, probability = named(reader, close_up(plate)) or ("", 0.0)
    assert code == plate[:2].lower()
    assert LEAST <= probability <= 1


def test_of_plates_far_off_most_are_answered_and_no_answer_is_wrong(reader):
    answers = {plate: named(reader, close_up(plate, 110)) for plate in PLATES}
    right = [plate for plate, answer in answers.items() if answer and answer[0] == plate[:2].lower()]
    assert len(right) >= 8
    assert len(right) == sum(answer is not None for answer in answers.values())


def test_a_plate_in_the_street_names_its_state(reader):
    scene = street(3, "CA 8ABC123")
    (answer,) = reader.states(scene.pixels, list(scene.quads.values()))
    assert (answer or ("",))[0] == "ca"


def test_several_plates_are_answered_each_for_itself(reader):
    """In one batch, some by the strip above alone and some by the one below as well."""
    shown = [close_up(plate) for plate in PLATES] + [np.full((211, 400, 3), 200, np.uint8)]
    height, width = shown[0].shape[:2]
    quads = [upright(0, i * height, width, (i + 1) * height) for i in range(len(shown))]
    together = reader.states(np.vstack(shown), quads)
    assert [answer and answer[0] for answer in together] == [*(plate[:2].lower() for plate in PLATES), None]


def test_no_plates_have_no_states(reader):
    assert reader.states(close_up(PLATES[0]), []) == []


def test_a_plate_without_words_names_none(reader):
    plain = np.full((200, 400, 3), 230, np.uint8)
    cv2.putText(plain, "ABC 1234", (30, 135), cv2.FONT_HERSHEY_SIMPLEX, 2.4, (40, 30, 20), 8)
    noise = np.random.default_rng(1).integers(0, 256, (200, 400, 3), np.uint8)
    for pixels in (plain, noise, np.zeros((200, 400, 3), np.uint8)):
        assert named(reader, pixels) is None


def test_another_word_in_the_name_s_place_names_none(reader):
    for word in ("TOYOTA", "DEALER", "BERLIN"):
        pixels = np.full((200, 400, 3), 230, np.uint8)
        cv2.putText(pixels, word, (110, 40), cv2.FONT_HERSHEY_SIMPLEX, 1.3, (40, 30, 20), 3)
        assert named(reader, pixels) is None, word


def test_answers_are_codes_of_states(reader):
    assert set(reader._codes) == set(STATES.values())


def test_a_plate_too_small_for_words_is_said_to_be(reader):
    """What the recogniser does not even ask for would mostly be left open."""
    answers = [named(reader, close_up(plate, MIN_WIDTH // 3)) for plate in PLATES]
    assert sum(answer is None for answer in answers) >= 10


def test_altered_or_missing_weights_are_refused_with_a_remedy(tmp_path, monkeypatch):
    """A package of the wheel's name that comes first on the path, as a bad installation would."""
    (tmp_path / "rapidocr" / "models").mkdir(parents=True)
    (tmp_path / "rapidocr" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(__import__("sys").modules, "rapidocr", raising=False)
    with pytest.raises(RecognitionError, match="not in the installed") as refused:
        StateReader()
    assert refused.value.remedy
    (tmp_path / "rapidocr" / "models" / weights.READER.file_name).write_bytes(b"weights")
    with pytest.raises(RecognitionError, match="SHA-256") as refused:
        StateReader()
    assert refused.value.remedy
