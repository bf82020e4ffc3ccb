"""The sample: the same from the same seed wherever it is drawn, by chance evenly, and by signals with everybody in turn."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from alpr_assets.access.audits import looks
from alpr_assets.access.audits.drawing import by_chance, draw, seed_of
from alpr_assets.access.audits.rules import rules_of
from alpr_assets.access.audits.signals import Signal, find
from alpr_assets.access.record.entries import Head
from alpr_assets.access.roles import Role
from alpr_assets.policy import Policy
from tests.access.audits.acts import Department, department
from tests.access.people import a_member
from tests.conftest import make_store

HEAD = Head("a record", 1_000, b"\x07" * 32, datetime(2026, 6, 15, tzinfo=UTC), "0" * 16, b"")
BEGIN = datetime(2026, 6, 8, 17, tzinfo=UTC)
WEIGHTS = {"repeated_plate": 5.0, "vague_reason": 4.0, "off_shift": 0.0}


def looked(n: int, n_members: int = 5) -> pd.DataFrame:
    return pd.DataFrame({"record_id": range(n), "member_id": [number % n_members for number in range(n)]})


def signal(rule: str, member_id: int, record_ids: range, strength: float = 0.9) -> Signal:
    return Signal(rule, member_id, "why", strength, tuple(record_ids))


def searched(agency: Department) -> pd.DataFrame:
    """Sixty searches, some of them with "test" as the case number, as the record has them."""
    officers = [a_member(agency.office, Role.OFFICER, f"officer{n}", password=None) for n in range(3)]
    for n in range(60):
        case = "test" if n % 9 == 0 else f"26-{n:05}"
        agency.look(officers[n % 3], BEGIN + timedelta(minutes=n), plate=f"7ABC{n:03}", case=case)
    with agency.source.open() as record:
        found = looks.looks(record, agency.source, since=BEGIN, until=BEGIN + timedelta(days=1))
    agency.record.close()
    return found


def test_the_same_seed_draws_the_same_sample_on_either_database(
    tmp_path: Path, migrated_postgres_url: str, policy: Policy
) -> None:
    samples = []
    for name, url in (("sqlite", ""), ("postgresql", migrated_postgres_url)):
        (folder := tmp_path / name / "data").mkdir(parents=True)
        store = make_store(url or f"sqlite:///{folder / 'alpr.sqlite'}", tmp_path / name)
        found = searched(department(store, tmp_path / name, policy, url))
        signals = find(found, rules_of(policy, set()))
        samples.append(draw(HEAD, 4, found, signals, weights=policy.audits.weights, n_random=10, n_risk=5))
        store.engine.dispose()
    assert samples[0] == samples[1]
    assert (samples[0].n_entries, len(samples[0].drawn)) == (60, 15)
    assert {one["rule"] for drawn in samples[0].drawn for one in drawn.signals} == {"vague_reason"}


@given(audit_id=st.integers(1, 10**6), size=st.integers(1, 10**9))
def test_another_audit_or_head_has_another_seed(audit_id: int, size: int) -> None:
    other = Head(HEAD.log_id, size, HEAD.root, HEAD.at, HEAD.key_id, HEAD.signature)
    seeds = {seed_of(HEAD, audit_id), seed_of(HEAD, audit_id + 1), seed_of(other, audit_id)}
    assert len(seeds) == (3 if size != HEAD.size else 2)


def test_chance_knows_no_place_in_the_record() -> None:
    """Over many seeds, early and late entries are drawn as often as others: within five standard deviations."""
    counts = [0] * 4
    for audit_id in range(400):
        for number in by_chance(seed_of(HEAD, audit_id), range(100))[:10]:
            counts[number // 25] += 1
    assert all(abs(n - 1_000) < 5 * (4_000 * 0.25 * 0.75) ** 0.5 for n in counts)


def test_signals_take_turns_so_that_one_member_does_not_fill_the_sample() -> None:
    many = signal("repeated_plate", 1, range(0, 69, 1))
    few = signal("vague_reason", 2, range(70, 73))
    sample = draw(HEAD, 4, looked(100), [few, many], weights=WEIGHTS, n_random=0, n_risk=4)
    by_rule = [one.signals[0]["rule"] for one in sample.drawn]
    assert by_rule == ["repeated_plate", "vague_reason", "repeated_plate", "vague_reason"]


def test_an_entry_of_two_signals_is_drawn_once_with_both_reasons() -> None:
    both = [signal("repeated_plate", 1, range(3)), signal("vague_reason", 1, range(3))]
    sample = draw(HEAD, 4, looked(10), both, weights=WEIGHTS, n_random=0, n_risk=5)
    assert len(sample.drawn) == 3
    assert all(len(one.signals) == 2 for one in sample.drawn)


def test_what_chance_drew_is_not_drawn_again_and_a_rule_without_weight_draws_nothing() -> None:
    risky = [signal("repeated_plate", 1, range(10)), signal("off_shift", 1, range(10))]
    sample = draw(HEAD, 4, looked(10), risky, weights=WEIGHTS, n_random=6, n_risk=10)
    numbers = [one.record_id for one in sample.drawn]
    assert sorted(numbers) == list(range(10))
    assert {one["rule"] for drawn in sample.drawn for one in drawn.signals} == {"repeated_plate"}


def test_nothing_to_draw_from_is_an_empty_sample() -> None:
    sample = draw(HEAD, 4, looked(0), [], weights=WEIGHTS, n_random=5, n_risk=5)
    assert (sample.n_entries, sample.drawn) == (0, ())


def test_ages_are_counted_by_months() -> None:
    assert looks.months({0: 3, 29: 1, 31: 2, 800: 1})[:2] == [4, 2]
    assert sum(looks.months({0: 3, 29: 1, 31: 2, 800: 1})) == 7
    assert looks.months({}) == [0] * 12
