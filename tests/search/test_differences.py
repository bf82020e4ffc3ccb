"""Two recogniser versions read by read: what changed, what only one of them read."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest

from alpr_assets.access.roles import Action
from alpr_assets.errors import AccessRefusedError, MalformedError
from alpr_assets.lifecycle.recognition.light import LightRecogniser
from alpr_assets.search import differences
from tests.patrols import AT, Relabelled, seen
from tests.people import ask, member

WINDOW = {"since": AT - timedelta(days=1), "until": AT + timedelta(days=1)}


@pytest.fixture
def compared(through, patrol):
    def run(action=Action.PLATE_HISTORY, **changes):
        search = partial(differences.version_differences, engine=patrol.store.engine, **{**WINDOW, **changes})
        return through(member(), ask(action), search).rows

    return run


def test_what_changed_came_and_went_is_told_with_both_reads(compared, patrol, recorder):
    patrol.read(seen({"plate": "7ABC123"}), seen({"plate": "8XYZ999"}), seen({"plate": "6DEF456"}), seen())
    newer = Relabelled({"7ABC123": ["7ABC128"], "8XYZ999": []})
    patrol.recognise(newer=newer)
    found = compared()
    counts = found.counts
    assert (counts.n_unchanged, counts.n_changed, counts.n_gained, counts.n_lost) == (1, 1, 0, 1)
    frame = found.reads
    assert list(frame.columns) == list(differences.COLUMNS)
    assert sorted(frame["change"]) == ["changed", "lost"]
    (changed,) = frame[frame["change"] == "changed"].itertuples()
    assert (changed.old_plate, changed.new_plate, changed.n_edits) == ("7ABC123", "7ABC128", 1)
    assert (changed.old_version, changed.new_version) == (
        LightRecogniser.version.version_id, Relabelled.version.version_id
    )  # fmt: skip
    (lost,) = frame[frame["change"] == "lost"].itertuples()
    assert lost.old_plate == "8XYZ999"
    assert frame["new_plate"].isna().tolist() == (frame["change"] == "lost").tolist()
    assert len(recorder.entries[-1].results) == 3, "both reads of the changed one, and the lost one"


def test_the_two_versions_can_be_named_the_other_way_round(compared, patrol):
    patrol.read(seen({"plate": "7ABC123"}))
    patrol.recognise(newer=Relabelled({"7ABC123": ["7ABC123", "5NEW555"]}))
    assert compared().reads["change"].tolist() == ["gained"]
    back = compared(old=Relabelled.version.version_id, new=LightRecogniser.version.version_id)
    assert back.reads["change"].tolist() == ["lost"]
    assert compared(old="another").reads.empty


def test_only_pictures_of_the_window_are_compared_and_only_under_the_right(compared, patrol):
    patrol.read(seen({"plate": "7ABC123"}))
    patrol.recognise(newer=Relabelled({"7ABC123": ["7ABC128"]}))
    assert compared(until=AT - timedelta(hours=1)).counts.n_captures == 0
    for bad in ({"until": WINDOW["since"]}, {"until": AT + timedelta(days=40)}):
        with pytest.raises(MalformedError):
            compared(**bad)
    with pytest.raises(AccessRefusedError):
        compared(action=Action.OPEN_IMAGE)
