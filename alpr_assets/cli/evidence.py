"""`alpr evidence`: packing what a hold covers onto a medium, verifying, booking, following, stamping.

Here: what a person types and sees. Not here: any rule. All but `verify` and `verifier` go through the console as everybody's questions do;
those two need nothing but the bag.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click
from rich.text import Text

from alpr_assets.access.roles import Action
from alpr_assets.cli.common import Existing, console
from alpr_assets.cli.searching import signed_in, why
from alpr_assets.client import Why
from alpr_assets.lifecycle.evidence import verifying
from alpr_assets.lifecycle.evidence.building import Pictures

BOTH = frozenset({Action.PACK_EVIDENCE, Action.BOOK_EVIDENCE})


@click.group()
def evidence() -> None:
    """Packages of what is held: onto a medium, verified, booked, followed (422.5).

    Example: alpr evidence pack 7 --to /media/usb --purpose criminal_investigation --case 26-01234
    """


@evidence.command()
@click.argument("hold_id", type=int)
@click.option("--to", "folder", type=Existing(folder=True), required=True, help="Folder on the medium.")
@why
@click.option("--pictures", type=click.Choice([one.value for one in Pictures]), default=Pictures.ORIGINAL.value, show_default=True,
              help="As captured, copies in which others' plates are covered, or both.")  # fmt: skip
@click.option(
    "--subject",
    "subjects",
    multiple=True,
    help="Plate that stays visible in covered copies; several times for several.",
)
@click.option("--with-entries", is_flag=True, help="What the department's own lists say goes with the hits.")
@click.option("--recipient", default="", help="age public key (age1…) that the package is encrypted to.")
def pack(
    hold_id: int, *, folder: Path, purpose: str, case_number: str, user: str | None, url: str | None, **options: Any
) -> None:
    """Pack what hold HOLD_ID covers now, write it to a medium, and check it there.

    Example: alpr evidence pack 7 --to /media/usb --purpose criminal_investigation --case 26-01234
    """
    with signed_in(url, user, actions=BOTH) as client:
        served = client.pack(
            hold_id, folder, Why(purpose, case_number), **{**options, "subjects": list(options["subjects"])}
        )
    written = served.value
    console.print(f"package {written.package_id}: {written.path}", soft_wrap=True)
    console.print(f"SHA-256 of tagmanifest-sha256.txt: {written.sha256}", soft_wrap=True)
    if not written.is_stamped:
        console.print("not stamped by an authority; `alpr evidence stamp` does it later")
    console.print(f"access record {served.receipt.record_id}; next: alpr evidence book {written.package_id}")


@evidence.command()
@click.argument("bag", type=Existing(folder=True))
@click.option(
    "--key", type=Existing(folder=False), help="The department's public key, PEM; by default the one in the bag."
)
@click.option("--tsa-ca", type=Existing(folder=False), help="Root certificate of the time-stamping authority, PEM.")
@click.pass_context
def verify(ctx: click.Context, bag: Path, key: Path | None, tsa_ca: Path | None) -> None:
    """Whether a bag is what left. Needs no database and no sign-in. Status 1: it is not; 2: not everything could be checked.

    Example: alpr evidence verify /media/usb/alpr-26-01234-hold-7-20260701T180000Z
    """
    ctx.exit(verifying.told(verifying.verify(bag, key=key, tsa_ca=tsa_ca)))


@evidence.command()
def verifier() -> None:
    """Print the program with which outsiders verify a bag: it needs Python and openssl only.

    Example: alpr evidence verifier > verify.py
    """
    sys.stdout.write(Path(verifying.__file__).read_text(encoding="utf-8"))


@evidence.command()
@click.argument("package_id", type=int)
@click.option("--bag", type=Existing(folder=True), required=True, help="The package on its medium.")
@why
@click.option("--item", "item_number", required=True, help="Item number of the property room.")
@click.option("--media", required=True, help="What it lies on, such as a USB drive.")
@click.option("--serial", "media_serial", required=True, help="Serial number of the medium.")
@click.option("--to-whom", required=True, help="Who has it from now on.")
def book(
    package_id: int, *, bag: Path, purpose: str, case_number: str, user: str | None, url: str | None, **said: Any
) -> None:
    """Check a package on its medium, and book it into evidence.

    Example: alpr evidence book 3 --bag /media/usb/alpr-… --item 26-01234-3 --media "USB drive" --serial SN4711 --to-whom "locker 7" …
    """
    with signed_in(url, user, actions=BOTH) as client:
        served = client.book(package_id, bag, Why(purpose, case_number), **said)
    settled = (
        "; the hold is lifted, and all of it is booked: it frees what it kept" if served.value["is_settled"] else ""
    )
    console.print(f"booked as {said['item_number']}, booking {served.value['booking_id']}{settled}", soft_wrap=True)


@evidence.command()
@click.argument("booking_id", type=int)
@click.option("--bag", type=Existing(folder=True), required=True, help="The package on its medium.")
@why
@click.option("--to-whom", default="", help="Who has it from now on; without it, it is only checked.")
@click.option("--from-whom", default="", help="Who had it; by default who had it last.")
@click.option("--reason", required=True, help="Why.")
@click.pass_context
def follow(
    ctx: click.Context,
    /, booking_id: int, *, bag: Path, purpose: str, case_number: str, user: str | None, url: str | None, **said: Any
) -> None:  # fmt: skip
    """Check a booked package that is handed over, or only check it. Status 1: it is not what left; that is on record.

    Example: alpr evidence follow 3 --bag /media/usb/alpr-… --to-whom "District Attorney, M. Ito" --reason "hearing of 3 May" …
    """
    with signed_in(url, user, actions=BOTH) as client:
        served = client.follow(booking_id, bag, Why(purpose, case_number), **said)
    altered = Text.assemble(("NOT what left", "red"), ": tell the custodian of records")
    console.print("intact" if served.value else altered, soft_wrap=True)
    ctx.exit(0 if served.value else 1)


@evidence.command()
@click.argument("package_id", type=int)
@click.option("--bag", type=Existing(folder=True), required=True, help="The package on its medium.")
@why
def stamp(package_id: int, *, bag: Path, purpose: str, case_number: str, user: str | None, url: str | None) -> None:
    """Have a package stamped that left without a time stamp, and put the stamp into its bag.

    Example: alpr evidence stamp 3 --bag /media/usb/alpr-… --purpose criminal_investigation --case 26-01234
    """
    with signed_in(url, user, actions=BOTH) as client:
        client.stamp(package_id, bag, Why(purpose, case_number))
    console.print("stamped")
