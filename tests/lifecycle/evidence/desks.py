"""A department that holds, packs and books: people, a store with pictures, and what becomes of a package on a medium."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

from sqlalchemy import select, update

from alpr_assets.access.roles import Action, Role
from alpr_assets.lifecycle.evidence import bags, verifying
from alpr_assets.lifecycle.evidence.booking import Checked
from alpr_assets.lifecycle.evidence.building import Maker, Options
from alpr_assets.lifecycle.evidence.packing import Packer
from alpr_assets.lifecycle.evidence.seals import Sealer
from alpr_assets.lifecycle.holds import placing
from alpr_assets.lifecycle.holds.selectors import Ground, Selector
from alpr_assets.store import schema
from alpr_assets.store.engine import reading, writing
from tests.access.people import office_of
from tests.builders import jpeg
from tests.people import CASE, PURPOSE, MemoryRecorder, ask, gate_for, member, session
from tests.search.traffic import Pass, put

DAY = date(2026, 6, 15)
NOON = datetime(2026, 6, 15, 19, 0, tzinfo=UTC)
NOW = datetime(2026, 7, 1, 18, 0, tzinfo=UTC)


class Desk:
    """Analyst, officer, supervisor, custodian, attorney, and a packer."""

    def __init__(self, store, policy, folder):
        self.store, self.policy, self.folder = store, policy, folder
        (folder / "keys").mkdir(exist_ok=True)
        self.recorder, self.now = MemoryRecorder(), NOW
        self.analyst = member(Role.ANALYST, member_id=1, name="Kim Doe")
        self.officer = member(Role.OFFICER, member_id=2, name="Lee Ray")
        self.supervisor = member(Role.SUPERVISOR, member_id=3, name="Sam Fox")
        self.custodian = member(Role.CUSTODIAN, member_id=4, name="Ana Paz")
        self.attorney = member(Role.ATTORNEY, member_id=5, name="Jo Law", trained_until=None)
        self.office = replace(office_of(store, policy, folder), recorder=self.recorder)
        self.sealer = Sealer(folder / "keys")
        self.authority = None

    @property
    def gate(self):
        people = self.analyst, self.officer, self.supervisor, self.custodian, self.attorney
        return gate_for(self.policy, *people, recorder=self.recorder, now=self.now)

    def put(self, *passes):
        """Passes with a picture each."""
        put(self.store, passes)
        with reading(self.store.engine) as connection:
            rows = connection.execute(select(schema.capture.c.day, schema.capture.c.capture_id)).all()
        for day, number in rows:
            digest = self.store.images.seal(day, jpeg(number % 100_000, width=160, height=120))
            with writing(self.store.engine) as connection:
                mine = (schema.capture.c.day == day) & (schema.capture.c.capture_id == number)
                connection.execute(update(schema.capture).where(mine).values(image_sha256=digest))

    def act(self, deed, action, by, **changes):
        why = {} if action is Action.WAIVE_BOOKING else {"purpose": PURPOSE, "case_number": CASE}
        asked = replace(ask(action, elements={}, **changes), **(why or {"purpose": "", "case_number": ""}))
        return self.gate.act(session(by), asked, self.store.engine, deed).rows

    def hold(self, **selector):
        deed = partial(
            placing.place, wanted=Selector(**selector), ground=Ground.CRIMINAL, reason="evidence", review_on=date(2026, 9, 1),
            policy=self.policy,
        )  # fmt: skip
        return self.act(deed, Action.PLACE_HOLD, self.officer).hold_id

    def lift(self, hold_id):
        deed = partial(
            placing.lift, hold_id=hold_id, disposition=placing.Disposition.CASE_CLOSED, reason="closed", policy=self.policy
        )  # fmt: skip
        return self.act(deed, Action.LIFT_HOLD, self.supervisor)

    @property
    def packer(self):
        maker = Maker(self.store.images, self.policy, self.sealer, self.folder / "data", self.authority)
        return Packer(self.store, self.gate, self.office, maker)

    def pack(self, hold_id, *, by=None, **options):
        return self.packer.pack(
            session(by or self.analyst), hold_id, Options(**options), purpose=PURPOSE, case_number=CASE
        ).rows  # fmt: skip

    def packed(self, hold_id, medium, **options) -> tuple[Path, int]:
        """A package written to a medium: its bag, and its number."""
        packed = self.pack(hold_id, **options)
        return unpack(packed, medium), packed.package_id


def unpack(packed, medium: Path) -> Path:
    with packed.spool as spool:
        content = b"".join(spool.chunks())
    with bags.unpacked(io.BytesIO(content)) as tar:
        tar.extractall(medium, filter="data")
    return medium / packed.file_name.removesuffix(".tar")


def checked(bag: Path) -> Checked:
    said = verifying.verify(bag)
    return Checked(said.sha256, said.status == 0)


__all__ = ["DAY", "NOON", "NOW", "Desk", "Pass", "checked", "unpack"]
