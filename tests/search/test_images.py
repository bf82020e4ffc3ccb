"""Opening a picture: each opening is recorded, and it is the picture that was captured."""

from __future__ import annotations

from functools import partial

import pytest

from alpr_assets.access.record.entries import Kind, Outcome, ResultId
from alpr_assets.access.roles import Action
from alpr_assets.errors import NotFoundError, VerificationError
from alpr_assets.search.images import open_image
from alpr_assets.store.sealed import sha256_hex
from tests.patrols import DAY, seen
from tests.people import ask, member


def opened(through, patrol, capture_id, day=DAY):
    asked = ask(Action.OPEN_IMAGE, elements={"day": str(day), "capture_id": capture_id})
    return through(member(), asked, partial(open_image, store=patrol.store, day=day, capture_id=capture_id)).rows


@pytest.fixture
def capture(patrol):
    patrol.read(seen("7ABC123"))
    return patrol.reads()[0].capture_id


@pytest.mark.clause("422.6(a)")
def test_a_picture_is_what_was_captured_and_its_opening_recorded(through, patrol, capture, recorder):
    image = opened(through, patrol, capture)
    assert sha256_hex(image.content) == image.sha256
    assert image.media_type == "image/jpeg"
    assert image.content[:2] == b"\xff\xd8"
    (entry,) = recorder.entries
    assert (entry.kind, entry.outcome, entry.results) == (
        Kind.IMAGE,
        Outcome.ANSWERED,
        [ResultId("capture", DAY, capture)],
    )


def test_a_picture_that_is_not_there_is_said_to_be_missing_and_the_ask_recorded(through, patrol, capture, recorder):
    with pytest.raises(NotFoundError):
        opened(through, patrol, capture + 1)
    assert recorder.entries[0].outcome is Outcome.FAILED


def test_an_altered_picture_is_not_shown(through, patrol, capture, recorder):
    image = opened(through, patrol, capture)
    path = patrol.store.images.path(DAY, image.sha256)
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(VerificationError):
        opened(through, patrol, capture)
    assert recorder.entries[1].reasons == ("VerificationError",)
