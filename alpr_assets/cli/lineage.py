"""`alpr lineage`: one read from its picture to its end, through the console as every question about vehicles.

Here: showing the answer. Not here: the connection (`client`), what is in it (`search.lineage`), any decision (the gate).
"""

from __future__ import annotations

from typing import Any, Final
from zoneinfo import ZoneInfo

import click
from rich.text import Text
from rich.tree import Tree

from alpr_assets.cli.common import console
from alpr_assets.cli.searching import signed_in, why
from alpr_assets.client import Why
from alpr_assets.client.lineage import Lineage, Step
from alpr_assets.policy import policy

LARGEST_ID: Final = 2**63 - 1


@click.command()
@click.argument("read_id", required=False, type=click.IntRange(0, LARGEST_ID))
@click.option(
    "--capture", "capture_id", type=click.IntRange(0, LARGEST_ID),
    help="The picture instead, with all its reads; of a destroyed read, the picture that it was of.",
)  # fmt: skip
@why
def lineage(
    read_id: int | None,
    *,
    capture_id: int | None,
    purpose: str,
    case_number: str,
    user: str | None,
    url: str | None,
) -> None:
    """Show where a read came from and what became of it: receipt, versions, hits, holds, who was shown it, its purge.

    Example: alpr lineage 88549421187073 --purpose criminal_investigation --case 26-01234
    """
    if read_id is None and capture_id is None:
        raise click.UsageError("give the number of a read, or --capture with that of a picture")
    with signed_in(url, user) as client:
        served = client.lineage(Why(purpose, case_number), read_id=read_id, capture_id=capture_id)
    zone = policy().zone
    console.print(_tree(served.value, zone))
    console.print(f"times of {zone.key}; access record {served.receipt.record_id}", soft_wrap=True)


def _tree(found: Lineage, zone: ZoneInfo) -> Tree:
    tree = Tree(Text(f"{found.title}: {found.told}", "bold"))
    for section in found.sections:
        branch = tree.add(Text(section.title, "bold"))
        for step in section.steps:
            _add(branch, step, zone)
        if not section.steps:
            branch.add(Text(section.empty, "dim"))
    return tree


def _add(branch: Tree, step: Step, zone: ZoneInfo) -> None:
    about = [f"{step.at.astimezone(zone):%Y-%m-%d %H:%M:%S}"] if step.at else []
    about += [step.by] if step.by else []
    leaf = branch.add(Text(" · ".join([step.what, *about])))
    for name, value in step.facts.items():
        leaf.add(Text(f"{name.replace('_', ' ')}: {_text(value)}", "dim"))


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value)
