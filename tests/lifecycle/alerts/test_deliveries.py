"""Nothing is lost, and nothing arrives twice unmarked, whatever a receiver does (422.4(f))."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread

import pytest
from standardwebhooks import Webhook

from alpr_assets.access.record import alarms
from alpr_assets.access.record.entries import Outcome, RecordUnavailableError
from alpr_assets.access.roles import Role
from alpr_assets.errors import IllegalMoveError, NotFoundError
from alpr_assets.lifecycle.alerts import outbox
from alpr_assets.lifecycle.alerts.deliveries import waiting
from alpr_assets.lifecycle.alerts.leases import Counts
from alpr_assets.policy import Policy
from tests.access.people import a_member, actor
from tests.lifecycle.alerts.desks import NOW, PLATE, Desk, alerting
from tests.lifecycle.alerts.receivers import Receiver, receiver


@pytest.mark.clause("422.4(f)")
def test_a_hit_reaches_its_destination_signed_and_recorded_first(desk: Desk, cad: Receiver) -> None:
    destination_id = desk.approved(cad.url)
    hit_id = desk.hit()
    recorded: list[int] = []
    cad.on_request = lambda: recorded.append(len(desk.sent()))
    assert desk.fill() == 1
    assert desk.deliver() == Counts(n_delivered=1)
    (got,) = cad.got
    said = Webhook(desk.secrets[destination_id]).verify(got.body, got.headers)
    (row,) = desk.rows()
    assert said == {
        "hit_id": hit_id, "link": f"https://alpr.pd.example:8422/hits/{hit_id}", "delivery_id": row.delivery_id,
        "attempt": 1, "duplicate": False,
    }  # fmt: skip
    assert (row.state, row.attempts, row.last_error) == ("delivered", 1, None)
    assert recorded == [1]
    (entry,) = desk.sent()
    assert entry.details == {"destination_id": destination_id, "delivery_id": row.delivery_id, "attempt": 1}
    assert [(result.kind, result.id) for result in entry.results] == [("hit", hit_id)]
    assert desk.deliver() == Counts()


def test_nothing_leaves_but_an_id_and_a_link(alone: Desk, cad: Receiver) -> None:
    alone.approved(cad.url)
    alone.hit()
    alone.fill()
    alone.deliver()
    (got,) = cad.got
    assert set(got.said) == {"hit_id", "link", "delivery_id", "attempt", "duplicate"}
    assert set(got.headers) == {
        "host", "content-type", "content-length", "user-agent", "webhook-id", "webhook-timestamp", "webhook-signature",
    }  # fmt: skip
    for secret in (PLATE, "stolen", "watch", "-121", "unit-12", "department"):
        assert secret.lower().encode() not in got.raw.lower()


def test_a_failed_attempt_is_repeated_later_and_marked(desk: Desk, cad: Receiver) -> None:
    desk.policy = alerting(desk.policy, timeout_seconds=1.5)
    destination_id = desk.approved(cad.url)
    desk.hit()
    desk.fill()
    cad.plan.extend(["fail", "hang", "lost", "ok"])
    at = 1.0
    for failed in ("http_500", "timeout", "no_http"):
        assert desk.deliver(after=at) == Counts(n_failed=1)
        assert desk.deliver(after=at + 1) == Counts(), "too early"
        assert desk.rows()[0].last_error == failed
        at += 60
    assert desk.deliver(after=at) == Counts(n_delivered=1)
    assert [(got.said["attempt"], got.said["duplicate"]) for got in cad.got] == [
        (1, False), (2, True), (3, True), (4, True),
    ]  # fmt: skip
    assert len({got.headers["webhook-id"] for got in cad.got}) == 1
    signs = Webhook(desk.secrets[destination_id])
    for got in cad.got:
        at_ = NOW.fromtimestamp(int(got.headers["webhook-timestamp"]), tz=NOW.tzinfo)
        assert signs.sign(got.headers["webhook-id"], at_, got.body.decode()) == got.headers["webhook-signature"]
    assert [entry.details["attempt"] for entry in desk.sent()] == [1, 2, 3, 4]


def test_what_never_arrives_is_a_dead_letter_with_an_alarm_until_it_is_sent_again(desk: Desk, cad: Receiver) -> None:
    desk.approved(cad.url)
    desk.hit()
    desk.fill()
    cad.usual = "fail"
    for attempt in range(3):
        assert desk.deliver(after=3600 * attempt + 1) == Counts(n_failed=1)
    assert desk.deliver(after=3600 * 4) == Counts(n_dead=1)
    data = desk.settings.path("data")
    assert [alarm.name for alarm in alarms.open_alarms(data)] == [f"{outbox.ALARM}1"]
    assert PLATE not in (data / alarms.FILE).read_text()
    (dead,) = outbox.dead_letters(desk.store.engine, desk.commander)
    assert (dead.attempts, dead.last_error, dead.destination) == (4, "http_500", "CAD")
    assert desk.deliver(after=3600 * 9) == Counts()
    cad.usual = "ok"
    again = NOW + timedelta(hours=10)
    outbox.send_again(desk.office, dead.outbox_id, by=actor(desk.supervisor), at=again)
    with pytest.raises(NotFoundError):
        outbox.send_again(desk.office, dead.outbox_id, by=actor(desk.supervisor), at=again)
    assert desk.deliver(after=36000) == Counts(n_delivered=1)
    assert cad.got[-1].said["duplicate"]
    assert not alarms.open_alarms(data)


def test_a_dead_letter_is_not_kept_for_ever(desk: Desk, cad: Receiver) -> None:
    desk.approved(cad.url)
    desk.hit()
    desk.fill()
    cad.usual = "gone"
    assert desk.deliver() == Counts(n_dead=1), "who says that it is gone is asked no more"
    assert desk.fill(after=29 * 86400) == 0
    assert desk.states() == ["dead"]
    assert desk.fill(after=31 * 86400) == 0
    assert desk.states() == ["void"]
    desk.deliver(after=31 * 86400)
    assert not alarms.open_alarms(desk.settings.path("data"))


@pytest.mark.clause("422.4(e)")
def test_a_dead_letter_is_shown_to_nobody_who_may_not_see_its_hit(alone: Desk, cad: Receiver) -> None:
    alone.approved(cad.url)
    alone.hit(source="state")
    alone.fill()
    cad.usual = "gone"
    alone.deliver()
    (dead,) = outbox.dead_letters(alone.store.engine, alone.commander)
    other = a_member(alone.office, Role.SUPERVISOR)
    assert outbox.dead_letters(alone.store.engine, other) == []
    with pytest.raises(NotFoundError):
        outbox.send_again(alone.office, dead.outbox_id, by=actor(other), at=NOW)
    assert alone.record.last.outcome is Outcome.REFUSED


def test_what_cannot_be_recorded_is_not_sent(desk: Desk, cad: Receiver) -> None:
    desk.approved(cad.url)
    desk.hit()
    desk.fill()
    desk.record.down = True
    with pytest.raises(RecordUnavailableError):
        desk.deliver()
    assert not cad.got
    desk.record.down = False
    assert desk.deliver() == Counts(n_delivered=1)
    assert not cad.got[0].said["duplicate"], "nothing had been sent before"


def test_a_withdrawn_destination_gets_nothing_that_waits(desk: Desk, cad: Receiver) -> None:
    destination_id = desk.approved(cad.url)
    desk.hit()
    desk.fill()
    desk.withdraw(destination_id)
    assert desk.deliver() == Counts(n_void=1)
    desk.hit()
    assert desk.fill() == 0
    assert not cad.got
    assert desk.states() == ["void"]


def test_a_hit_that_came_to_an_end_meanwhile_is_told_no_more(desk: Desk, cad: Receiver) -> None:
    desk.approved(cad.url)
    desk.dismiss(desk.hit())
    assert desk.fill() == 0, "at an end before"
    second = desk.hit()
    desk.fill()
    desk.dismiss(second)
    assert desk.deliver() == Counts(n_void=1)
    assert not cad.got


def test_a_receiver_that_hangs_delays_no_other(alone: Desk, cad: Receiver, tmp_path: Path) -> None:
    alone.policy = alerting(alone.policy, timeout_seconds=2)
    with receiver(tmp_path / "tls", usual="hang") as slow:
        alone.approved(slow.url)
        alone.approved(cad.url)
        for _ in range(3):
            alone.hit()
        alone.fill()
        late: list[float] = []
        began = time.monotonic()
        cad.on_request = lambda: late.append(time.monotonic() - began)
        assert alone.deliver() == Counts(n_delivered=3, n_failed=1), "one attempt is enough to see that it hangs"
        assert max(late) < 2, "before the other's time was over"


def test_what_becomes_due_while_another_hangs_is_taken_in_the_same_round(
    alone: Desk, cad: Receiver, tmp_path: Path
) -> None:
    alone.policy = alerting(alone.policy, timeout_seconds=2)
    with receiver(tmp_path / "tls", usual="hang") as slow:
        alone.approved(slow.url, categories=frozenset({"stolen_plate"}))
        alone.approved(cad.url)
        alone.hit(category="stolen_plate")
        alone.fill()
        slow.on_request = lambda: (alone.hit(), alone.fill())
        assert alone.deliver() == Counts(n_delivered=1, n_failed=1)


@pytest.mark.parametrize("kind", ["hang", "drip", "silent"])
def test_an_attempt_ends_when_its_time_is_over(alone: Desk, cad: Receiver, kind: str) -> None:
    """A byte every 50 ms would keep every single read in time, and each of these receivers 5 s."""
    alone.policy = alerting(alone.policy, timeout_seconds=0.5)
    alone.approved(cad.url)
    alone.hit()
    alone.fill()
    cad.plan.append(kind)
    began = time.monotonic()
    assert alone.deliver() == Counts(n_failed=1)
    assert time.monotonic() - began < 4
    assert alone.rows()[0].last_error == "timeout"


def test_a_receiver_that_is_restarted_gets_all(alone: Desk, cad: Receiver) -> None:
    alone.approved(cad.url)
    hits = [alone.hit() for _ in range(5)]
    alone.fill()
    cad.stop()
    time.sleep(0.1)
    assert alone.deliver() == Counts(n_failed=1)
    assert alone.rows()[0].last_error == "connect"
    cad.start()
    assert alone.deliver(after=60) == Counts(n_delivered=5)
    assert sorted(got.said["hit_id"] for got in cad.got) == hits


def test_what_the_receiver_asks_for_is_honoured(alone: Desk, cad: Receiver) -> None:
    alone.approved(cad.url)
    alone.hit()
    alone.fill()
    cad.plan.append("busy")
    alone.deliver()
    wait = (alone.rows()[0].next_attempt_at - NOW).total_seconds()
    assert 40 <= wait <= 43


def test_no_redirect_is_followed(alone: Desk, cad: Receiver) -> None:
    alone.approved(cad.url)
    alone.hit()
    alone.fill()
    cad.plan.append("moved")
    assert alone.deliver() == Counts(n_failed=1)
    assert alone.rows()[0].last_error == "http_307"
    assert len(cad.got) == 1


def test_waits_double_and_end_at_the_policys_longest(policy: Policy) -> None:
    for tries in range(1, 300):
        wait = waiting(tries, None, policy)
        doubled = min(5 * 2.0 ** (tries - 1), 3600)
        assert 0.8 * doubled <= wait <= min(1.2 * doubled, 3600)
    assert waiting(1, 1e9, policy) == 3600
    assert waiting(1, 60, policy) == 60


def test_when_the_worker_ends_nothing_more_begins(alone: Desk, cad: Receiver) -> None:
    alone.approved(cad.url)
    for _ in range(20):
        alone.hit()
    alone.fill()
    ending = Event()
    cad.on_request = ending.set
    assert alone.deliver(ending=ending) == Counts(n_delivered=1)
    assert alone.deliver() == Counts(n_delivered=19)


def test_two_workers_send_nothing_twice(desk: Desk, cad: Receiver) -> None:
    desk.approved(cad.url)
    hits = [desk.hit() for _ in range(30)]
    assert desk.fill() == 30
    done: list[Counts] = []
    workers = [Thread(target=lambda: done.append(desk.deliver())) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sum(done, Counts()) == Counts(n_delivered=30)
    assert sorted(got.said["hit_id"] for got in cad.got) == hits


def test_a_dead_letter_of_a_withdrawn_destination_is_sent_nowhere(alone: Desk, cad: Receiver) -> None:
    destination_id = alone.approved(cad.url)
    alone.hit()
    alone.fill()
    cad.usual = "gone"
    alone.deliver()
    (dead,) = outbox.dead_letters(alone.store.engine, alone.commander)
    alone.withdraw(destination_id)
    assert outbox.dead_letters(alone.store.engine, alone.commander) == []
    with pytest.raises(IllegalMoveError):
        outbox.send_again(alone.office, dead.outbox_id, by=actor(alone.commander), at=NOW)
