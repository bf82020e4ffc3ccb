"""Corrections on request: beside the read, never over it, matched at once, and the newest counts (Civ. 1798.90.51)."""

from __future__ import annotations

import pytest

from alpr_assets.access.roles import MAY, Action, Role
from alpr_assets.errors import AccessRefusedError, IllegalMoveError, MalformedError, NotFoundError
from alpr_assets.lifecycle.corrections import Reading, correct_read
from alpr_assets.store import verdicts
from tests.lifecycle.hits.conftest import act, alone, patrol, recorder  # noqa: F401 - fixtures
from tests.lifecycle.hits.test_raising import ncic
from tests.patrols import DAY, seen, watch
from tests.people import member


@pytest.fixture
def correct(act):  # noqa: F811
    def run(of, read_id, reading, **more):
        return act(of, correct_read, DAY, read_id, reading, action=Action.CORRECT_READ, **more)

    return run


def test_any_read_can_be_corrected_and_what_was_read_stays(patrol, correct, recorder):  # noqa: F811
    patrol.take(watch("1XYZ999"))
    patrol.read(seen("1XYZ988"))
    patrol.match()
    (read,) = patrol.reads()
    done = correct(patrol, read.read_id, Reading("1XYZ999", "two nines")).rows
    assert patrol.reads() == [read]
    (hit,) = patrol.hits()
    assert (hit.match_kind, hit.correction_id, done.hit_ids) == ("exact", done.correction_id, (hit.hit_id,))
    assert [(one.kind, one.id) for one in recorder.entries[-1].results] == [
        ("read", read.read_id), ("correction", done.correction_id), ("hit", hit.hit_id),
    ]  # fmt: skip


def test_a_look_alike_of_the_listed_plate_is_matched_and_one_character_off_is_not(alone, correct):  # noqa: F811
    alone.take(watch("8ABC123", "5LMN77"))
    alone.read(seen("1AAA111"), seen("2AAA111", seconds=60))
    first, second = [read.read_id for read in alone.reads()]
    assert correct(alone, first, Reading("BABC123", "a B at first")).rows.hit_ids
    assert not correct(alone, second, Reading("5LMN777", "as in the picture")).rows.hit_ids
    assert [hit.match_kind for hit in alone.hits()] == ["folded"]


def test_a_correction_strengthens_a_hit_that_nobody_judged(alone, correct):  # noqa: F811
    alone.take(watch("7ABC123"))
    alone.read(seen("7ABC12"))
    alone.match()
    (weak,) = alone.hits()
    correct(alone, weak.read_id, Reading("7ABC123", "a 3 at the end"))
    (strong,) = alone.hits()
    assert (strong.hit_id, strong.match_kind, strong.differences) == (weak.hit_id, "exact", [])


def test_the_newest_correction_counts_for_later_lists_too(alone, correct):  # noqa: F811
    alone.take(watch("0NEW000"))
    alone.read(seen("7ABC123"))
    (read,) = alone.reads()
    correct(alone, read.read_id, Reading("7ABC124", "a 4"))
    correct(alone, read.read_id, Reading("7ABC125", "no, a 5", "NV"))
    with pytest.raises(IllegalMoveError, match="says so already"):
        correct(alone, read.read_id, Reading("7ABC125", "still"))
    assert len(alone.rows(verdicts.read_correction)) == 2
    alone.take(watch("7ABC123/CA", "7ABC125/NV", "7QRS124"), "other.csv")
    alone.match()
    assert [(hit.plate, hit.match_kind, hit.state_agrees) for hit in alone.hits()] == [("7ABC125", "exact", True)]


@pytest.mark.parametrize(
    ("code", "plate", "region", "reason"),
    [("plate", "7abc", None, "why"), ("plate", "", None, "why"), ("plate", "A" * 17, None, "why"),
     ("region", "7ABC", "Cal", "why"), ("reason", "7ABC", None, "  ")],
)  # fmt: skip
def test_a_reading_that_is_none_is_refused(code, plate, region, reason):
    with pytest.raises(MalformedError) as error:
        Reading(plate, reason, region)
    assert error.value.code == code


@pytest.mark.parametrize("role", Role)
def test_only_roles_that_correct_do(alone, correct, role):  # noqa: F811
    alone.read(seen("7ABC123"))
    (read,) = alone.reads()
    if Action.CORRECT_READ in MAY[role]:
        correct(alone, read.read_id, Reading("7ABC124", "a 4"), who=member(role))
        return
    with pytest.raises(AccessRefusedError):
        correct(alone, read.read_id, Reading("7ABC124", "a 4"), who=member(role))


def test_a_read_that_is_not_there_is_not_found(alone, correct):  # noqa: F811
    with pytest.raises(NotFoundError):
        correct(alone, 5, Reading("7ABC124", "a 4"))


@pytest.mark.clause("422.4(e)")
def test_a_correction_tells_nobody_of_a_hit_that_he_may_not_see(alone, correct, recorder):  # noqa: F811
    alone.take(ncic(("V", "1XYZ999", "CA")), "ncic.txt")
    alone.read(seen("7ABC123"))
    (read,) = alone.reads()
    done = correct(alone, read.read_id, Reading("1XYZ999", "a 1 at first")).rows
    (hit,) = alone.hits()
    assert (hit.source, done.hit_ids) == ("federal", ())
    assert "hit" not in {one.kind for one in recorder.entries[-1].results}
