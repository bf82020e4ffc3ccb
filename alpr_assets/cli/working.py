"""`alpr worker`: drops become hits within seconds, and hits alerts, beside Dagster's runs.

Here: the process around the work: its threads, its end, and that there is one of it a data folder. The work is `lifecycle.worker`.
"""

from __future__ import annotations

import fcntl
import logging
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread
from typing import Final

import click

from alpr_assets.access.record.serving import recorder
from alpr_assets.cli.common import opened_store
from alpr_assets.errors import AlprError
from alpr_assets.lifecycle.alerts import outbox
from alpr_assets.lifecycle.alerts.deliveries import deliver_due
from alpr_assets.lifecycle.alerts.leases import due
from alpr_assets.lifecycle.hits.ending import end_what_is_over
from alpr_assets.lifecycle.patience import Patience
from alpr_assets.lifecycle.recognition.configured import recogniser_factory
from alpr_assets.lifecycle.worker import Worker
from alpr_assets.policy import Policy, policy
from alpr_assets.settings import Settings, settings
from alpr_assets.store.engine import Store, reading, writing

log = logging.getLogger(__name__)

END_SECONDS: Final = 4.0  # from being told to end: whatever is not done by then is begun again by the next one
PAST_SECONDS: Final = 2.0
OVER_SECONDS: Final = 15.0
ALERT_SECONDS: Final = 0.5
ERRAND_LONGEST_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Errand:
    """Work beside the rounds, done every few seconds in a thread of its own: whatever it waits for, no drop waits for it."""

    name: str
    do: Callable[[], object]
    seconds: float


@click.command()
def worker() -> None:
    """Land, read and match what arrives, at once and with warm models, and tell the approved destinations; until Ctrl-C or SIGTERM.

    `alpr up` and `alpr run` start it, and start it again where it ends by itself.
    Dagster's runs do the same days afterwards, with their checks, and raise nothing twice.

    Example: ALPR_DATA=/srv/alpr alpr worker
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    ending = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.set())
    configured, factory, rules = settings(), recogniser_factory(), policy()
    data = configured.path("data")
    store = opened_store()
    working = Worker(store, configured.path("drops"), rules, lambda: datetime.now(UTC), ending)
    errands = [
        Errand("the past of new watches", working.match_past, PAST_SECONDS),
        Errand("what is over", lambda: _end_what_is_over(store, rules), OVER_SECONDS),
        Errand("the outbox", lambda: outbox.fill(store, policy=rules, now=datetime.now(UTC)), ALERT_SECONDS),
        Errand("deliveries", lambda: _deliver(store, rules, configured, ending), ALERT_SECONDS),
    ]
    with _only_one(configured.socket.parent):
        ended = serve(
            [
                lambda: working.run(configured.workers, configured.dask or None, factory, data=data),
                *(_attending(errand, ending) for errand in errands),
            ],
            ending,
        )
        if not ended:
            log.warning("ending in the middle of something; the next worker begins it again")
            logging.shutdown()
            os._exit(
                0
            )  # as good as a kill, which costs nothing either: a hanging receiver or recogniser keeps nobody waiting
    store.engine.dispose()


def serve(works: Sequence[Callable[[], None]], ending: Event, *, end_seconds: float = END_SECONDS) -> bool:
    """Do each in a thread of its own until `ending` is set, or one of them ends; then all are told to.

    To be called in the main thread, where signals arrive: it never waits on `ending` itself, whose lock a signal's handler takes.
    Returns whether all ended within `end_seconds`. Raises what one of them raised.
    """
    failures: list[BaseException] = []

    def kept(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - raised below, in the main thread
            failures.append(error)

    threads = [Thread(target=kept, args=(work,), daemon=True) for work in works]
    for thread in threads:
        thread.start()
    while not ending.is_set() and all(thread.is_alive() for thread in threads):
        time.sleep(0.1)
    ending.set()
    deadline = time.monotonic() + end_seconds
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    if failures:
        raise failures[0]
    return not any(thread.is_alive() for thread in threads)


def _end_what_is_over(store: Store, rules: Policy) -> None:
    """A stopped watch's hits are nobody's to act on from now, not from Dagster's next run."""
    with writing(store.engine) as connection:
        end_what_is_over(connection, datetime.now(UTC), policy=rules)


def _deliver(store: Store, rules: Policy, configured: Settings, ending: Event) -> None:
    """Bring what is due to its destinations. Not with the outbox: a receiver may hang for as long as the policy lets it."""
    now = datetime.now(UTC)
    with reading(store.engine) as connection:
        is_due = bool(due(connection, now))
    if not is_due:
        outbox.keep_alarms(store.engine, configured.path("data"), now)
        return
    with recorder(
        configured
    ) as kept:  # for this round only: where no recorder runs, this process is the one that writes
        deliver_due(store, kept, policy=rules, settings=configured, now=now, ending=ending)


def _attending(errand: Errand, ending: Event) -> Callable[[], None]:
    """The errand done again and again; one that fails is tried again, more seldom each time."""
    patience = Patience(longest=ERRAND_LONGEST_SECONDS)

    def attend() -> None:
        while not ending.wait(errand.seconds):
            if not patience.allows(errand):
                continue
            try:
                errand.do()
            except Exception as error:  # noqa: BLE001 - a database that is away for a minute ends no worker
                # By its class: the text of an error may hold a plate.
                log.error("%s: %s", errand.name, type(error).__name__)  # noqa: TRY400
                patience.failed(errand)
            else:
                patience.done(errand)

    return attend


@contextmanager
def _only_one(run: Path) -> Iterator[None]:
    """Two on one data folder would read every picture twice. On other machines there may be others."""
    run.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (run / "worker.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AlprError(
                f"a worker already runs on {run.parent}", remedy="use that one: `alpr up` starts it"
            ) from error
        yield
