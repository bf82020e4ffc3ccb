"""What is asked: plates, patterns and places drawn from the reads themselves, and how the system answers them through its gate.

Here: the draw, by seed, and the real searches under a Grant. Not here: the baselines, the clock.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

import numpy as np
from sqlalchemy import Engine, select

from alpr_assets.access.roles import Action
from alpr_assets.lifecycle.watches.areas import Circle
from alpr_assets.policy import policy
from alpr_assets.search.canvass.incidents import Incident
from alpr_assets.search.canvass.vehicles import canvass
from alpr_assets.search.convoy.companions import co_travel
from alpr_assets.search.history import plate_history
from alpr_assets.search.partial import partial_plates
from alpr_assets.search.reads import Window
from alpr_assets.store import schema
from alpr_assets.store.engine import reading
from benchmarks.search.building import days_of
from tests.people import ask, gate_for, member, session

RADIUS_M: Final = 500.0
EITHER_SIDE: Final = timedelta(minutes=30)
YEAR: Final = timedelta(days=366)
PATTERNS: Final = {"7AB?1*": "9AA?9*", "*XKR*": "*AAA*", "??B12??": "??A99??"}
"""The partial plates, and their shape: other letters for A and other digits for 9 make other patterns of it."""
LETTERS, DIGITS = "ABCDEFGHJKLMNPRSTVWXYZ", "0123456789"


@dataclass(frozen=True, slots=True)
class Drawn:
    """What is asked, as often as wanted.

    first_day, last_day : UTC days of the year that is searched, the database's last
    plates : by how often they are read
    patterns : by the pattern that they are like
    incidents : where and when something was read, with the weeks of the look-back on either side
    """

    first_day: date
    last_day: date
    plates: dict[str, list[str]] = field(default_factory=dict)
    patterns: dict[str, list[str]] = field(default_factory=dict)
    incidents: list[Incident] = field(default_factory=list)

    @property
    def since(self) -> datetime:
        return datetime.combine(self.first_day, time(), UTC)

    @property
    def until(self) -> datetime:
        return datetime.combine(self.last_day, time(), UTC) + timedelta(days=1)


def draw(engine: Engine, n: int, seed: int) -> Drawn:
    """Draw `n` of each from a database that holds reads."""
    rng = np.random.default_rng(seed)
    days = days_of(engine)
    drawn = Drawn(max(days[0], days[-1] - YEAR + timedelta(days=1)), days[-1])
    drawn.plates.update(_plates(engine, n, rng))
    drawn.patterns.update(
        {given: [given, *(_like(shape, rng) for _ in range(n - 1))] for given, shape in PATTERNS.items()}
    )
    around = policy().search.lookback_weeks * 7 + 1
    inner = days[around:-around] if len(days) > 2 * around else days[1:-1]
    drawn.incidents.extend(_incident(engine, inner, rng) for _ in range(n))
    return drawn


def _plates(engine: Engine, n: int, rng: np.random.Generator) -> dict[str, list[str]]:
    """Heavy: the most read; usual: half of all reads are of plates that are read more often; rare: read once."""
    plate = schema.plate.c
    with reading(engine) as connection:
        rows = connection.execute(select(plate.plate, plate.n_reads).order_by(plate.n_reads.desc(), plate.plate)).all()
    counts = np.array([row.n_reads for row in rows])
    middle = int(np.searchsorted(np.cumsum(counts), counts.sum() / 2))
    once = np.flatnonzero(counts == counts.min())
    chosen = {
        "heavy": np.arange(min(n, len(rows))),
        "usual": np.arange(max(0, middle - n // 2), min(len(rows), middle - n // 2 + n)),
        "rare": rng.choice(once, min(n, len(once)), replace=False),
    }
    return {name: [rows[number].plate for number in numbers] for name, numbers in chosen.items()}


def _like(shape: str, rng: np.random.Generator) -> str:
    kinds = {"A": LETTERS, "9": DIGITS}
    return "".join(str(rng.choice(list(kinds[one]))) if one in kinds else one for one in shape)


def _incident(engine: Engine, days: list[date], rng: np.random.Generator) -> Incident:
    """At the place and time of any read."""
    read = schema.read.c
    with reading(engine) as connection:
        while True:
            day = days[int(rng.integers(len(days)))]
            n = connection.scalar(select(schema.capture_day.c.n_reads).where(schema.capture_day.c.day == day))
            number = schema.numbered(day, int(rng.integers(1, (n or 0) + 1)))
            where = (read.day == day) & (read.read_id == number)
            one = connection.execute(select(read.captured_at, read.latitude_deg, read.longitude_deg).where(where)).one()
            if one.latitude_deg is not None:
                break
    at = one.captured_at
    place = Circle(one.latitude_deg, one.longitude_deg, RADIUS_M)
    return Incident(name="1", areas=(place,), windows=(Window(at - EITHER_SIDE, at + EITHER_SIDE),), at=at)


class Asker:
    """An analyst before the gate, whose record is kept in memory: what one durable entry costs, benchmarks.record says."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.policy = policy()
        self._who = member()
        self._gate = gate_for(self.policy, self._who)

    def _answer(self, action: Action, search: Callable[[Any], Any]) -> Any:
        return self._gate.answer(session(self._who), ask(action, elements={}), search).rows

    def history(self, plate: str, drawn: Drawn) -> int:
        """Reads found."""
        found = self._answer(
            Action.PLATE_HISTORY,
            lambda grant: plate_history(grant, self.engine, plate=plate, since=drawn.since, until=drawn.until),
        )
        return len(found)

    def partial(self, pattern: str, drawn: Drawn) -> int:
        """Reads found."""
        found = self._answer(
            Action.PARTIAL_PLATE,
            lambda grant: partial_plates(
                grant, self.engine, pattern=pattern, policy=self.policy, since=drawn.since, until=drawn.until
            ),
        )
        return len(found)

    def canvass(self, incident: Incident, _: Drawn) -> int:
        """Reads at the incident."""
        found = self._answer(Action.CANVASS, lambda grant: canvass(grant, self.engine, [incident], policy=self.policy))
        return len(found.reads)

    def co_travel(self, plate: str, drawn: Drawn) -> int:
        """Reads of the given vehicle."""
        found = self._answer(
            Action.CO_TRAVEL,
            lambda grant: co_travel(
                grant, self.engine, plate=plate, policy=self.policy, since=drawn.since, until=drawn.until
            ),
        )
        return int(found.n_own)
