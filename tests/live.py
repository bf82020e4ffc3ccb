"""A real console on loopback: register, second factors, access record, a patrol's captures and hits; served by uvicorn."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyotp
import uvicorn

from alpr_assets.access import passwords, register, second_factor
from alpr_assets.access.acting import acting
from alpr_assets.access.people import SYSTEM, SessionKind
from alpr_assets.access.record.log import AccessRecord
from alpr_assets.access.roles import Role
from alpr_assets.lifecycle.captures.landing import land_drop
from alpr_assets.lifecycle.recognition.light import labelled
from alpr_assets.policy import Policy
from alpr_assets.store import people
from alpr_assets.store.engine import insert_new
from tests.builders import drop, jpeg, line
from tests.console.consoles import Clock, Console, open_console
from tests.patrols import AT, DAY, Patrol, watch

PASSWORD = "correct horse battery staple"
PURPOSE = "stolen_vehicle"
CASE = "26-01234"
STOLEN = "7ABC123"
ROUTE = [(38.0050, -121.8060), (38.0071, -121.8112), (38.0102, -121.8170), (38.0049, -121.8235), (37.9995, -121.8301)]


@dataclass
class Live:
    """One console and the people who use it."""

    url: str
    console: Console
    record: AccessRecord
    patrol: Patrol
    secrets: dict[str, str] = field(default_factory=dict)

    @property
    def clock(self) -> Clock:
        return self.console.clock

    def enrolled(self, role: Role = Role.ANALYST, **changes: object) -> str:
        """User name of a new member who has a password (PASSWORD) and a second factor."""
        member_id = self.console.member(role, **changes)
        office = self.console.services.office
        user = register.member(office.engine, member_id).user_name
        self.secrets[user] = pyotp.random_base32()
        with acting(office, "enrol", SYSTEM, at=self.clock.now) as act:
            passwords.put(act, member_id, office.hasher.hash(PASSWORD), expires_at=None)
            factor = {
                "member_id": member_id,
                "sealed": office.key.seal(self.secrets[user].encode(), belongs_to=second_factor._owner(member_id)),
                "made_at": self.clock.now,
                "enrolled_at": self.clock.now,
            }
            insert_new(act.connection, people.member_second_factor, [factor])
        return user

    def code(self, user: str) -> str:
        """A code that was not used yet: each is good once, so time goes on."""
        self.clock.move(seconds=31)
        return pyotp.TOTP(self.secrets[user]).at(self.clock.now)

    def token(self, role: Role = Role.ANALYST, member_id: int | None = None) -> str:
        """A notebook's token for a new member of a role, or for one member."""
        member_id = self.console.member(role) if member_id is None else member_id
        return self.console.token(member_id, kind=SessionKind.NOTEBOOK)

    def n_recorded(self) -> int:
        """Entries of the access record."""
        tail = self.record._tail
        assert tail is not None
        return tail.size


@contextmanager
def recorded_console(folder: Path, policy: Policy) -> Iterator[Live]:
    """A console in this process, not served: for tests that ask the application itself."""
    console = open_console(folder, policy)
    record = console.recorder.record
    assert record is not None
    patrol = Patrol(console.services.store, folder / "drops", policy, AT + timedelta(hours=12))
    drive(patrol)
    yield Live("", console, record, patrol)
    console.close()


@contextmanager
def live_console(folder: Path, policy: Policy) -> Iterator[Live]:
    """The same on a port of this machine, in the time of now."""
    with recorded_console(folder, policy) as console:
        console.clock.now = datetime.now(UTC)
        with served(console.console.app) as address:
            console.url = f"http://{address}"
            yield console


@contextmanager
def served(app: Any, **options: Any) -> Iterator[str]:
    """An application on a port of this machine: `host:port`; `options` as uvicorn's, such as ssl_certfile."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical", access_log=False, **options))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield f"127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def drive(patrol: Patrol) -> None:
    """A stolen car drives by five readers, ten minutes apart, each time in front of another car; two plates are on a list."""
    pictures, lines = {}, []
    for i, (lat, lon) in enumerate(ROUTE):
        label = [
            {"plate": STOLEN, "box": [4, 4, 40, 20], "region": "ca", "confidence": 0.95},
            {"plate": f"8XYZ99{i}", "box": [20, 28, 36, 16]},
        ]
        name = f"{i}.jpg"
        pictures[name] = labelled(jpeg(i), label)
        at = AT + timedelta(minutes=10 * i)
        lines.append(line(name, at, device_id=f"cam-{i}", kind="fixed", latitude=lat, longitude=lon))
    land_drop(patrol.store, drop(patrol.folder / "drive", pictures, lines), policy=patrol.policy, now=patrol.now)
    patrol.recognise(DAY)
    patrol.group(DAY)
    patrol.take(watch(STOLEN, "8XYZ991"), "stolen.csv")
    patrol.match(DAY)
