"""All versions and candidates of one picture's reads."""

from __future__ import annotations

from functools import partial

import pytest

from alpr_assets.access.roles import Action
from alpr_assets.errors import AccessRefusedError, NotFoundError
from alpr_assets.lifecycle.recognition.light import LightRecogniser
from alpr_assets.search import versions
from alpr_assets.store import schema
from tests.patrols import DAY, Relabelled, seen
from tests.people import ask, member


@pytest.fixture
def look(through, patrol):
    def run(capture_id, *, day=DAY, action=Action.PLATE_HISTORY):
        search = partial(versions.read_versions, engine=patrol.store.engine, day=day, capture_id=capture_id)
        return through(member(), ask(action), search).rows

    return run


def test_every_version_shows_what_it_read_with_its_candidates(look, patrol, recorder):
    patrol.read(seen({"plate": "7ABC123", "candidates": [["7A8C123", 0.05]]}))
    patrol.recognise(newer=Relabelled({"7ABC123": ["7ABC128"]}))
    (capture_id,) = {row.capture_id for row in patrol.reads()}
    frame = look(capture_id)
    assert list(frame.columns) == list(versions.COLUMNS)
    assert frame["plate"].tolist() == ["7ABC128", "7ABC123"]
    assert frame["in_force"].tolist() == [True, False]
    assert frame["version_id"].tolist() == [Relabelled.version.version_id, LightRecogniser.version.version_id]
    assert [plate for plate, _ in frame["candidates"][1]] == ["7ABC123", "7A8C123"]
    assert len(frame["box"][0]) == 4
    assert frame["recogniser"].notna().all()
    assert len(recorder.entries[0].results) == 2


def test_a_picture_without_plates_has_no_reads_and_one_that_is_not_there_is_not_found(look, patrol):
    patrol.read(seen())
    (capture,) = patrol.rows(schema.capture)
    assert look(capture.capture_id).empty
    with pytest.raises(NotFoundError):
        look(capture.capture_id + 1)
    with pytest.raises(AccessRefusedError):
        look(capture.capture_id, action=Action.OPEN_IMAGE)
