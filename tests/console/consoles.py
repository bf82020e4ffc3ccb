"""A console over a temporary folder: the real application, register and sessions; members of every role, and browsers for them."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from dagster import DagsterInstance
from dagster._core.remote_origin import InProcessCodeLocationOrigin
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.load_target import EmptyWorkspaceTarget, InProcessWorkspaceLoadTarget
from starlette.testclient import TestClient

from alpr_assets.access import governing, provisional, register, sessions
from alpr_assets.access.acting import Office, acting
from alpr_assets.access.exports import Exports
from alpr_assets.access.gate import Gate
from alpr_assets.access.people import SYSTEM, SessionKind
from alpr_assets.access.record.entries import Entry, Receipt
from alpr_assets.access.record.log import AccessRecord
from alpr_assets.access.record.places import place_of
from alpr_assets.access.roles import Role
from alpr_assets.access.secret_key import SecretKey
from alpr_assets.console.app import create_app
from alpr_assets.console.dagster import ConsoleWorkspace
from alpr_assets.console.wiring import Services
from alpr_assets.lifecycle.evidence.packing import Packer
from alpr_assets.policy import Policy
from alpr_assets.settings import Settings
from alpr_assets.store import people
from alpr_assets.store.engine import Store, writing
from tests.conftest import make_store
from tests.people import MemoryRecorder

START = datetime(2026, 6, 15, 18, 30, tzinfo=UTC)
HOST = "localhost:8422"
TRAINED = date(2027, 1, 31)


@dataclass
class Clock:
    """Stands still until it is moved."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


class Browser(TestClient):
    """Sends what a browser sends: its origin, and that it navigates. Follows nothing by itself."""

    def __init__(self, app: Any, *, token: str = "", scheme: str = "http", navigates: bool = True) -> None:
        super().__init__(app, base_url=f"{scheme}://{HOST}", follow_redirects=False)
        self.headers.update({"origin": f"{scheme}://{HOST}", "sec-fetch-site": "same-origin"})
        self.headers["accept"] = "text/html" if navigates else "application/json"
        self.headers["sec-fetch-mode"] = "navigate" if navigates else "cors"
        if token:
            self.headers["cookie"] = f"{'__Host-alpr' if scheme == 'https' else 'alpr'}={token}"
        self._socket_url = f"{'wss' if scheme == 'https' else 'ws'}://{HOST}"

    def websocket_connect(self, url: str, **more: Any) -> Any:  # type: ignore[override]
        return super().websocket_connect(f"{self._socket_url}{url}", **more)


@dataclass
class KeptRecorder(MemoryRecorder):
    """The real record, and what went into it at hand; `broken` refuses as a full disk would."""

    record: AccessRecord | None = None

    def append(self, entry: Entry) -> Receipt:
        super().append(entry)
        assert self.record is not None
        return self.record.append(entry)


@dataclass
class Console:
    """One console under test."""

    services: Services
    clock: Clock
    app: Any
    recorder: KeptRecorder
    folder: Path
    members: dict[Role, int] = field(default_factory=dict)

    def member(self, role: Role, *, trained_until: date | None = TRAINED, title: str = "", **changes: Any) -> int:
        """A member, straight into the register: active since a month ago."""
        at = self.clock.now - timedelta(days=30)
        values = {
            "user_name": f"{role.value}-{secrets.token_hex(3)}", "name": f"Pat {role.value.title()}", "agency": "CA0000000",
            "title": title or role.value, "role": role.value, "is_contractor": False, "status": "active", "status_at": at,
            "status_reason": "", **changes,
        }  # fmt: skip
        with writing(self.services.store.engine) as connection:
            member_id = connection.execute(
                people.member.insert().returning(people.member.c.member_id), values
            ).scalar_one()
            connection.execute(
                people.member_source.insert(),
                [
                    {"member_id": member_id, "source": source, "granted_at": at, "granted_by": member_id}
                    for source in ("department", "state")
                ],
            )
            if trained_until is not None:
                training = {
                    "member_id": member_id, "course": "ALPR", "completed_on": trained_until - timedelta(days=365),
                    "expires_on": trained_until, "recorded_at": at, "recorded_by": member_id, "approved_at": at,
                    "approved_by": member_id,
                }  # fmt: skip
                connection.execute(people.member_training.insert(), training)
        return int(member_id)

    def token(
        self, member_id: int, *, kind: SessionKind = SessionKind.WEB, complete: bool = True, acknowledged: bool = True
    ) -> str:
        """A session of a member, as if he had signed in."""
        with acting(self.services.office, "sign_in", SYSTEM, at=self.clock.now) as act:
            opened = sessions.open_session(
                self.services.office, act, member_id, kind=kind, minutes=720, address="192.0.2.7", verified=complete,
                acknowledged=complete and acknowledged,
            )  # fmt: skip
        self.recorder.entries.clear()
        return opened.token

    def browser(self, who: Role | int | None = None, *, navigates: bool = True, **more: Any) -> Browser:
        """A browser, signed in as a role's member, as one member, or as nobody."""
        if who is None:
            return Browser(self.app, navigates=navigates, **more)
        if isinstance(who, Role):
            who = self.members.get(who) or self.members.setdefault(who, self.member(who))
        return Browser(self.app, token=self.token(who), navigates=navigates, **more)

    def withdraw_training(self, member_id: int) -> None:
        with writing(self.services.store.engine) as connection:
            training = people.member_training
            mine = training.c.member_id == member_id
            connection.execute(
                training.update().where(mine).values(withdrawn_at=self.clock.now, withdrawn_by=member_id)
            )

    def end(self, member_id: int, how: str) -> None:
        """End what a member has open, in one of the ways there are."""
        at = self.clock.now
        session, register_ = people.member_session, people.member
        changes: dict[str, tuple[Any, dict[str, Any]]] = {
            "revoked": (session, {"revoked_at": at, "revoked_reason": "test"}),
            "idle": (session, {"last_active_at": at - timedelta(minutes=30)}),
            "expired": (session, {"expires_at": at}),
            "suspended": (register_, {"status": "suspended"}),
            "locked": (register_, {"locked_at": at}),
        }
        table, values = changes[how]
        with writing(self.services.store.engine) as connection:
            connection.execute(table.update().where(table.c.member_id == member_id).values(values))

    def form_token(self, browser: Browser, page: str = "/") -> str:
        """What a form of this browser's session carries."""
        found = re.search(r'name="form_token" value="([0-9a-f]+)"', browser.get(page).text)
        assert found
        return found.group(1)

    def close(self) -> None:
        assert self.recorder.record is not None
        self.recorder.record.close()
        self.services.store.engine.dispose()

    def revoke(self, member_id: int) -> None:
        """End all sessions of a member."""
        with writing(self.services.store.engine) as connection:
            connection.execute(
                people.member_session.update()
                .where(people.member_session.c.member_id == member_id)
                .values(revoked_at=self.clock.now, revoked_reason="test")
            )


def open_console(folder: Path, policy: Policy, *, workspace: Any = None, **settings: Any) -> Console:
    """A console over an empty store in a folder."""
    (folder / "data").mkdir(exist_ok=True)
    store: Store = make_store(f"sqlite:///{folder / 'data' / 'alpr.sqlite'}", folder)
    clock = Clock()
    where = {"data": folder / "data", "keys": folder / "keys", "record": folder / "data" / "record"}
    configured = Settings(**where, **settings)
    recorder = KeptRecorder(record=AccessRecord(place_of(configured), clock=clock))
    gate = Gate(
        lambda member_id: register.member(store.engine, member_id),
        recorder,
        policy,
        clock,
        partial(provisional.known, store.engine),
        partial(governing.standing, store.engine, policy),
    )
    office = Office(store.engine, recorder, policy, SecretKey(folder / "keys" / "second_factors"))
    services = Services(
        store=store,
        recorder=recorder,
        gate=gate,
        office=office,
        packer=Packer.of(store, gate, office, policy, configured),
        exports=Exports(gate, store.engine, SecretKey(folder / "keys" / "exports")),
        case_key=SecretKey(folder / "keys" / "cases"),
        policy=policy,
        settings=configured,
        clock=clock,
        secret=b"s" * 32,
        workspace=workspace,
        watch_seconds=0.05,
    )
    return Console(services, clock, create_app(services), recorder, folder)


@contextmanager
def dagster_console(folder: Path, policy: Policy, *, with_pipeline: bool = False) -> Iterator[Console]:
    """A console with the Dagster UI behind it; with the pipeline's own definitions where they are asked for."""
    module = LoadableTargetOrigin(module_name="alpr_assets.definitions")
    target: Any = (
        InProcessWorkspaceLoadTarget(InProcessCodeLocationOrigin(module, location_name="alpr_assets"))
        if with_pipeline
        else EmptyWorkspaceTarget()
    )
    home = folder / "dagster"
    home.mkdir()
    overrides = {"telemetry": {"enabled": False}, "nux": {"enabled": False}}
    with DagsterInstance.local_temp(str(home), overrides=overrides) as instance:
        opened = open_console(folder, policy, workspace=ConsoleWorkspace(instance, target))
        with TestClient(opened.app):  # runs the lifespan, which opens the workspace
            yield opened
        opened.close()


def with_settings(console: Console, **changes: Any) -> Console:
    """The same console under other settings."""
    services = replace(console.services, settings=console.services.settings.model_copy(update=changes))
    return replace(console, services=services, app=create_app(services))
