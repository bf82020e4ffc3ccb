"""`alpr run`, `alpr up`, `alpr status`: the pipeline at work."""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import ExitStack, nullcontext
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.table import Table
from rich.text import Text

from alpr_assets import firstrun, services, summary
from alpr_assets.access import governing
from alpr_assets.access.passwords import OneTime
from alpr_assets.cli.common import Existing, console, opened_store
from alpr_assets.errors import AlprError
from alpr_assets.lifecycle.alerts import outbox
from alpr_assets.lifecycle.summaries import lists_of, totals
from alpr_assets.lifecycle.worker_state import worker_alive
from alpr_assets.policy import policy
from alpr_assets.settings import Settings, settings
from alpr_assets.store.engine import reading


@click.command()
@click.option("--once", is_flag=True, help="Stop after the summary; the status is 1 if anything failed.")
@click.option(
    "--captures", type=Existing(folder=True), help="Your own pictures or capture drops instead of the sample."
)
@click.option("--hotlist", type=Existing(folder=False), help="Your own hot-list file.")
@click.option("--device", default="hand-held", show_default=True, help="Device that plain pictures are filed under.")
def run(once: bool, captures: Path | None, hotlist: Path | None, device: str) -> None:
    """Take captures and hot lists through the pipeline, sum up, and leave the console running.

    Without your own captures, a sample drive is drawn into a data folder apart.

    Example: alpr run --once --captures ~/pictures --hotlist svs.tbl
    """
    own = captures is not None or hotlist is not None
    _end_on_sigterm()
    since = datetime.now(UTC)
    with nullcontext() if own else firstrun.sample_environment(), ExitStack() as stack:
        configured = _set_up(stack)
        if not own:
            firstrun.empty_sample(configured)
        store = firstrun.open_fed_store()
        one_time = [] if own else firstrun.sample_members(store, configured)
        feed = (
            firstrun.feed_own(configured, console, captures=captures, hotlist=hotlist, device_id=device)
            if own
            else firstrun.feed_sample(store, configured, console)
        )
        servers = _started(stack, configured)
        troubles = firstrun.follow(store, configured, feed, servers, console, since=since)
        summary.show(
            console,
            store,
            drop_ids=firstrun.drop_ids(store, feed.manifests),
            lists=list(feed.lists),
            labels=feed.labels,
            with_plates=feed.is_sample,
        )
        if feed.is_sample:
            n_reads = firstrun.load_sample_case(store, configured, console)
            console.print(f"for the notebooks   {n_reads:,} simulated reads of the weeks before, without pictures")
        for trouble in troubles:
            console.print(Text.assemble(("failed:", "red"), f" {trouble}"))
        if not once:
            _say_where(servers, configured)
            _say_who(one_time) if one_time else _say_how_to_begin(firstrun.has_members(store))
            _wait(servers)
    sys.exit(1 if troubles else 0)


@click.command()
@click.option("--certfile", type=Existing(folder=False), help="TLS certificate of the console, PEM.")
@click.option("--keyfile", type=Existing(folder=False), help="Its private key, PEM.")
def up(certfile: Path | None, keyfile: Path | None) -> None:
    """Start console, recorder, daemon, code server and worker over your data folder, until Ctrl-C.

    Drops and hot lists that arrive in the watched folders are then landed, read and matched by themselves.
    Where ALPR_HOST is not this machine alone and no certificate is given, a self-signed one is made.

    Example: ALPR_DATA=/srv/alpr alpr up
    """
    _end_on_sigterm()
    for name, file in (("ALPR_CERTFILE", certfile), ("ALPR_KEYFILE", keyfile)):
        if file is not None:
            os.environ[name] = str(file.absolute())
    settings.cache_clear()
    with ExitStack() as stack:
        configured = _set_up(stack)
        store = firstrun.open_fed_store()
        can_begin = firstrun.has_members(store)
        store.engine.dispose()
        servers = _started(stack, configured)
        _say_where(servers, configured)
        _say_how_to_begin(can_begin)
        _wait(servers)


def _set_up(stack: ExitStack) -> Settings:
    """What must hold before anything is written: settings and policy are right, and the data folder is ours alone."""
    configured = settings()
    policy()  # a wrong one would otherwise be noticed by the sensors only
    stack.enter_context(services.reserved(configured))
    return configured


def _started(stack: ExitStack, configured: Settings) -> services.Running:
    with console.status("starting recorder, code server, daemon, console and worker …"):
        return stack.enter_context(services.running(configured))


def _say_where(servers: services.Running, configured: Settings) -> None:
    console.print(f"\nconsole           {servers.url}", soft_wrap=True)
    if servers.certificate:
        console.print(f"its certificate   self-signed, SHA-256 {servers.certificate.fingerprint}", soft_wrap=True)
    console.print(f"capture drops     {configured.path('drops')}", soft_wrap=True)
    console.print(f"hot lists         {configured.path('hotlists')}", soft_wrap=True)
    console.print("Ctrl-C stops all of it.")


def _say_who(one_time: list[OneTime]) -> None:
    """The sample's members, whose passwords are good for the sample only."""
    console.print("\nSign in as any of these; each is asked for a new password and a second factor.", soft_wrap=True)
    for one in one_time:  # no table: a narrow terminal would cut passwords off
        console.print(f"  {one.user_name:<22} {one.password}", soft_wrap=True, highlight=False)


def _say_how_to_begin(has_members: bool) -> None:
    if not has_members:
        said = Text.assemble(("Nobody can sign in yet:", "yellow"), " `alpr init` registers the first administrator.")
        console.print("\n", said, sep="", soft_wrap=True)


def _wait(servers: services.Running) -> None:
    try:
        while (dead := servers.tend()) is None:
            time.sleep(1)
    except KeyboardInterrupt:
        console.print("\nstopping …")
        return
    raise AlprError(f"the {dead.name} server ended by itself", remedy=f"look into {dead.log}")


def _end_on_sigterm() -> None:
    """Let SIGTERM end us as Ctrl-C does, so that the servers are stopped."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)


@click.command()
def status() -> None:
    """Show what has landed, is read, matched and waits. Counts only, never a plate.

    Example: alpr status
    """
    with reading(opened_store().engine) as connection:
        governed = governing.standing(connection, policy(), datetime.now(UTC))
        counted, lists, told = totals(connection), lists_of(connection), outbox.counts(connection)
        worker = worker_alive(connection, datetime.now(UTC))
    zone = policy().zone
    table = Table(show_header=False)
    adopted = policy().policy.adopted
    state = f"adopted {adopted}" if adopted else ("SAMPLE, not adopted", "yellow")
    table.add_row("policy", Text.assemble(policy().policy.number, " ", state))
    if governed.why_not:
        table.add_row("captures land sealed", Text(f"no policy is in force: {governed.why_not}", "yellow"))
    table.add_row("drops landed", f"{counted.n_drops:,}")
    table.add_row("captures", f"{counted.n_captures:,} on {counted.n_days:,} days, {counted.n_unread:,} not yet read")
    table.add_row("reads", f"{counted.n_reads:,} in {counted.n_sightings:,} sightings of {counted.n_plates:,} plates")
    kinds = ", ".join(f"{n:,} {kind}" for kind, n in sorted(counted.hits_by_kind.items()))
    table.add_row("hits", kinds or "none")
    alerts = (
        f"{told.get('due', 0):,} waiting, {told.get('delivered', 0):,} delivered, {told.get('dead', 0):,} dead letters"
    )
    table.add_row("alerts outside", alerts if told else "none")
    codes = ", ".join(f"{n:,} {code}" for code, n in sorted(counted.quarantined_by_code.items()))
    table.add_row("in quarantine", codes or "nothing")
    table.add_row("days waiting", ", ".join(map(str, counted.days_waiting[:8])) or "none")
    last = f"{worker.last_beat.astimezone(zone):%Y-%m-%d %H:%M:%S %Z}" if worker.last_beat else None
    down = Text(f"down since {last}", "yellow") if last else "none yet"
    table.add_row("worker", "alive" if worker.is_alive else down)
    newest = counted.newest_capture_at
    table.add_row("newest capture", f"{newest.astimezone(zone):%Y-%m-%d %H:%M:%S %Z}" if newest else "none")
    for row in lists:
        made = row.made_at or row.imported_at
        age_h = (datetime.now(UTC) - made).total_seconds() / 3600
        table.add_row(f"hot list {row.name}", f"{row.n_entries:,} entries ({row.source}), {age_h:.1f} h old")
    console.print(table)
