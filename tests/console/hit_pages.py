"""A console over a drive with hits, and what its pages of hits are asked by."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from alpr_assets.access import sessions
from alpr_assets.access.gate import Ask
from alpr_assets.access.roles import Action, Role
from alpr_assets.lifecycle.watches import watches
from alpr_assets.lifecycle.watches.raising import raise_watch_hits
from alpr_assets.lifecycle.watches.watches import Wanted, elements
from alpr_assets.policy import Policy
from alpr_assets.store.engine import writing
from tests.console.consoles import Browser, Console, open_console
from tests.patrols import DAY, Patrol, seen, watch

WHY = {"purpose": "stolen_vehicle", "case_number": "26-01234"}
YES = {"verdict": "picture", "plate": "yes", "state": "yes", "vehicle": "yes"}
PLATE = "7ABC123"


@dataclass
class HitPages:
    """One console with one patrol; hits are raised at its clock's time."""

    console: Console
    patrol: Patrol

    def raised(self, *plates: str, read: str = "", name: str = "stolen.csv", raw: bytes | None = None) -> list[int]:
        """List these plates, read one of them (the first), and match: ids of the hits that are new."""
        before = {hit.hit_id for hit in self.patrol.hits()}
        self.patrol.now = self.console.clock.now
        self.patrol.take(raw or watch(*plates), name)
        self.patrol.read(seen(read or plates[0].partition("/")[0], seconds=60 * len(before)))
        self.patrol.match()
        self.console.clock.move(minutes=1)
        return [hit.hit_id for hit in self.patrol.hits() if hit.hit_id not in before]

    def covert_hit(self, plate: str) -> tuple[int, tuple[int, int]]:
        """A hit of a covert watch; and who sees it: its owner and its supervisor."""
        console, services = self.console, self.console.services
        owner, supervisor = console.member(Role.ANALYST), console.member(Role.SUPERVISOR)
        now = self.patrol.now = console.clock.now
        wanted = Wanted(
            pattern=plate, reason="seen leaving the scene", expires_at=now + timedelta(days=5), audience="covert",
            supervisor_id=supervisor,
        )  # fmt: skip
        session = sessions.find(services.office, console.token(owner), at=now, touch=False)
        assert session is not None
        ask = Ask(action=Action.PLACE_WATCH, elements=elements(wanted), **WHY)
        services.gate.act(
            session, ask, services.store.engine, lambda g, c: watches.place(g, c, wanted, policy=services.policy)
        )
        self.patrol.read(seen(plate))
        raise_watch_hits(self.patrol.store, DAY, policy=self.patrol.policy, now=now)
        console.recorder.entries.clear()
        console.clock.move(minutes=1)
        return self.patrol.hits()[-1].hit_id, (owner, supervisor)

    def set(self, table: Any, where: Any, **values: Any) -> None:
        with writing(self.console.services.store.engine) as connection:
            connection.execute(table.update().where(where).values(**values))


@contextmanager
def hit_pages(folder: Path, policy: Policy) -> Iterator[HitPages]:
    console = open_console(folder, policy)
    yield HitPages(console, Patrol(console.services.store, folder / "drops", policy, console.clock.now))
    console.close()


def send(console: Console, browser: Browser, path: str, **fields: Any) -> Any:
    """A form as the page would send it, with purpose and number."""
    return browser.post(path, data={"form_token": console.form_token(browser), **WHY, **fields})


def decide(pages: HitPages, browser: Browser, hit_id: int, *, swap: bool = False, **fields: Any) -> Any:
    """A verdict as the hit's page would send it."""
    read_id = next(hit.read_id for hit in pages.patrol.hits() if hit.hit_id == hit_id)
    fields = {"form_token": pages.console.form_token(browser), **WHY, "read_id": read_id, **fields}
    headers = {"hx-request": "true", "hx-target": "state", "sec-fetch-mode": "cors"} if swap else {}
    return browser.post(f"/hits/{hit_id}/verdict", data=fields, headers=headers)


def clets(pages: HitPages, **changes: Any) -> dict[str, Any]:
    """A confirmation by CLETS, a second ago."""
    at = (pages.console.clock.now - timedelta(seconds=1)).astimezone(pages.console.services.policy.zone)
    usual = {
        "verdict": "clets", "result": "confirmed", "clets_at": at.strftime("%Y-%m-%dT%H:%M:%S"), "reference": "FCN-0042",
        "operator": "R. Diaz",
    }  # fmt: skip
    return usual | changes


def listed(text: str) -> list[int]:
    """Ids of the hits that a queue shows, in its order."""
    return [int(found) for found in re.findall(r'action="/hits/(\d+)"', text)]
