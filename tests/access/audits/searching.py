"""A department's searches of a quarter, honest ones with the repetitions that honest work has; and misuse, planted among them.

Officers stop cars on their shift, dispatchers look up what is called in, detectives come back to the plates of their cases for weeks, some
of them to one car each day. Seeded; nothing of it is anybody's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

ZONE = ZoneInfo("America/Los_Angeles")
BEGIN = datetime(2026, 3, 16, tzinfo=ZONE)  # a Monday
DAYS = 91
END = (BEGIN + timedelta(days=DAYS)).astimezone(UTC)
OFFICERS, DISPATCHERS, DETECTIVES, SUPERVISORS = range(1, 111), range(111, 141), range(141, 181), range(181, 201)
EX, TESTER, COLLECTOR = 7, 23, 42
"""Officers who search an ex-partner's plate, who give "test" as the case, and who put 200 plates under one case."""

ROLES = {
    **dict.fromkeys(OFFICERS, ("officer", "Police Officer")), **dict.fromkeys(DISPATCHERS, ("dispatcher", "Dispatcher")),
    **dict.fromkeys(DETECTIVES, ("analyst", "Detective")), **dict.fromkeys(SUPERVISORS, ("supervisor", "Police Sergeant")),
}  # fmt: skip


@dataclass
class Searches:
    """Searches as they are made, in any order."""

    rng: np.random.Generator
    rows: list[dict[str, Any]] = field(default_factory=list)
    n_incidents: int = 0

    def incident(self) -> str:
        self.n_incidents += 1
        return f"26-{self.n_incidents:06d}"

    def plate(self) -> str:
        letters = "".join(self.rng.choice(list("ABCDEFGHJKLMNPRSTUVWXYZ"), 3))
        return f"{self.rng.integers(1, 10)}{letters}{self.rng.integers(0, 1000):03d}"

    def look(self, member_id: int, day: int, hour: float, case: str, plate: str, **more: Any) -> None:
        at = (BEGIN + timedelta(days=int(day), hours=float(hour) % 24)).astimezone(UTC)
        role, title = ROLES[member_id]
        usual = {"purpose": "criminal_investigation", "reason": "", "asked_from": None}
        self.rows.append(
            {
                "member_id": member_id,
                "role": role,
                "title": title,
                "at": at,
                "case_number": case,
                "plate": plate,
                **usual,
                **more,
            }
        )

    def patrol(self, member_id: int, per_day: float) -> None:
        """Four days on, three off, on one shift: a stop, its plate once or twice."""
        first = float(self.rng.choice([6, 14, 22]))
        for day in range(DAYS):
            if (day + member_id) % 7 < 4:
                for _ in range(self.rng.poisson(per_day)):
                    case, plate, hour = self.incident(), self.plate(), first + 10 * self.rng.random()
                    for _ in range(1 + (self.rng.random() < 0.2)):
                        self.look(member_id, day, hour, case, plate)

    def investigate(self, member_id: int) -> None:
        """Cases of days to weeks; their main car is asked for again and again, a partner asks too in every third."""
        day = int(self.rng.integers(0, 8))
        while day < DAYS:
            case, length = self.incident(), int(self.rng.integers(3, 25))
            plates = [self.plate() for _ in range(self.rng.integers(2, 12))]
            partner = int(self.rng.choice(list(DETECTIVES))) if self.rng.random() < 0.35 else member_id
            for _ in range(self.rng.poisson(2.2 * length)):
                which = plates[0] if self.rng.random() < 0.35 else plates[int(self.rng.integers(0, len(plates)))]
                who = partner if self.rng.random() < 0.3 else member_id
                self.look(
                    who, min(DAYS - 1, day + self.rng.integers(0, length)), 7.5 + 10 * self.rng.random(), case, which
                )
            day += int(self.rng.integers(2, 9))

    def stake_out(self, member_id: int) -> None:
        """The hardest honest ones: one car each working day, for the whole quarter."""
        case, plate = self.incident(), self.plate()
        for day in range(DAYS):
            if day % 7 < 5:
                self.look(member_id, day, 8 + self.rng.random(), case, plate)

    def canvass(self, member_id: int, n: int) -> None:
        case, day = self.incident(), int(self.rng.integers(0, DAYS - 2))
        for _ in range(n):
            self.look(member_id, day, 9 + 8 * self.rng.random(), case, self.plate())


def honest(n: int = 50_000, seed: int = 20190118) -> Searches:
    """`n` honest searches by 200 members."""
    made = Searches(np.random.default_rng(seed))
    for member_id in DETECTIVES:
        made.investigate(member_id)
    for member_id in (143, 150, 166):
        made.stake_out(member_id)
    for member_id in (145, 158, 171, 177):
        made.canvass(member_id, int(made.rng.integers(30, 48)))
    for member_id in OFFICERS:
        made.patrol(member_id, per_day=float(made.rng.gamma(4, 0.45)))
    for member_id in SUPERVISORS:
        made.patrol(member_id, per_day=0.4)
    busy = list(DISPATCHERS)
    while len(made.rows) < n:
        made.patrol(int(made.rng.choice(busy)), per_day=2.0)
    made.rows = made.rows[:n]
    return made


def misuse(made: Searches) -> None:
    """The three that audits have missed: 69 times an ex-partner's plate, "test" as the reason, one case number for 200 plates."""
    rng, plate, case = made.rng, made.plate(), made.incident()
    for day in sorted(rng.integers(0, DAYS - 1, 68)):
        made.look(EX, int(day), 24 * rng.random(), made.incident() if rng.random() < 0.5 else case, plate)
    made.look(EX, DAYS - 1, 23.5, case, plate)
    for day in (30, 31, 44, 60, 75, 88, 90):
        made.look(TESTER, day, 15.0, "test", made.plate())
    for day in rng.integers(60, DAYS, 200):
        made.look(COLLECTOR, int(day), 15 * rng.random(), case + "-A", made.plate())


def table(made: Searches) -> pd.DataFrame:
    """As `looks.looks` returns them: in the order of time, numbered; a plate is its own digest here."""
    frame = pd.DataFrame(made.rows).sort_values("at", kind="stable", ignore_index=True)
    local = frame["at"].dt.tz_convert(ZONE)
    return frame.assign(
        record_id=range(len(frame)), asked_from=pd.to_datetime(frame["asked_from"], utc=True), on=local.dt.date, hour=local.dt.hour,
        case_at=frame.groupby("case_number")["at"].transform("min"),
        words=frame["purpose"] + " " + frame["case_number"].str.lower(), refused_purpose=False, opened=True,
    )  # fmt: skip
