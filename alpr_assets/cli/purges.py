"""`alpr purge`: what is left to do after a purge, by whoever runs the service. Nothing here decides what is destroyed."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from alpr_assets.access.acting import open_office
from alpr_assets.access.record.serving import recorder
from alpr_assets.cli.common import console, opened_store
from alpr_assets.lifecycle.purge.completing import complete
from alpr_assets.policy import policy
from alpr_assets.settings import settings


@click.group()
def purge() -> None:
    """Purges: rewriting what a PostgreSQL server's files still hold of one. They are planned and approved in the console.

    Example: alpr purge rewrite
    """


@purge.command()
def rewrite() -> None:
    """Rewrite the tables that purged rows were removed from, so that their bytes are gone, and complete the certificates. PostgreSQL.

    Each table is locked while it is written anew: do it at a quiet hour, as Dagster does every night. With SQLite there is nothing to do.

    Example: alpr purge rewrite
    """
    configured, store = settings(), opened_store()
    with recorder(configured) as kept:
        office = open_office(store.engine, kept, policy(), configured)
        done = complete(store, office=office, clock=lambda: datetime.now(UTC))
    for one in done:
        console.print(f"purge {one.plan_id}: destroyed; completion {one.sha256}", soft_wrap=True)
    if not done:
        console.print("no purge waits to be rewritten")
