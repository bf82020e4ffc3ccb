"""The live stream: a number to who may see, for as long as he may, and never use of his session (422.4(e), 422.4(f))."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from alpr_assets.access.roles import Role
from alpr_assets.console.pages import streams
from alpr_assets.console.pages.streams import A_SESSION
from alpr_assets.policy import Policy
from alpr_assets.store import people, schema
from alpr_assets.store.engine import reading
from tests.console.browsers import served
from tests.console.consoles import Console
from tests.console.hit_pages import PLATE, HitPages, hit_pages

SOON = 10.0  # seconds


@pytest.fixture
def pages(tmp_path: Path, policy: Policy) -> Iterator[HitPages]:
    with hit_pages(tmp_path, policy) as opened:
        yield opened


@pytest.fixture
def url(pages: HitPages) -> Iterator[str]:
    with served(pages.console) as address:
        yield address


@contextmanager
def streaming(console: Console, url: str, who: Role | int, since: str = "0-0", token: str = "") -> Iterator[Any]:
    """(status, an iterator over (event, data)) of one open stream."""
    if isinstance(who, Role):
        who = console.members.setdefault(who, console.member(who))
    headers = {"cookie": f"alpr={token or console.token(who)}", "sec-fetch-mode": "cors", "accept": "text/event-stream"}
    with httpx.stream("GET", f"{url}/hits/stream?since={since}", headers=headers, timeout=SOON) as answer:
        yield answer, events(answer)


def events(answer: httpx.Response) -> Iterator[tuple[str, str]]:
    name = ""
    for text in answer.iter_lines():
        if text.startswith("event: "):
            name = text.removeprefix("event: ")
        elif text.startswith("data: ") and name:
            yield name, text.removeprefix("data: ")
            name = ""


def test_a_hit_is_told_within_seconds_as_a_number_and_nothing_else(pages: HitPages, url: str):
    with streaming(pages.console, url, Role.OFFICER) as (answer, told):
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
        started = time.monotonic()
        pages.raised(PLATE)
        assert next(told) == ("hits", '<strong data-n="1">1 new hit</strong>')
        pages.raised("8XYZ999", name="more.csv")
        assert 'data-n="2"' in next(told)[1]
        assert time.monotonic() - started < 5
    assert not pages.console.recorder.entries, "a number is no data about vehicles"


@pytest.mark.clause("422.4(e)")
def test_what_he_may_not_see_is_not_counted(pages: HitPages, url: str):
    pages.covert_hit("9AAA111")
    (other,) = pages.raised(PLATE)
    pages.set(schema.hit, schema.hit.c.hit_id == other, restricted=True)
    with streaming(pages.console, url, Role.OFFICER) as (_, told):
        pages.raised("8XYZ999", name="more.csv")
        assert 'data-n="1"' in next(told)[1]


@pytest.mark.parametrize("how", ["revoked", "idle", "expired", "suspended", "locked", "untrained", "source"])
def test_a_stream_ends_with_what_allowed_it(pages: HitPages, url: str, how: str):
    who = pages.console.member(Role.OFFICER)
    with streaming(pages.console, url, who) as (_, told):
        if how == "untrained":
            pages.console.withdraw_training(who)
        elif how == "source":
            at = pages.console.clock.now
            pages.set(people.member_source, people.member_source.c.member_id == who, revoked_at=at, revoked_by=who)
            pages.raised(PLATE)
            time.sleep(0.3)
            pages.console.revoke(who)
        else:
            pages.console.end(who, how)
        assert [name for name, _ in told] == ["ended"]


@pytest.mark.parametrize(
    ("role", "trained", "status"), [(Role.ENGINEER, True, 403), (Role.AUDITOR, True, 403), (Role.OFFICER, False, 403)]
)
def test_who_may_not_view_hits_gets_no_stream(pages: HitPages, url: str, role: Role, trained: bool, status: int):
    who = pages.console.member(role, **({} if trained else {"trained_until": None}))
    with streaming(pages.console, url, who) as (answer, _):
        assert answer.status_code == status


def test_without_a_session_there_is_none(pages: HitPages, url: str):
    with streaming(pages.console, url, Role.OFFICER, token="nobody's") as (answer, _):
        assert answer.status_code == 401


@pytest.mark.parametrize("since", ["", "1", "-", "a-b", "1-1-1", "-1-0", "9" * 40 + "-0", "1-%00"])
def test_a_mark_that_is_none_is_refused(pages: HitPages, url: str, since: str):
    with streaming(pages.console, url, Role.OFFICER, since) as (answer, _):
        assert answer.status_code == 400


def test_an_open_stream_is_no_use_of_the_session(pages: HitPages, url: str):
    session = people.member_session
    with streaming(pages.console, url, Role.OFFICER) as (_, told):
        pages.console.clock.move(minutes=10)
        pages.raised(PLATE)
        next(told)
        with reading(pages.console.services.store.engine) as connection:
            (active,) = connection.execute(session.select()).all()
        assert active.last_active_at == active.opened_at


def test_a_session_holds_so_many_and_a_closed_one_makes_room(pages: HitPages, url: str):
    who = pages.console.member(Role.OFFICER)
    token = pages.console.token(who)
    opened = [streaming(pages.console, url, who, token=token) for _ in range(A_SESSION)]
    assert [one.__enter__()[0].status_code for one in opened] == [200] * A_SESSION
    pages.raised(PLATE)
    with streaming(pages.console, url, who, token=token) as (answer, _):
        assert answer.status_code == 429
    for one in opened:
        one.__exit__(None, None, None)
    until = time.monotonic() + SOON
    while sum(streams.STREAMS.open.values()) and time.monotonic() < until:
        time.sleep(0.05)
    with streaming(pages.console, url, who, token=token) as (answer, _):
        assert answer.status_code == 200


def test_a_heartbeat_keeps_proxies_from_closing_it(pages: HitPages, url: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(streams, "HEARTBEAT_SECONDS", 0.1)
    with streaming(pages.console, url, Role.OFFICER) as (answer, _):
        assert next(answer.iter_lines()).startswith(": ping")
