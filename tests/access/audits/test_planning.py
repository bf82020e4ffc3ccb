"""An audit from its plan to the signature: by whom, in which order, and what nobody can do (422.6(c))."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, date, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from alpr_assets.access.audits import listing, planning
from alpr_assets.access.audits.judging import Answer
from alpr_assets.access.record.exporting import export_record
from alpr_assets.access.roles import Action, Role
from alpr_assets.errors import AccessRefusedError, IllegalMoveError, MalformedError
from alpr_assets.store import people
from alpr_assets.store.audits import audit, audit_item
from alpr_assets.store.engine import reading, writing
from tests.access.audits.acts import NOW, Department
from tests.access.people import a_member

DAY = datetime(2026, 6, 8, 17, tzinfo=UTC)


@pytest.fixture
def busy(agency: Department) -> Department:
    """Forty looks of four officers, a week ago."""
    officers = [a_member(agency.office, Role.OFFICER, f"officer{n}", password=None) for n in range(4)]
    agency.now = DAY
    for n in range(40):
        agency.look(officers[n % 4], DAY + timedelta(minutes=n), plate=f"7ABC{n:03}", case=f"26-{n:05}")
    agency.now = NOW
    return agency


def items(agency: Department, audit_id: int) -> list[dict[str, object]]:
    with reading(agency.engine) as connection:
        return listing.told(connection, audit_id)["items"]


@pytest.mark.clause("422.6(c)")
def test_an_audit_goes_from_plan_to_signature_and_nothing_changes_behind_it(busy: Department) -> None:
    audit_id = busy.drawn()
    sample = items(busy, audit_id)
    assert [item["number"] for item in sample] == [1, 2, 3]  # nothing gave a signal
    for item in sample[1:]:
        busy.judge(audit_id, item["record_id"])
    first = sample[0]["record_id"]
    with pytest.raises(IllegalMoveError, match="1 entries"):
        busy.sign(audit_id)
    busy.judge(audit_id, first, case_exists=Answer.NO, note="no such case in the records system")
    finding_id = busy.find(audit_id, first)
    busy.sign(audit_id)
    with pytest.raises(IllegalMoveError):
        busy.judge(audit_id, first)
    with pytest.raises(IllegalMoveError):
        busy.find(audit_id, first)
    with reading(busy.engine) as connection:
        told = listing.told(connection, audit_id)
    assert [one["kind"] for one in told["decisions"]] == ["planned", "approved", "drawn", "signed"]
    assert (told["findings"][0]["finding_id"], told["findings"][0]["status"]) == (finding_id, "open")


def test_who_plans_does_not_approve_and_who_audits_does_not_sign(busy: Department) -> None:
    for wrong in (
        {"approver_id": busy.who(Role.COMMANDER).member_id},  # who plans
        {"approver_id": busy.who(Role.OFFICER).member_id},
        {"auditor_id": busy.who(Role.CUSTODIAN).member_id},
        {"auditor_id": busy.who(Role.OFFICER).member_id},
    ):
        with pytest.raises(MalformedError) as refused:
            busy.plan(**wrong)
        assert refused.value.code == "people"
    audit_id = busy.plan()
    with pytest.raises(AccessRefusedError):
        busy.approve(audit_id, Role.COMMANDER)
    busy.approve(audit_id)
    with pytest.raises(IllegalMoveError):
        busy.approve(audit_id)
    busy.draw(audit_id)
    for item in items(busy, audit_id):
        busy.judge(audit_id, item["record_id"])
    for who in (Role.COMMANDER, Role.AUDITOR):
        with pytest.raises(AccessRefusedError):
            busy.sign(audit_id, who)


@pytest.mark.clause("422.6(c)")
def test_nobody_judges_or_signs_off_his_own_searches(agency: Department) -> None:
    """The auditor was an officer in the period, and the approver searched too: each is judged by the other, and a third signs."""
    auditor, custodian, attorney = agency.who(Role.AUDITOR), agency.who(Role.CUSTODIAN), agency.who(Role.ATTORNEY)
    agency.now = DAY
    for n in range(4):
        agency.look(auditor if n % 2 else custodian, DAY + timedelta(minutes=n))
    agency.now = NOW
    audit_id = agency.drawn(n_random=4)
    sample = items(agency, audit_id)
    assert {(item["member_id"], item["reviewer_id"]) for item in sample} == {
        (auditor.member_id, custodian.member_id), (custodian.member_id, auditor.member_id),
    }  # fmt: skip
    for item in sample:
        own, other = (
            (Role.AUDITOR, Role.CUSTODIAN) if item["member_id"] == auditor.member_id else (Role.CUSTODIAN, Role.AUDITOR)
        )
        with pytest.raises(AccessRefusedError):
            agency.judge(audit_id, item["record_id"], own)
        agency.judge(audit_id, item["record_id"], other)
    with pytest.raises(AccessRefusedError):
        agency.sign(audit_id, Role.CUSTODIAN)
    agency.sign(audit_id, attorney)


@pytest.mark.clause("422.6(c)")
def test_an_outsider_draws_the_same_sample_from_an_export(busy: Department, tmp_path) -> None:
    """As docs/audits.md says, with nothing of ours."""
    audit_id = busy.plan(n_random=7, n_risk=0)
    busy.approve(audit_id)
    sample = busy.draw(audit_id)
    export_record(busy.place, tmp_path / "export.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "export.jsonl").read_text().splitlines()]
    entries = [json.loads(line["leaf"]) for line in lines if "leaf" in line]
    heads = [line["head"] for line in lines if "head" in line]
    approval = max(one["record_id"] for one in entries if one["action"] == "approve_audit" and one["outcome"] == "done")
    head = min((one for one in heads if one["size"] > approval), key=lambda one: one["size"])
    told = ("alpr audit sample 1", head["log_id"], str(head["size"]), head["root"], str(audit_id))
    seed = hashlib.sha256("\n".join(told).encode()).hexdigest()
    population = [
        one["record_id"]
        for one in entries
        if one["record_id"] < head["size"] and one["actor"]["member_id"] is not None
        and one["kind"] in {"query", "image", "export", "release"} and "2026-06-01T07:00" <= one["at"] < "2026-06-15T07:00"
    ]  # fmt: skip
    drawn = sorted(population, key=lambda number: hashlib.sha256(f"{seed} {number}".encode()).digest())[:7]
    assert (seed, drawn) == (sample.seed, [one.record_id for one in sample.drawn])
    assert len(population) == sample.n_entries == 40
    digest = hashlib.sha256("".join(f"{number}\n" for number in sorted(population)).encode()).hexdigest()
    assert digest == sample.entries_sha256


def test_a_sample_is_fixed_by_the_approval_and_cannot_be_had_again(busy: Department) -> None:
    audit_id = busy.plan()
    busy.approve(audit_id)
    first = busy.sampled(audit_id)
    busy.look(busy.who(Role.OFFICER), NOW - timedelta(minutes=1))
    assert busy.sampled(audit_id) == first
    with pytest.raises(IllegalMoveError):
        cancel(busy, audit_id)
    assert busy.draw(audit_id) == first
    with pytest.raises(IllegalMoveError):
        busy.draw(audit_id)
    other = busy.plan()
    busy.approve(other)
    assert busy.sampled(other).seed != first.seed
    dropped = busy.plan()
    cancel(busy, dropped)
    with pytest.raises(IllegalMoveError):
        busy.approve(dropped)


def cancel(agency: Department, audit_id: int) -> None:
    agency.act(
        Role.COMMANDER, Action.PLAN_AUDIT, partial(planning.cancel, audit_id=audit_id, reason="planned by mistake")
    )


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"until_on": date(2026, 6, 15)}, "period"), ({"since_on": date(2026, 6, 14), "until_on": date(2026, 6, 13)}, "period"),
        ({"since_on": date(2020, 1, 1)}, "period"), ({"n_random": 0, "n_risk": 0}, "sample"), ({"n_random": -1}, "sample"),
        ({"n_random": 5_000}, "sample"), ({"areas": ("looks_bad",)}, "areas"),
    ],
)  # fmt: skip
def test_a_plan_that_cannot_be_carried_out_is_refused(agency: Department, changes, code: str) -> None:
    with pytest.raises(MalformedError) as refused:
        agency.plan(**changes)
    assert refused.value.code == code


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET n_random = 1", "UPDATE audit SET seed = 'x'", "UPDATE audit SET approver_id = 99", "DELETE FROM audit",
        "UPDATE audit SET status = 'approved', seed = NULL, head_size = NULL, entries_sha256 = NULL", "UPDATE audit SET status = 'signed'",
        "UPDATE audit_item SET reviewer_id = 99", "DELETE FROM audit_item", "UPDATE audit_decision SET reason = 'other'",
        "DELETE FROM audit_decision", "UPDATE audit_judgement SET case_exists = 'no', note = 'xyz'", "DELETE FROM audit_judgement",
        "UPDATE finding SET text = 'nothing'", "UPDATE finding SET status = 'closed'", "DELETE FROM finding", "DELETE FROM finding_move",
        "INSERT INTO audit_item SELECT audit_id, 9999, 99, chosen, member_id, reviewer_id, signals FROM audit_item",
    ],
)  # fmt: skip
def test_the_database_refuses_what_code_might_forget(busy: Department, statement: str) -> None:
    audit_id = busy.drawn()
    first = items(busy, audit_id)[0]["record_id"]
    busy.judge(audit_id, first)
    busy.find(audit_id, first)
    with pytest.raises(DBAPIError), writing(busy.engine) as connection:
        connection.execute(text(statement))


def test_behind_the_signature_the_database_takes_nothing_more(busy: Department) -> None:
    audit_id = busy.drawn(n_random=1)
    (only,) = items(busy, audit_id)
    busy.judge(audit_id, only["record_id"])
    busy.sign(audit_id)
    for statement in (
        (
            "INSERT INTO audit_judgement SELECT judgement_id + 1, audit_id, record_id, 2, 'yes', 'yes', 'yes', '', member_id, decided_at "
            "FROM audit_judgement"
        ),
        (
            "INSERT INTO audit_decision SELECT decision_id + 100, audit_id, 9, 'cancelled', decided_at, member_id, 'why not' "
            "FROM audit_decision WHERE kind = 'signed'"
        ),
    ):
        with pytest.raises(DBAPIError), writing(busy.engine) as connection:
            connection.execute(text(statement))
    with reading(busy.engine) as connection:
        assert connection.scalar(select(audit.c.status)) == "signed"
        assert connection.scalar(select(audit_item.c.chosen)) == "random"


def leaves(agency: Department, who: Role) -> None:
    with writing(agency.engine) as connection:
        this = people.member.c.member_id == agency.who(who).member_id
        connection.execute(people.member.update().where(this).values(status="separated"))


def test_when_the_auditor_leaves_the_approver_judges_and_another_signs(busy: Department) -> None:
    audit_id = busy.drawn(n_random=2)
    first, second = (item["record_id"] for item in items(busy, audit_id))
    busy.judge(audit_id, first)
    with pytest.raises(AccessRefusedError):
        busy.judge(audit_id, second, Role.CUSTODIAN)
    leaves(busy, Role.AUDITOR)
    with pytest.raises(AccessRefusedError):
        busy.judge(audit_id, second, Role.COMMANDER)
    busy.judge(audit_id, second, Role.CUSTODIAN)
    with pytest.raises(AccessRefusedError):
        busy.sign(audit_id, Role.CUSTODIAN)
    busy.sign(audit_id, Role.ATTORNEY)


def test_when_the_approver_leaves_another_signs(busy: Department) -> None:
    audit_id = busy.drawn(n_random=1)
    (only,) = items(busy, audit_id)
    busy.judge(audit_id, only["record_id"])
    with pytest.raises(AccessRefusedError):
        busy.sign(audit_id, Role.ATTORNEY)
    leaves(busy, Role.CUSTODIAN)
    busy.sign(audit_id, Role.ATTORNEY)
