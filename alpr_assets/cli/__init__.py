"""The `alpr` command. Each command has help with an example; errors say what to do and end with status 1."""

from __future__ import annotations

import click

from alpr_assets.cli import (
    captures,
    drops,
    evidence,
    hotlists,
    keys,
    lineage,
    members,
    places,
    purges,
    reads,
    recognition,
    record,
    release,
    running,
    searching,
    working,
)
from alpr_assets.cli.common import Commands


@click.group(cls=Commands)
@click.version_option(package_name="alpr-assets")
def main() -> None:
    """Licence-plate captures to reads, hot-list hits, retention and evidence.

    Example: alpr run --once
    """


for command in (
    members.init,
    running.run,
    running.up,
    running.status,
    captures.land,
    recognition.recognize,
    searching.plate,
    searching.hits,
    searching.image,
    lineage.lineage,
    searching.heads,
    reads.reads,
    captures.device,
    hotlists.hotlist,
    captures.quarantine,
    drops.drops,
    evidence.evidence,
    purges.purge,
    keys.keys,
    release.release,
    places.places,
    members.member,
    record.record,
    working.worker,
):
    main.add_command(command)
