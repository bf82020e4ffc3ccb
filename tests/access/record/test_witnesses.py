"""Witnesses get heads that are complete in themselves, on time, never over another; what is in the way is an alarm."""

from __future__ import annotations

import email
import io
import json
import shutil
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
import zxingcpp
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image
from sqlalchemy import text

from alpr_assets.access.record import alarms
from alpr_assets.access.record.exporting import snapshot, verify_database
from alpr_assets.access.record.places import Place
from alpr_assets.access.record.sheets import code_of, number_in_words, sheet, time_in_words
from alpr_assets.access.record.tail import newest_head, public_key_of
from alpr_assets.access.record.verifying import Claim, read_claim
from alpr_assets.access.record.witnesses import STATE, export_due, send_heads
from alpr_assets.policy import Policy
from alpr_assets.settings import Settings
from tests.access.record.records import BEGUN, cut, grown, owning

HOUR = timedelta(hours=1)
LATER = BEGUN + HOUR

pytestmark = pytest.mark.clause("422.6(a)")


def by_mail(policy: Policy, *addresses: str) -> Policy:
    return policy.model_copy(update={"record": policy.record.model_copy(update={"witness_emails": addresses})})


def folders(tmp_path: Path, *names: str) -> list[str]:
    for name in names:
        (tmp_path / name).mkdir()
    return [str(tmp_path / name) for name in names]


def test_each_file_says_what_came_since_the_one_before_and_proves_it(
    place: Place, policy: Policy, tmp_path: Path
) -> None:
    (witness,) = folders(tmp_path, "clerk")
    for n, size in ((4, 5), (6, 11), (1, 12)):
        grown(place, n, start=BEGUN + size * HOUR)
        (sent,) = export_due(place, policy, [witness], BEGUN + size * HOUR)
        assert (sent.size, sent.trouble) == (size, "")
    kept = [read_claim(path) for path in sorted(Path(witness).iterdir())]
    assert [(claim.first, claim.size, len(claim.hashes)) for claim in kept] == [(0, 5, 5), (5, 11, 6), (11, 12, 1)]
    assert all(claim.is_whole and claim.is_signed_by(claim.public_key) for claim in kept)
    report = verify_database(place, kept)
    assert (report.ok, report.n_witnessed) == (True, 3)


def test_a_file_that_was_altered_is_no_evidence(place: Place, policy: Policy, tmp_path: Path) -> None:
    grown(place, 4)
    (witness,) = folders(tmp_path, "clerk")
    (sent,) = export_due(place, policy, [witness], LATER)
    assert sent.path is not None
    told = json.loads(sent.path.read_text())
    told["leaf_hashes"][2] = "00" * 32
    report = verify_database(place, [Claim.of(told)])
    assert [finding.kind for finding in report.findings] == ["unsigned"]
    told = {**json.loads(sent.path.read_text()), "root": "00" * 32}
    assert [finding.kind for finding in verify_database(place, [Claim.of(told)]).findings] == ["unsigned"]


def test_heads_go_as_often_as_the_policy_says_and_only_when_there_is_news(
    sqlite_place: Place, policy: Policy, tmp_path: Path
) -> None:
    (witness,) = folders(tmp_path, "clerk")
    minutes = timedelta(minutes=policy.record.head_minutes)
    grown(sqlite_place, 1)
    assert len(export_due(sqlite_place, policy, [witness], BEGUN)) == 1
    assert export_due(sqlite_place, policy, [witness], BEGUN + 2 * minutes) == [], "nothing new"
    grown(sqlite_place, 1, start=LATER)
    assert export_due(sqlite_place, policy, [witness], BEGUN + minutes / 2) == [], "not yet due"
    assert len(export_due(sqlite_place, policy, [witness], BEGUN + minutes / 2, all_now=True)) == 1
    grown(sqlite_place, 1, start=LATER + HOUR)
    assert len(export_due(sqlite_place, policy, [witness], BEGUN + 2 * minutes)) == 1


def test_a_witness_that_is_not_reached_is_an_alarm_and_gets_everything_later(
    sqlite_place: Place, policy: Policy, tmp_path: Path
) -> None:
    near, far = folders(tmp_path, "near", "far")
    grown(sqlite_place, 2)
    Path(far).rmdir()
    sent = export_due(sqlite_place, policy, [far, near], BEGUN)
    assert [bool(given.trouble) for given in sent] == [True, False]
    assert [alarm.name for alarm in alarms.open_alarms(sqlite_place.data)] == [f"witness {far}"]
    assert not Path(far).exists(), "the folder is the witness's: one made by us would be nobody's"
    Path(far).mkdir()
    assert [given.trouble for given in export_due(sqlite_place, policy, [far, near], BEGUN)] == [""], (
        "at once, not in an hour"
    )
    assert alarms.open_alarms(sqlite_place.data) == []
    (path,) = Path(far).iterdir()
    assert len(read_claim(path).hashes) == 3


def test_nothing_is_written_over(sqlite_place: Place, policy: Policy, tmp_path: Path) -> None:
    (witness,) = folders(tmp_path, "clerk")
    grown(sqlite_place, 2)
    (sent,) = export_due(sqlite_place, policy, [witness], BEGUN)
    assert sent.path is not None
    (sqlite_place.folder / STATE).unlink()
    assert [given.trouble for given in export_due(sqlite_place, policy, [witness], BEGUN)] == [""], (
        "the same again is well"
    )
    (sqlite_place.folder / STATE).unlink()
    sent.path.write_text("something else")
    (again,) = export_due(sqlite_place, policy, [witness], BEGUN)
    assert "says something else" in again.trouble
    assert sent.path.read_text() == "something else"
    assert list(Path(witness).iterdir()) == [sent.path], "no temporary file is left"


def test_a_witness_that_knows_more_than_the_record_is_an_alarm(place: Place, policy: Policy, tmp_path: Path) -> None:
    """A backup was restored, or the record truncated: the schedule itself finds it."""
    (witness,) = folders(tmp_path, "clerk")
    grown(place, 5)
    export_due(place, policy, [witness], BEGUN)
    with owning(place) as connection:
        cut(connection, 3)
    (sent,) = export_due(place, policy, [witness], LATER)
    assert "not here any more" in sent.trouble
    assert len(alarms.open_alarms(place.data)) == 1


def test_a_damaged_record_gives_witnesses_nothing_but_an_alarm(place: Place, policy: Policy, tmp_path: Path) -> None:
    (witness,) = folders(tmp_path, "clerk")
    grown(place, 5)
    with owning(place) as connection:
        connection.execute(text("UPDATE access_record SET leaf_hash = :hash WHERE record_id = 3"), {"hash": bytes(32)})
    (sent,) = export_due(place, policy, [witness], BEGUN)
    assert "alpr record verify" in sent.trouble
    assert list(Path(witness).iterdir()) == []
    assert len(alarms.open_alarms(place.data)) == 1


def test_a_mail_holds_the_head_and_says_it_in_words(sqlite_place: Place, policy: Policy) -> None:
    grown(sqlite_place, 2)
    told = by_mail(policy, "clerk@city.example")
    (sent,) = export_due(sqlite_place, told, ["clerk@city.example"], BEGUN)
    assert sent.path is not None
    assert sent.path.parent == sqlite_place.folder / "outgoing"
    mail = email.message_from_bytes(sent.path.read_bytes(), policy=email.policy.default)
    assert mail["To"] == "clerk@city.example"
    letter, head = mail.iter_parts()
    assert "3 (three)" in letter.get_content()
    assert Claim.of(json.loads(head.get_content())).size == 3


def test_the_schedule_needs_the_environment_only(sqlite_place: Place, tmp_path: Path) -> None:
    near, far = folders(tmp_path, "near", "far")
    settings = Settings(
        data=sqlite_place.data, keys=sqlite_place.keys, record=sqlite_place.folder, witnesses=f"{near}:{far}"
    )
    grown(sqlite_place, 2)
    assert [given.witness for given in send_heads(settings, BEGUN)] == [near, far]
    assert send_heads(settings, BEGUN, all_now=True) == []


def test_without_a_record_nothing_is_sent_and_a_lost_one_is_an_alarm(
    sqlite_place: Place, policy: Policy, tmp_path: Path
) -> None:
    (witness,) = folders(tmp_path, "clerk")
    assert export_due(sqlite_place, policy, [witness], BEGUN) == []
    assert not sqlite_place.folder.exists(), "asking makes none"
    grown(sqlite_place, 2)
    sqlite_place.engine.dispose()
    shutil.rmtree(sqlite_place.folder)
    assert export_due(sqlite_place, policy, [witness], BEGUN) == []
    assert [alarm.name for alarm in alarms.open_alarms(sqlite_place.data)] == [alarms.RECORD]


def test_the_code_on_the_sheet_is_the_head(sqlite_place: Place) -> None:
    """As a camera reads it: drawn, then decoded by another library."""
    grown(sqlite_place, 2)
    with snapshot(sqlite_place.engine) as connection:
        head, public_key = newest_head(connection), public_key_of(connection)
    assert head is not None
    drawn = io.BytesIO()
    code_of(head, public_key).save(drawn, kind="png", scale=4, border=4)
    (said,) = zxingcpp.read_barcodes(np.asarray(Image.open(drawn).convert("L")))
    assert Claim.of(json.loads(said.text)).is_signed_by(public_key)


def test_a_sheet_of_paper_says_it_in_digits_and_words_and_needs_no_network(sqlite_place: Place, policy: Policy) -> None:
    grown(sqlite_place, 2)
    with snapshot(sqlite_place.engine) as connection:
        head, public_key = newest_head(connection), public_key_of(connection)
    assert head is not None
    page = sheet(head, public_key, agency="Police & Fire", zone=policy.zone)
    assert "3 (three)" in page
    assert "Police &amp; Fire" in page
    assert head.signature.hex() in page
    assert "<svg" in page
    assert "src=" not in page
    assert "<script" not in page


def test_a_time_is_the_departments_with_utc_beside_it() -> None:
    said = time_in_words(BEGUN, ZoneInfo("America/Los_Angeles"))
    assert said == "Monday, 15 June 2026, 11:00:00 PDT (2026-06-15 18:00:00 UTC)"


@pytest.mark.parametrize(
    ("n", "words"),
    [
        (0, "zero"),
        (13, "thirteen"),
        (40, "forty"),
        (1042, "one thousand forty-two"),
        (1_000_100, "one million one hundred"),
        (999_999, "nine hundred ninety-nine thousand nine hundred ninety-nine"),
    ],
)
def test_numbers_in_words(n: int, words: str) -> None:
    assert number_in_words(n) == words


@given(st.integers(min_value=0, max_value=10**15 - 1), st.integers(min_value=0, max_value=10**15 - 1))
@example(20, 200)
def test_no_two_numbers_are_the_same_words(a: int, b: int) -> None:
    assert (number_in_words(a) == number_in_words(b)) == (a == b)
