"""Deliveries: what the outbox holds, brought to its destinations, at least once and marked from the second time on (422.4(f)).

Here: one round over all that is due. Not here: what a message says (`messages`), how it travels (`webhooks`,
`letters`), whose row it is (`leases`).

One attempt
(1) a row is taken by a lease, and its attempt counted, in one transaction: whoever is killed from here on leaves a row that another
    takes when the lease ends, and sends with `duplicate` set
(2) what may be told no more (destination withdrawn, hit at an end) becomes void instead
(3) the access record has it; what cannot be recorded is not sent, and the attempt does not count
(4) it is sent
(5) delivered; or due again after a wait; or dead, with an alarm, until a person sends it again

Each destination has one attempt at a time, and several go on beside each other: one that hangs holds up only itself. A destination
that failed rests until the next round.
"""

from __future__ import annotations

import logging
import random
import ssl
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Event
from typing import Any, Final

from sqlalchemy import Connection, Engine

from alpr_assets.access.acting import append
from alpr_assets.access.mail import mail_server, trust
from alpr_assets.access.people import SYSTEM
from alpr_assets.access.record.entries import Entry, Kind, Outcome, Recorder, RecordUnavailableError
from alpr_assets.access.secret_key import SecretKey
from alpr_assets.errors import AlprError
from alpr_assets.lifecycle.alerts import letters, webhooks
from alpr_assets.lifecycle.alerts.destinations import opened_secret, secret_key
from alpr_assets.lifecycle.alerts.leases import Counts, Taken, due, held, take
from alpr_assets.lifecycle.alerts.messages import Failed
from alpr_assets.lifecycle.alerts.outbox import keep_alarms
from alpr_assets.lifecycle.hits.entitlement import named
from alpr_assets.policy import Policy
from alpr_assets.settings import Settings
from alpr_assets.store.engine import Store, reading, writing

log = logging.getLogger(__name__)

LOOK_SECONDS: Final = 0.25
"""How often, while a destination hangs, is looked at what became due for the others."""
LEASE_MARGIN: Final = timedelta(seconds=60)
"""Beyond an attempt's own time: to be recorded, and to resolve a name. A lease that ends too early costs a marked duplicate."""
JITTER: Final = 0.2


def deliver_due(
    store: Store, recorder: Recorder, *, policy: Policy, settings: Settings, now: datetime, ending: Event
) -> Counts:
    """Bring everything that is due to its destination; returns when nothing is left that can be done now.

    Parameters
    ----------
    ending : when it is set, no further attempt begins

    Raises
    ------
    RecordUnavailableError : nothing more was sent from then on
    ConfigurationError : the certificates of the settings are wrong; nothing was sent
    """
    with reading(store.engine) as connection:
        is_due = bool(due(connection, now))
    counts = Counts()
    if is_due:
        began = time.monotonic()
        counts = _Round(
            engine=store.engine, recorder=recorder, policy=policy, settings=settings, key=secret_key(settings),
            trust=trust(settings), ending=ending,
            clock=lambda: now + timedelta(seconds=time.monotonic() - began),
        ).run()  # fmt: skip
    keep_alarms(store.engine, settings.path("data"), now)
    return counts


@dataclass(frozen=True, slots=True, kw_only=True)
class _Round:
    """One round, and its clock: the caller's instant and what has passed since."""

    engine: Engine
    recorder: Recorder
    policy: Policy
    settings: Settings
    key: SecretKey
    trust: ssl.SSLContext
    clock: Callable[[], datetime]
    ending: Event
    broken: Event = field(default_factory=Event)

    def run(self) -> Counts:
        counts, rested = Counts(), set[int]()
        running: dict[Future[tuple[Counts, bool]], int] = {}
        most = self.policy.alerts.parallel
        with ThreadPoolExecutor(most, thread_name_prefix="alerts") as pool:
            while True:
                if not self._is_over() and len(running) < most:
                    with reading(self.engine) as connection:
                        free = [each for each in due(connection, self.clock()) if each not in running.values()]
                    for each in [each for each in free if each not in rested][: most - len(running)]:
                        running[pool.submit(self._serve, each)] = each
                if not running:
                    return counts
                done, _ = wait(running, timeout=LOOK_SECONDS, return_when=FIRST_COMPLETED)
                for future in done:
                    destination_id = running.pop(future)
                    served, is_tired = future.result()
                    counts += served
                    if is_tired:
                        rested.add(destination_id)

    def _is_over(self) -> bool:
        return self.ending.is_set() or self.broken.is_set()

    def _serve(self, destination_id: int) -> tuple[Counts, bool]:
        """One destination's rows, one after the other, until one fails: (what was done, whether one failed)."""
        counts = Counts()
        while not self._is_over():
            with writing(self.engine) as connection:
                taken = take(connection, destination_id, self.clock(), self._lease())
            if taken is None:
                return counts, False
            if isinstance(taken, Counts):
                counts += taken
                continue
            self._record(taken)
            failed = self._send(taken)
            with writing(self.engine) as connection:
                counts += self._mark(connection, taken, failed)
            if failed is not None:
                return counts, True
        return counts, False

    def _lease(self) -> timedelta:
        return timedelta(seconds=self.policy.alerts.timeout_seconds) + LEASE_MARGIN

    def _record(self, taken: Taken) -> None:
        row = taken.row
        entry = Entry(
            at=self.clock(), kind=Kind.ADMINISTRATION, action="deliver_alert", outcome=Outcome.DONE, actor=SYSTEM,
            details={
                "destination_id": taken.destination.destination_id, "delivery_id": row.delivery_id,
                "attempt": row.attempts + 1,
            },
            results=[named(row.hit_id, row.read_day, restricted=False)],
        )  # fmt: skip
        try:
            append(self.recorder, entry)
        except RecordUnavailableError:
            self.broken.set()
            with writing(self.engine) as connection:  # nothing was sent: the next attempt is no duplicate
                values = {"attempts": row.attempts, "lease": None, "leased_until": None}
                connection.execute(held(taken).values(values))
            raise

    def _send(self, taken: Taken) -> Failed | None:
        found, alert = taken.destination, taken.alert(self.settings)
        timeout, at = self.policy.alerts.timeout_seconds, self.clock()
        try:
            if found.kind == "email":
                server = mail_server(self.settings)
                if server is None:
                    return Failed("no_mail_server")
                return letters.post(
                    server, found.address, alert, at=at, timeout_seconds=timeout, trust=self.trust
                )  # fmt: skip
            secret = opened_secret(self.key, found)
            inside = self.policy.alerts.inside
            return webhooks.post(
                found.address, secret, alert, at=at, timeout_seconds=timeout, inside=inside, trust=self.trust
            )
        except AlprError as error:
            return Failed(type(error).__name__)
        except Exception as error:  # noqa: BLE001 - a fault of ours with one destination is not to keep the others waiting
            log.error("delivery %s: %s", taken.row.delivery_id, type(error).__name__)  # noqa: TRY400 - its text may hold the address
            return Failed(type(error).__name__)

    def _mark(self, connection: Connection, taken: Taken, failed: Failed | None) -> Counts:
        """Write down how it went; nothing where another took the row over meanwhile."""
        at, attempt = self.clock(), taken.row.attempts + 1
        values: dict[str, Any] = {"lease": None, "leased_until": None}
        if failed is None:
            values |= {"state": "delivered", "ended_at": at, "last_error": None}
            counts = Counts(n_delivered=1)
        elif failed.is_final or attempt >= taken.row.dead_after:
            values |= {"state": "dead", "ended_at": at, "last_error": failed.code[:64]}
            counts = Counts(n_dead=1)
        else:
            tries = attempt - (taken.row.dead_after - self.policy.alerts.attempts)
            pause = waiting(tries, failed.retry_after, self.policy)
            values |= {"next_attempt_at": at + timedelta(seconds=pause), "last_error": failed.code[:64]}
            counts = Counts(n_failed=1)
        if failed is not None:
            log.warning("delivery %s, attempt %d: %s", taken.row.delivery_id, attempt, failed.code)
        return counts if connection.execute(held(taken).values(values)).rowcount else Counts()


def waiting(tries: int, retry_after: float | None, policy: Policy) -> float:
    """Seconds until the next attempt after `tries` failed: doubled each time, scattered so that not all come at once.

    What the receiver asks for is honoured; nothing is longer than the policy's longest.
    """
    figures = policy.alerts
    doubled = figures.first_wait_seconds * 2.0 ** min(max(tries - 1, 0), 64)
    scattered = min(doubled, figures.longest_wait_seconds) * random.uniform(1 - JITTER, 1 + JITTER)
    return min(max(scattered, retry_after or 0), figures.longest_wait_seconds)
