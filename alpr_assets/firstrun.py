"""`alpr run`: captures and hot lists through the real sensors, with a progress bar, and what became of them.

Without captures of one's own, a seeded sample is drawn into a data folder apart, emptied at each start: it never mixes with
a department's data. Everything on the way is what `alpr up` runs; only the summary is made here.
"""

from __future__ import annotations

import errno
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from alpr_assets import accuracy, services
from alpr_assets.access import initial, register
from alpr_assets.access.acting import open_office
from alpr_assets.access.initial import First
from alpr_assets.access.passwords import OneTime
from alpr_assets.access.people import Source
from alpr_assets.access.record.exporting import snapshot
from alpr_assets.access.record.places import place_of
from alpr_assets.access.record.serving import recorder
from alpr_assets.access.record.tail import log_id_of
from alpr_assets.client import HeadBook
from alpr_assets.client.places import console_url
from alpr_assets.defs.attempts import UNDER_WAY
from alpr_assets.errors import AlprError
from alpr_assets.lifecycle.captures import devices
from alpr_assets.lifecycle.captures.ciphers import DropKeys
from alpr_assets.lifecycle.captures.folders import drop_from_folder
from alpr_assets.lifecycle.captures.manifests import MANIFEST, list_manifests, write_drop
from alpr_assets.lifecycle.captures.pending import pending_drops
from alpr_assets.lifecycle.hotlists.imports import rematch_due
from alpr_assets.policy import Policy, policy
from alpr_assets.settings import ROOT, Settings, settings
from alpr_assets.store import schema
from alpr_assets.store.engine import Store, open_store, reading, writing
from alpr_assets.store.sealed import sha256_hex

SAMPLE = ROOT / "data" / "sample"
SAMPLE_SEED, SAMPLE_CAPTURES = 422, 48
SAMPLE_ROLES = (
    "administrator", "commander", "analyst", "officer", "supervisor", "engineer", "auditor", "training_coordinator",
)  # fmt: skip
STILL_SECONDS = 240  # nothing moved for so long: say so instead of waiting for ever
POLL_SECONDS = 0.5


@dataclass(slots=True)
class Feed:
    """What this run brought: manifests (by hash), hot-list files (SHA-256 by name), and pictures whose plates are known beforehand."""

    manifests: list[str] = field(default_factory=list)
    n_captures: int = 0
    lists: dict[str, str] = field(default_factory=dict)
    labels: dict[str, list[str]] = field(default_factory=dict)
    is_sample: bool = False


@contextmanager
def sample_environment() -> Iterator[None]:
    """Point this process and its servers at the sample's own folder; a department's database is never touched."""
    own = {
        "ALPR_DATA": SAMPLE,
        "ALPR_KEYS": SAMPLE / "keys",
        "ALPR_DROPS": SAMPLE / "drops",
        "ALPR_HOTLISTS": SAMPLE / "hotlists",
        "ALPR_DATABASE_URL": "",
        "ALPR_RECORD": SAMPLE / "record",
        "ALPR_RECORD_URL": "",
        "ALPR_WITNESSES": SAMPLE / "witness",
        "ALPR_OIDC_ISSUER": "",
        "DAGSTER_HOME": SAMPLE / "dagster_home",
    }
    before = {name: os.environ.get(name) for name in own}
    os.environ.update({name: str(value) for name, value in own.items()})
    settings.cache_clear()
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
        settings.cache_clear()


def empty_sample(configured: Settings) -> None:
    """Remove what an earlier run left in the sample's folder, which is reserved: no servers run on it.

    The heads that this user was shown of the earlier sample's record are forgotten with it: else the next one would look forged.
    """
    _forget_sample_record(configured)
    for left in SAMPLE.iterdir():
        if left != configured.socket.parent:
            shutil.rmtree(left) if left.is_dir() else left.unlink()


def _forget_sample_record(configured: Settings) -> None:
    """Forget the heads of just this record: a department's, at the same address, is not the sample's to forget."""
    place = place_of(configured)
    if place.database is None or not place.database.exists():
        return
    book, url = HeadBook.of_user(), console_url()
    with (
        suppress(AlprError, SQLAlchemyError),
        snapshot(place.engine) as connection,
    ):  # what is emptied need not be whole
        if (known := book.known().get(url)) and known.log_id == log_id_of(connection):
            book.forget(url)
    place.engine.dispose()


def sample_members(store: Store, configured: Settings) -> list[OneTime]:
    """Register one member of each role that has pages of its own, trained, with all sources; only ever in the sample's folder."""
    now = datetime.now(UTC)
    everything = frozenset(Source)
    trained_on = now.astimezone(policy().zone).date() - timedelta(days=1)  # the drive may have begun before midnight
    titles = {title.role: title.title for title in reversed(policy().titles)}
    first = [
        First(
            user_name=role.replace("_", "-"),
            name=f"Sample {titles[role]}",
            title=titles[role],
            sources=everything,
            trained_on=trained_on,
        )
        for role in SAMPLE_ROLES
    ]
    (SAMPLE / "witness").mkdir(mode=0o700)
    with recorder(configured) as kept:
        return initial.begin(open_office(store.engine, kept, policy(), configured), first, at=now, done_by="sample")


def feed_sample(store: Store, configured: Settings, console: Console) -> Feed:
    """Draw the sample drive, register its devices, and put its drop and hot lists into the watched folders."""
    from alpr_assets.sample.drive import draw_drive, write_hotlists  # noqa: PLC0415 - 1 s of imports, only here

    now = datetime.now(UTC)
    folder = configured.path("drops") / "sample-drive"
    folder.mkdir(parents=True, mode=0o700)
    with _bar(console) as progress:
        task = progress.add_task("drawing a sample drive", total=SAMPLE_CAPTURES)
        captures = draw_drive(
            folder,
            seed=SAMPLE_SEED,
            n_captures=SAMPLE_CAPTURES,
            started_at=now - timedelta(hours=2),
            progress=lambda done, _: progress.update(task, completed=done),
        )
    with writing(store.engine) as connection:
        for capture in {capture.device_id: capture for capture in captures}.values():
            fixed = capture.device_kind == "fixed"
            devices.register(
                connection,
                device_id=capture.device_id,
                kind=capture.device_kind,
                name=f"sample {capture.device_kind} reader",
                place=(capture.latitude, capture.longitude) if fixed else None,
                at=now,
            )
    drawn = SAMPLE / "drawn"
    drawn.mkdir(mode=0o700)
    written = write_hotlists(drawn, captures, seed=SAMPLE_SEED, made_at=datetime.now(UTC))
    lists = {path.name: sha256_hex(path.read_bytes()) for path in written}
    for path in written:
        path.rename(configured.path("hotlists") / path.name)
    manifest = write_drop(
        folder,
        unit="unit-12",
        shift="sample",
        operator="officer",
        recipient=DropKeys(configured.path("keys")).recipient(),  # as a patrol car's workstation holds it
        captures=[
            {
                "file": capture.file,
                "captured_at": capture.captured_at.isoformat(),
                "latitude": capture.latitude,
                "longitude": capture.longitude,
                "heading": capture.heading_deg,
                "device_id": capture.device_id,
                "kind": capture.device_kind,
            }
            for capture in captures
        ],
    )
    return Feed(
        manifests=[sha256_hex(manifest.read_bytes())],
        n_captures=len(captures),
        lists=lists,
        labels={capture.file: [plate for plate, _ in capture.plates] for capture in captures},
        is_sample=True,
    )


def load_sample_case(store: Store, configured: Settings, console: Console) -> int:
    """Load the weeks of simulated reads that the notebooks ask about, up to yesterday, and the city's streets. Returns their number.

    After the drive was matched: the sample's hot lists are about the drive.
    """
    from alpr_assets.sample import case  # noqa: PLC0415 - 2 s of imports, only here
    from alpr_assets.sample.places import sample_places  # noqa: PLC0415

    now = datetime.now(UTC)
    first_day = now.date() - timedelta(days=case.DAYS)
    sample_places(configured.path("data"), seed=case.SEED, at=now)
    with _bar(console) as progress:
        task = progress.add_task("loading a simulated city", total=case.DAYS)
        return case.load_case(
            store.engine, case.size(first_day), configured.path("data"), sure_confidence=policy().recognition.sure_confidence,
            progress=lambda done, _: progress.update(task, completed=done),
        )  # fmt: skip


def feed_own(
    configured: Settings, console: Console, *, captures: Path | None, hotlist: Path | None, device_id: str
) -> Feed:
    """Copy one's own captures (a plain folder, a drop, or a folder of drops) and hot list into the watched folders.

    Raises AlprError when there is nothing to take, or no source in the policy for the list.
    """
    feed = Feed(labels=accuracy.read_labels(captures) if captures else {})
    drops, lists = configured.path("drops"), configured.path("hotlists")
    if hotlist is not None:
        policy().hotlists.source_of(hotlist.name)  # else the import would fail, later and elsewhere
        part = lists / f"{hotlist.name}.part"
        shutil.copyfile(hotlist, part)
        part.rename(lists / hotlist.name)
        feed.lists[hotlist.name] = sha256_hex(hotlist.read_bytes())
    if captures is not None:
        for manifest in _into_drops(captures, drops, device_id, console):
            feed.manifests.append(sha256_hex(manifest.read_bytes()))
    return feed


def _into_drops(captures: Path, drops: Path, device_id: str, console: Console) -> list[Path]:
    ready = list_manifests(captures)
    if not ready:
        with _bar(console) as progress:
            task = progress.add_task("copying pictures", total=None)
            folder = drop_from_folder(
                captures,
                drops,
                device_id=device_id,
                policy=policy(),
                distrust_impossible_clocks=True,  # old collections are tried out; the flag and the summary say so
                progress=lambda done, total: progress.update(task, completed=done, total=total),
            )
        return [folder / MANIFEST]
    copied = []
    for manifest in ready:
        digest = sha256_hex(manifest.read_bytes())
        target = drops / f"{manifest.parent.name}-{digest[:12]}"
        if not (target / MANIFEST).exists():
            # The manifest last: until it is there, the drop is in transfer.
            shutil.copytree(manifest.parent, target, ignore=shutil.ignore_patterns(MANIFEST), dirs_exist_ok=True)
            shutil.copyfile(manifest, target / f".{MANIFEST}")
            (target / f".{MANIFEST}").rename(target / MANIFEST)
        copied.append(target / MANIFEST)
    return copied


def follow(
    store: Store, configured: Settings, feed: Feed, servers: services.Running, console: Console, *, since: datetime
) -> list[str]:
    """Show progress until everything that was fed has landed, is read and matched.

    Returns what went wrong: what was refused, and the runs and checks that failed `since` then.
    """
    rules = policy()
    with _bar(console) as progress:
        landing = progress.add_task("landing drops", total=len(feed.manifests))
        reads = progress.add_task("reading plates", total=None)
        matching = progress.add_task("matching hot lists", total=None)
        moved_at, before = time.monotonic(), None
        while True:
            state = _state(store, configured, rules, feed)
            progress.update(landing, completed=state.n_drops, total=len(feed.manifests))
            progress.update(reads, completed=state.n_read, total=state.n_captures or None)
            progress.update(matching, completed=state.n_matched, total=state.n_days or None)
            if (dead := servers.tend()) is not None:
                return [f"the {dead.name} server ended; see {dead.log}"]
            if state.done and not _runs_under_way():
                break
            if state != before:
                moved_at, before = time.monotonic(), state
            if time.monotonic() - moved_at > STILL_SECONDS:
                return [
                    f"nothing moved for {STILL_SECONDS} s: look at the runs at {servers.url}/dagster/runs",
                    *_failures(since),
                ]
            time.sleep(POLL_SECONDS)
    return [*_refusals(store, feed), *_failures(since)]


@dataclass(frozen=True, slots=True)
class _State:
    n_drops: int
    n_captures: int
    n_read: int
    n_days: int
    n_matched: int
    waits: bool

    @property
    def done(self) -> bool:
        return not self.waits and self.n_read == self.n_captures and self.n_matched == self.n_days


def _state(store: Store, configured: Settings, rules: Policy, feed: Feed) -> _State:
    capture, day = schema.capture.c, schema.capture_day.c
    waits = bool(pending_drops(store, configured.path("drops"), policy=rules))
    with reading(store.engine) as connection:
        drops = drop_ids(store, feed.manifests)
        imported = set(connection.scalars(select(schema.hotlist_import.c.sha256)))
        of_feed = capture.drop_id.in_(drops)
        days = select(capture.day).where(of_feed).distinct()
        processed = day.day.in_(days) & day.landed_digest.is_not_distinct_from(day.processed_digest)
        return _State(
            n_drops=len(drops),
            n_captures=connection.scalar(select(func.count()).where(of_feed)) or 0,
            n_read=connection.scalar(select(func.count()).where(of_feed, capture.current_version.is_not(None))) or 0,
            n_days=connection.scalar(select(func.count(capture.day.distinct())).where(of_feed)) or 0,
            n_matched=connection.scalar(select(func.count()).where(processed)) or 0,
            waits=waits or bool(set(feed.lists.values()) - imported) or bool(rematch_due(connection)),
        )


def drop_ids(store: Store, manifests: list[str]) -> list[int]:
    """Ids of the drops that these manifests landed as."""
    with reading(store.engine) as connection:
        return list(
            connection.scalars(select(schema.drop.c.drop_id).where(schema.drop.c.manifest_sha256.in_(manifests)))
        )


def _refusals(store: Store, feed: Feed) -> list[str]:
    """What of the feed was refused, now or when it came before."""
    imported, quarantine = schema.hotlist_import.c, schema.quarantine.c
    n_landed = len(drop_ids(store, feed.manifests))
    with reading(store.engine) as connection:
        newest = connection.execute(
            select(imported.sha256, imported.file_name, imported.accepted, imported.code, imported.receipt)
            .where(imported.sha256.in_(feed.lists.values()))
            .order_by(imported.import_id)
        )
        lists = {row.sha256: row for row in newest}.values()
        refused = [
            f"hot list {row.file_name} was refused ({row.code}): {row.receipt['reason']}\n  → {row.receipt['remedy']}"
            for row in lists
            if not row.accepted
        ]
        if n_landed < len(set(feed.manifests)):
            reasons = connection.scalars(
                select(quarantine.reason).where(quarantine.kind == "drop", quarantine.resolved_at.is_(None))
            )
            remedy = "the unit closes and sends the drop again; docs/drops.md says what it must be"
            refused += [f"drop refused: {reason} ({remedy})" for reason in reasons]
    return refused


def _runs_under_way() -> bool:
    """Whether a run is queued or running: its checks may still fail."""
    from dagster import DagsterInstance, RunsFilter  # noqa: PLC0415

    with DagsterInstance.get() as instance:
        return instance.get_runs_count(RunsFilter(statuses=sorted(UNDER_WAY, key=str))) > 0


def _failures(since: datetime) -> list[str]:
    """Runs that failed and asset checks that did not pass, of this instance since then."""
    from dagster import DagsterEventType, DagsterInstance, DagsterRunStatus, RunsFilter  # noqa: PLC0415

    troubles = []
    with DagsterInstance.get() as instance:
        for record in instance.get_run_records(RunsFilter(created_after=since)):
            run = record.dagster_run
            if run.status == DagsterRunStatus.FAILURE:
                troubles.append(f"run {run.run_id[:8]} ({run.job_name}) failed{_why(instance, run.run_id)}")
            events = instance.get_records_for_run(run.run_id, of_type=DagsterEventType.ASSET_CHECK_EVALUATION).records
            for event in events:
                dagster_event = event.event_log_entry.dagster_event
                if dagster_event and not dagster_event.asset_check_evaluation_data.passed:
                    checked = dagster_event.asset_check_evaluation_data
                    troubles.append(f"check {checked.asset_key.to_user_string()}.{checked.check_name} failed")
    return sorted(set(troubles))


def _why(instance: Any, run_id: str) -> str:
    """What its steps said: our own errors only, whose texts hold no plate."""
    from dagster import DagsterEventType  # noqa: PLC0415

    events = instance.get_records_for_run(run_id, of_type=DagsterEventType.STEP_FAILURE).records
    failures = [event.event_log_entry.dagster_event.step_failure_data.user_failure_data for event in events]
    return "".join(f": {failure.description}" for failure in failures if failure)


def has_members(store: Store) -> bool:
    """Whether anybody can sign in."""
    return bool(register.members(store.engine))


def open_fed_store() -> Store:
    """The store of this run, with every folder made and the watched ones there.

    Raises PermissionError when one cannot be written to: the servers would only say so in a run that failed.
    """
    configured = settings()
    for name in ("data", "keys", "drops", "hotlists"):
        folder = configured.path(name)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))
    return open_store(configured)


def _bar(console: Console) -> Progress:
    return Progress(
        SpinnerColumn(), TextColumn("{task.description:<24}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        console=console,
    )  # fmt: skip
