"""The worker: what arrives is landed, read, grouped and matched within seconds, by plain functions in one process with warm models.

Here: one round of that work, and doing rounds until it is told to end. Not here: the process around it (`cli.working`), what Dagster
does with the same days afterwards. A day that the worker matched stays open: Dagster's run does all of it again, raises nothing twice,
runs the checks and closes it. Both may work on a day at once; whatever is written is locked by day, and has a key. So a worker that is
killed anywhere loses nothing: its next round, or Dagster's run, goes on from what is in the database.

The newest pictures come first, and are matched after every few seconds of reading; a drop that closes meanwhile comes before the rest.
A picture that kills a recogniser twice, the second time alone, is recorded as unreadable.
While no policy is in force drops land sealed: nothing is read or matched, and the days stay open until one is (422.2).
"""

from __future__ import annotations

import io
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from threading import Event
from typing import Final

from PIL import Image
from sqlalchemy import func, select

from alpr_assets.access import governing
from alpr_assets.access.record import alarms
from alpr_assets.errors import RecognitionError
from alpr_assets.lifecycle.hits.matched import ListsInForce, lists_in_force
from alpr_assets.lifecycle.hits.raising import raise_hits
from alpr_assets.lifecycle.hotlists.imports import versions_in_force
from alpr_assets.lifecycle.looking import Lookout
from alpr_assets.lifecycle.patience import Patience
from alpr_assets.lifecycle.recognition.pool import Pool, RecogniserDiedError, executor, recognise_many
from alpr_assets.lifecycle.recognition.reads import Factory, recognise_day
from alpr_assets.lifecycle.recognition.sightings import group_day
from alpr_assets.lifecycle.watches.history import match_waiting
from alpr_assets.lifecycle.watches.raising import raise_watch_hits
from alpr_assets.lifecycle.worker_state import BEAT_SECONDS, DOWN, beat
from alpr_assets.policy import Policy
from alpr_assets.store import schema
from alpr_assets.store.engine import Store, reading, writing

log = logging.getLogger(__name__)

POLL_SECONDS: Final = 0.5
MODELS: Final = "worker_models"
ROUND: Final = "round"


class _EndingError(BaseException):
    """Told to end in the middle: what was done until then is kept. Nothing on the way takes it for a failure of its own."""


class _ArrivalError(Exception):
    """A drop has closed: its pictures are newer than those being read."""


@dataclass(frozen=True, slots=True)
class Round:
    """What one round did. `days`: matched to their end in it, the newest first; `n_failed`: drops and days that must be tried again."""

    n_landed: int
    n_refused: int
    days: tuple[date, ...]
    n_hits: int
    n_failed: int


@dataclass(slots=True)
class Worker:
    """The work on one store, and what it remembers between rounds; losing that costs time only.

    drops : the watched folder
    clock : aware UTC now
    """

    store: Store
    drops: Path
    policy: Policy
    clock: Callable[[], datetime]
    ending: Event = field(default_factory=Event)
    patience: Patience = field(default_factory=Patience)
    _lookout: Lookout = field(init=False)
    _beat_at: float = 0.0
    _n_hits: int = 0
    _done: dict[date, str] = field(default_factory=dict)
    _matched: dict[date, tuple[dict[str, int], int]] = field(default_factory=dict)
    _suspects: set[int] = field(default_factory=set)
    _lists: tuple[dict[str, int], ListsInForce] | None = None

    def __post_init__(self) -> None:
        self._lookout = Lookout(self.store, self.drops, self.policy)

    # ── rounds ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def run(self, workers: int, dask: str | None, factory: Factory, *, data: Path) -> None:
        """Do rounds until `ending` is set; a recogniser that breaks is made anew, with an alarm while there is none.

        Parameters
        ----------
        workers, dask, factory : as of `recognition.pool.executor`
        data : folder of the alarms
        """
        while not self.ending.is_set():
            try:
                with executor(workers, dask, factory) as pool:
                    warm(pool)
                    alarms.end_alarm(data, MODELS)
                    self._rounds(pool, factory, data)
            except _EndingError:
                return
            except RecognitionError as error:
                if self.ending.is_set():  # Ctrl-C in a terminal reaches the pool's processes too
                    return
                alarms.raise_alarm(data, MODELS, error.diagnostics())
                self.patience.failed(MODELS)
                self._wait_for(MODELS)

    def round(self, pool: Pool, factory: Factory) -> Round:
        """Land what waits, then read and match every open day of it. A drop or a day that fails does not stop the others.

        Raises RecognitionError when no recogniser can be made, or one of its processes died: the pool is of no more use.
        """
        self._n_hits = 0
        self._go_on()
        landed = self._lookout.land(self.clock(), progress=self._go_on)
        n_failed = int(landed.failed)
        days: list[date] = []
        for day, digest in self._open_days() if self._governed().in_force else ():
            self._go_on()
            if not self.patience.allows((day, digest)):
                continue
            try:
                whole = self._day(day, pool, factory)
            except _ArrivalError:
                break
            except RecognitionError as error:
                if isinstance(error, RecogniserDiedError):
                    self._suspects |= {row.capture_id for row in error.keys}
                self.patience.failed((day, digest))  # the other days come first when there is a recogniser again
                raise
            except Exception as error:  # noqa: BLE001 - one day's trouble must not keep the others from alerting
                # By its class: the text of an error may hold a plate.
                log.error("%s could not be matched: %s", day, type(error).__name__)  # noqa: TRY400
                whole = False
            if not whole:
                self.patience.failed((day, digest))
                n_failed += 1
                continue
            self.patience.done((day, digest))
            self._done[day] = digest
            days.append(day)
        self._in_force()  # a new list is indexed now, not while a drop waits
        return Round(landed.n_landed, landed.n_refused, tuple(days), self._n_hits, n_failed)

    def match_past(self) -> None:
        """Match the past of new watches; beside the rounds, in a thread of its own."""
        if not self._governed().in_force:
            return
        try:
            match_waiting(self.store, policy=self.policy, now=self.clock(), progress=self._or_end)
        except _EndingError:
            return

    def _rounds(self, pool: Pool, factory: Factory, data: Path) -> None:
        began = False
        while not self.ending.is_set():
            try:
                governing.tell(data, self._governed())
                did = self.round(pool, factory)
            except RecognitionError:
                raise
            except Exception as error:  # noqa: BLE001 - a database that is away for a minute ends no worker
                log.error("a round failed: %s", type(error).__name__)  # noqa: TRY400
                self.patience.failed(ROUND)
                self._wait_for(ROUND)
                continue
            self.patience.done(ROUND)
            if not began:
                began = True
                alarms.end_alarm(data, DOWN)
            if did.days:
                self.patience.done(MODELS)
            if did.n_landed or did.n_refused or did.days:
                log.info(
                    "%d drops landed, %d refused (quarantine says why), %d days matched, %d hits raised",
                    did.n_landed, did.n_refused, len(did.days), did.n_hits,
                )  # fmt: skip
            self.ending.wait(POLL_SECONDS)

    def _wait_for(self, task: str) -> None:
        while not self.ending.is_set() and not self.patience.allows(task):
            self.ending.wait(POLL_SECONDS)

    def _or_end(self, *_: object) -> None:
        if self.ending.is_set():
            raise _EndingError

    def _go_on(self, *_: object) -> None:
        """Called from within the work every few seconds at least: end where it is told to, else say that it is at work."""
        self._or_end()
        if time.monotonic() - self._beat_at < BEAT_SECONDS:
            return
        self._beat_at = time.monotonic()
        try:
            with writing(self.store.engine) as connection:
                beat(connection, self.clock())
        except Exception as error:  # noqa: BLE001 - who cannot say so may work all the same
            log.error("no sign of life could be given: %s", type(error).__name__)  # noqa: TRY400

    def _governed(self) -> governing.Standing:
        return governing.standing(self.store.engine, self.policy, self.clock())

    # ── days ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def _open_days(self) -> Iterator[tuple[date, str]]:
        """Days on which something landed that neither Dagster has closed nor this process has matched, the newest first."""
        day = schema.capture_day.c
        with reading(self.store.engine) as connection:
            rows = connection.execute(
                select(day.day, day.landed_digest)
                .where(day.landed_digest.is_not(None), day.landed_digest.is_distinct_from(day.processed_digest))
                .order_by(day.day.desc())
            ).all()
        waiting = {row.day: row.landed_digest for row in rows}
        self._done = {of: digest for of, digest in self._done.items() if of in waiting}
        return ((of, digest) for of, digest in waiting.items() if self._done.get(of) != digest)

    def _day(self, day: date, pool: Pool, factory: Factory) -> bool:
        """Read, group and match one day; False when pictures could not be opened. Raises _ArrivalError when a drop has closed."""

        def between(_done: int, _waiting: int) -> None:
            self._go_on()
            self._match(day)
            if self._lookout.waits():
                raise _ArrivalError

        done = recognise_day(
            self.store, day, pool, factory.version, sure_confidence=self.policy.recognition.sure_confidence,
            clock=self.clock, progress=between, newest_first=True, suspects=self._suspects,
        )  # fmt: skip
        self._match(day)
        return not done.n_unopened

    def _match(self, day: date) -> None:
        """Group a day's reads, and match those that this process has not matched with the same lists: a day may hold 60,000.

        A watch that is placed meanwhile has its own look at the past.
        """
        group_day(self.store, day, pass_seconds=self.policy.recognition.pass_seconds)
        (versions, lists), member = self._in_force(), schema.sighting_read.c
        with reading(self.store.engine) as connection:
            # Ids are issued under the day's lock, and all that are there are grouped under it: none comes below this one.
            newest = connection.scalar(select(func.max(member.read_id)).where(member.day == day)) or 0
        known, after = self._matched.get(day, (versions, 0))
        if known != versions:
            after = 0
        if newest > after:
            now = self.clock()
            # Two transactions, in Dagster's order; the day stays open until they are both done in a run of its own.
            watched = raise_watch_hits(self.store, day, policy=self.policy, now=now, after=after)
            listed = raise_hits(self.store, day, lists, policy=self.policy, now=now, after=after)
            self._n_hits += sum(watched.n_raised.values()) + sum(listed.n_raised.values())
        self._matched[day] = versions, newest

    def _in_force(self) -> tuple[dict[str, int], ListsInForce]:
        """Versions of the lists, and the lists, indexed anew only once a version of one has changed: building the index takes seconds."""
        with reading(self.store.engine) as connection:
            versions = versions_in_force(connection)
        if self._lists is None or self._lists[0] != versions:
            # Read after the versions: a list renewed in between is indexed twice, never missed.
            self._lists = versions, lists_in_force(self.store, self.policy)
        return self._lists


def warm(pool: Pool) -> None:
    """Have every process of the pool load its models and read a blank picture, so that the first drop waits for neither.

    Raises RecognitionError when the recogniser cannot be made.
    """
    blank = io.BytesIO()
    Image.new("RGB", (640, 480), (90, 90, 90)).save(blank, "JPEG")
    for _ in recognise_many(pool, ((number, blank.getvalue) for number in range(2 * pool.n_workers))):
        pass
