"""`alpr land`, `alpr device`, `alpr quarantine`: what arrives, from which readers, and what could not land."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click
from rich.table import Table
from rich.text import Text

from alpr_assets.cli.common import Existing, Instant, Place, console, opened_store
from alpr_assets.lifecycle.captures import devices
from alpr_assets.lifecycle.captures import quarantine as quarantined
from alpr_assets.lifecycle.captures.folders import drop_from_folder
from alpr_assets.lifecycle.captures.landing import land_drop
from alpr_assets.policy import policy
from alpr_assets.settings import settings
from alpr_assets.store.engine import reading, writing

QUARANTINE_ID = click.IntRange(1, 2**63 - 1)  # what a database can hold


@click.command()
@click.argument("folder", type=Existing(folder=True))
@click.option("--device", required=True, help="Device that the pictures are filed under.")
@click.option("--at", "place", type=Place(), help="Place of pictures that have none in their EXIF.")
@click.option(
    "--distrust-clocks", is_flag=True, help="Date pictures whose own time cannot be by their receipt, and flag them."
)
def land(folder: Path, device: str, place: tuple[float, float] | None, distrust_clocks: bool) -> None:
    """Turn a plain folder of pictures into a drop and land it; the folder stays as it is.

    Example: alpr land ~/pictures --device cam-1 --at 38.005,-121.806
    """
    drop = drop_from_folder(
        folder,
        settings().path("drops"),
        device_id=device,
        policy=policy(),
        place=place,
        distrust_impossible_clocks=distrust_clocks,
    )
    receipt = land_drop(opened_store(), drop, policy=policy(), now=datetime.now(UTC))
    console.print(
        f"{receipt.n_landed} landed, {receipt.n_duplicate} known already, {receipt.n_quarantined} quarantined, "
        f"{receipt.n_missing} missing; receipt {drop / 'receipt.json'}",
        soft_wrap=True,
    )
    for bad in receipt.quarantined:
        console.print(f"  quarantined ({bad['code']}): {bad['reason']}", soft_wrap=True)
    console.print("`alpr up` reads and matches what has landed.")


@click.group()
def device() -> None:
    """The device registry: installation and maintenance of readers (422.3).

    Example: alpr device list
    """


@device.command("add")
@click.argument("device_id")
@click.option("--kind", type=click.Choice(["fixed", "mobile"]), required=True)
@click.option("--name", required=True, help="What people call it.")
@click.option("--at", "place", type=Place(), help="Where a fixed device stands.")
def device_add(device_id: str, kind: str, name: str, place: tuple[float, float] | None) -> None:
    """Register a reader, or change its name, kind or place.

    Example: alpr device add cam-1 --kind fixed --name "Somersville Rd" --at 38.005,-121.806
    """
    with writing(opened_store().engine) as connection:
        devices.register(connection, device_id=device_id, kind=kind, name=name, place=place, at=datetime.now(UTC))
    console.print(f"registered {device_id}")


@device.command("service")
@click.argument("device_id")
@click.argument("kind", type=click.Choice(["installed", "maintained", "moved", "removed"]))
@click.option("--by", "done_by", required=True, help="Who did it.")
@click.option("--at", "done_at", type=Instant(), help="When; now by default.")
@click.option("--note", default="")
def device_service(device_id: str, kind: str, done_by: str, done_at: datetime | None, note: str) -> None:
    """Record an installation, maintenance, move or removal.

    Example: alpr device service cam-1 installed --by "J. Doe" --at 2026-01-15T09:00:00-08:00
    """
    at = done_at or datetime.now(UTC)
    with writing(opened_store().engine) as connection:
        devices.record_service(connection, device_id=device_id, kind=kind, done_at=at, done_by=done_by, note=note)
    console.print(f"recorded: {device_id} {kind}")


@device.command("list")
def device_list() -> None:
    """List the registered readers.

    Example: alpr device list
    """
    table = Table("device", "kind", "place", "installed")
    with reading(opened_store().engine) as connection:
        for registered in devices.registry(connection).values():
            place = f"{registered.place[0]:.5f}, {registered.place[1]:.5f}" if registered.place else ""
            installed = registered.installed_at
            on = f"{installed.astimezone(policy().zone):%Y-%m-%d}" if installed else Text("not on record", "yellow")
            table.add_row(registered.device_id, registered.kind, place, on)
    console.print(table)


@click.group()
def quarantine() -> None:
    """What arrived and could not be true or whole, and its way back.

    Example: alpr quarantine list
    """


@quarantine.command("list")
def quarantine_list() -> None:
    """List open items: what, why, and who answers for it.

    Example: alpr quarantine list
    """
    with reading(opened_store().engine) as connection:
        items = quarantined.open_items(connection)
    table = Table("id", "kind", "item", "code", "reason", "owner")
    for item in items.itertuples(index=False):
        table.add_row(*(str(value) for value in item[:6]))
    console.print(table if len(items) else "nothing in quarantine")


@quarantine.command("reland")
@click.argument("quarantine_id", type=QUARANTINE_ID)
@click.option("--time", "captured_at", type=Instant(), help="The right time of capture.")
@click.option("--place", type=Place(), help="The right place.")
@click.option("--forget-place", is_flag=True, help="Land without a place.")
@click.option("--by", required=True, help="Who decides.")
@click.option("--reason", required=True)
def quarantine_reland(  # noqa: PLR0917 - click passes options by name
    quarantine_id: int,
    captured_at: datetime | None,
    place: tuple[float, float] | None,
    forget_place: bool,
    by: str,
    reason: str,
) -> None:
    """Land a quarantined capture after all, with the right time or place where that was wrong.

    Example: alpr quarantine reland 7 --time 2026-06-15T04:00:00-07:00 --by "J. Doe" --reason "camera clock reset"
    """
    capture_id = quarantined.reland(
        opened_store(), quarantine_id, by=by, reason=reason, policy=policy(), now=datetime.now(UTC),
        captured_at=captured_at, place=place, forget_place=forget_place,
    )  # fmt: skip
    console.print(f"landed as capture {capture_id}")


@quarantine.command("dismiss")
@click.argument("quarantine_id", type=QUARANTINE_ID)
@click.option("--by", required=True, help="Who decides.")
@click.option("--reason", required=True)
def quarantine_dismiss(quarantine_id: int, by: str, reason: str) -> None:
    """Close an item that will not land; it stays on record.

    Example: alpr quarantine dismiss 7 --by "J. Doe" --reason "lens cap on"
    """
    quarantined.dismiss(opened_store(), quarantine_id, by=by, reason=reason, now=datetime.now(UTC))
    console.print(f"dismissed {quarantine_id}")
