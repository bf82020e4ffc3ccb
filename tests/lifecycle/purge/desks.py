"""A desk from which purges are planned, approved and executed: commander, custodian, an officer, a store with pictures."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import partial

from sqlalchemy import func, select, update

from alpr_assets.access.designee import current
from alpr_assets.access.roles import Action, Role
from alpr_assets.access.secret_key import SecretKey
from alpr_assets.lifecycle.captures.landing import land_drop
from alpr_assets.lifecycle.holds import placing
from alpr_assets.lifecycle.holds.selectors import Ground
from alpr_assets.lifecycle.purge import drafting, executing, planning
from alpr_assets.lifecycle.purge.clocks import ClockSeen
from alpr_assets.lifecycle.purge.on_file import OnFile
from alpr_assets.store import schema
from alpr_assets.store.engine import reading, writing
from alpr_assets.store.purges import purge_decision
from tests.access.people import office_of
from tests.builders import drop, jpeg, line
from tests.people import MemoryRecorder, ask, gate_for, in_office, member, session
from tests.search.traffic import put

DAY = date(2025, 6, 15)
NOON = datetime(2025, 6, 15, 19, 0, tzinfo=UTC)
CAME = NOON + timedelta(hours=2)
HERE = (38.005, -121.806)
FUTURE = datetime(2031, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 7, 1, 18, 0, tzinfo=UTC)
ON_FILE = {
    "resolution": OnFile("resolution 2026-031", date(2026, 5, 20)),
    "consent": OnFile("city attorney, memo 7", date(2026, 6, 12), date(2026, 12, 31)),
}


def numbered(n, day=DAY):
    return schema.numbered(day, n)


class Desk:
    """Commander, custodian and an officer, at a department with a store and pictures."""

    def __init__(self, store, policy, folder):
        self.store, self.policy, self.recorder = store, policy, MemoryRecorder()
        (folder / "keys").mkdir(exist_ok=True)
        self.key = SecretKey(folder / "keys" / "secret")
        self.commander = member(Role.COMMANDER, member_id=1)
        self.custodian = member(Role.CUSTODIAN, member_id=2)
        self.officer = member(Role.OFFICER, member_id=3)
        self.office = office_of(store, policy, folder)
        self.now = NOW
        if current(store.engine, NOW.date()) is None:
            in_office(store.engine, date(2026, 1, 1))

    def put(self, passes):
        """Passes with a picture each, landed when they were captured."""
        put(self.store, passes)
        self.landed_when_captured()
        table = schema.capture
        rows = self.rows(table, table.c.day, table.c.capture_id)
        for day, number in rows:
            digest = self.store.images.seal(day, jpeg(number % 100_000))
            with writing(self.store.engine) as connection:
                mine = (table.c.day == day) & (table.c.capture_id == number)
                connection.execute(update(table).where(mine).values(image_sha256=digest))

    def landed_when_captured(self, *days):
        """Of these days, or of all."""
        table, of = schema.capture, schema.capture_day
        with writing(self.store.engine) as connection:
            last = select(func.max(table.c.landed_at)).where(table.c.day == of.c.day).scalar_subquery()
            for changed, values in ((table, {"landed_at": table.c.captured_at}), (of, {"last_landed_at": last})):
                where = [changed.c.day.in_(days)] if days else []
                connection.execute(update(changed).where(*where).values(values))

    def act(self, deed, action=Action.PLAN_PURGE, by=None):
        gate = gate_for(self.policy, self.commander, self.custodian, self.officer, recorder=self.recorder, now=self.now)
        return gate.act(session(by or self.custodian), ask(action, elements={}), self.store.engine, deed).rows

    def ask(self, **changes):
        return self.act(partial(drafting.ask, policy=self.policy, **{**ON_FILE, **changes}))

    def plan(self, **changes):
        """A plan of all that is due, or None."""
        return drafting.draft(
            self.store,
            self.ask(**changes),
            policy=self.policy,
            key=self.key,
            office=self.office,
            clock=lambda: self.now,
        )

    def approve(self, plan_id, by):
        deed = partial(
            planning.approve, plan_id=plan_id, reason="as the schedule says", policy=self.policy, key=self.key
        )
        return self.act(deed, Action.APPROVE_PURGE, by)

    def seen(self):
        """A clock that something keeps right, and that agrees with the record."""
        return ClockSeen(size=1, since=self.now, is_synchronised=True)

    def begin(self, plan_id, seen=None):
        seen = seen or self.seen()
        return self.act(partial(planning.begin, plan_id=plan_id, key=self.key, seen=seen, policy=self.policy))

    def begun(self):
        plan_id = self.plan().plan_id
        self.approve(plan_id, self.commander)
        self.approve(plan_id, self.custodian)
        self.begin(plan_id)
        return plan_id

    def execute(self, plan_id, **more):
        return executing.execute(
            self.store, plan_id, policy=self.policy, key=self.key, office=self.office,
            **{"clock": lambda: self.now, "seen": self.seen, **more},
        )  # fmt: skip

    def hold(self, wanted, by=None):
        deed = partial(
            placing.place,
            wanted=wanted,
            ground=Ground.CRIMINAL,
            reason="evidence",
            review_on=date(2026, 9, 1),
            policy=self.policy,
        )
        return self.act(deed, Action.PLACE_HOLD, by or self.officer)

    def rows(self, table, *columns):
        with reading(self.store.engine) as connection:
            return connection.execute(select(*(columns or (table,))).select_from(table)).all()

    def listed(self):
        """The list of purges, as the custodian is shown it."""
        gate = gate_for(self.policy, self.custodian, now=self.now)
        search = partial(planning.purges, engine=self.store.engine, at=self.now, key=self.key)
        return gate.answer(session(self.custodian), ask(Action.PLAN_PURGE, elements={}), search).rows

    def decisions(self):
        """Every decision on purges, in their order."""
        return self.rows(purge_decision)

    def left(self):
        """Numbers of the captures of DAY that are there."""
        return sorted(row.capture_id & 0xFFFF for row in self.rows(schema.capture) if row.day == DAY)

    def pictures(self):
        return sorted(path.name for path in self.store.images.folder.rglob("*") if path.is_file())


def quarantined(desk: Desk, folder, *, n=1, name="one", **more):
    """Pictures that claim to be of the future, quarantined on DAY; returns their hashes."""
    pictures = {f"{name}-{i}.jpg": jpeg(800 + i + 50 * len(name)) for i in range(n)}
    told = {"latitude": HERE[0], "longitude": HERE[1], **more}
    lines = [{**line(file, FUTURE), **told} for file in pictures]
    receipt = land_drop(
        desk.store, drop(folder / "drops" / name, pictures, lines, shift=name), policy=desk.policy, now=CAME
    )
    assert receipt.n_quarantined == n
    return [said[1] for said in receipt.files.values()]
