"""`alpr keys`: the master key that wraps the keys of pictures and received files: which one is in force, and another one."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from alpr_assets.access.record.entries import Entry, Kind, Outcome, RecordUnavailableError
from alpr_assets.access.record.serving import recorder
from alpr_assets.cli.common import console, operator
from alpr_assets.settings import settings
from alpr_assets.store.day_keys import CLEAR, rotate
from alpr_assets.store.engine import open_keys


@click.group()
def keys() -> None:
    """Master key: what the keys of pictures and received files are wrapped by.

    Example: alpr keys status
    """


@keys.command("status")
@click.pass_context
def keys_status(ctx: click.Context) -> None:
    """Tell how many days have keys, and which master key opens them. Status 1 when one is not here.

    Example: alpr keys status
    """
    databases = open_keys(settings())
    here = {one.key_id: one.where for one in reversed(databases[0].masters.here())}
    is_whole = True
    for database in databases:
        wrapped = database.n_by_master()
        if not wrapped:
            console.print(f"{database.path}: no keys yet", soft_wrap=True)
        for master, n in sorted(wrapped.items()):
            is_whole &= master in here or master == CLEAR
            console.print(f"{database.path}: {n:,} keys {_told(master, here)}", soft_wrap=True)
    for n, (key_id, where) in enumerate(reversed(here.items())):
        console.print(f"master key {key_id} in {where}{', in force' if not n else ''}", soft_wrap=True)
    ctx.exit(0 if is_whole else 1)


@keys.command("rotate")
def keys_rotate() -> None:
    """Wrap every key by a new master key: made in the file, or the one put first in ALPR_MASTER_KEY or ALPR_KMS_KEYS.

    Nothing need stop where the key is in the file; interrupted, do it again.

    Example: alpr keys rotate
    """
    databases = open_keys(settings())
    done = rotate(databases, databases[0].masters)
    console.print(f"master key {done.key_id}: {done.n_wrapped:,} keys wrapped anew; back it up", soft_wrap=True)
    for master in done.needless:
        console.print(f"master key {master.key_id} in {master.where} is needed no more: take it away", soft_wrap=True)
    details = {"master_key": done.key_id, "wrapped": done.n_wrapped}
    entry = Entry(
        at=datetime.now(UTC), kind=Kind.ADMINISTRATION, action="master_key_changed", outcome=Outcome.DONE,
        actor=operator(), details=details,
    )  # fmt: skip
    try:
        with recorder() as appended:
            appended.append(entry)
    except RecordUnavailableError as error:  # a key that somebody has seen is changed all the same
        click.echo(f"not recorded: {error}", err=True)


def _told(master: str, here: dict[str, str]) -> str:
    if master == CLEAR:
        return "in clear, wrapped when the system next opens one"
    return f"wrapped by master key {master}" + ("" if master in here else ", which is NOT HERE")
