"""`alpr record`: verifying the access record, exporting it, heads for witnesses. None of these shows what was searched for."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click

from alpr_assets.access.record import verifying
from alpr_assets.access.record.entries import Entry, Kind, Outcome, RecordUnavailableError
from alpr_assets.access.record.expiring import expire_elements, expired_months
from alpr_assets.access.record.exporting import export_record, snapshot, verify_database
from alpr_assets.access.record.heads import head_json
from alpr_assets.access.record.log import AccessRecord
from alpr_assets.access.record.places import Place, place_of
from alpr_assets.access.record.proving import prove_consistency, prove_inclusion
from alpr_assets.access.record.serving import recorder
from alpr_assets.access.record.sheets import sheet
from alpr_assets.access.record.tables import prepare as make_tables
from alpr_assets.access.record.tail import newest_head, public_key_of
from alpr_assets.access.record.witnesses import send_heads
from alpr_assets.cli.common import Existing, console, operator
from alpr_assets.errors import VerificationError
from alpr_assets.policy import policy
from alpr_assets.settings import settings
from alpr_assets.store.sealed import write_durably

HEAD = click.option("--head", "heads", multiple=True, type=Existing(folder=False), help="A head that a witness keeps.")
KEY = click.option(
    "--key", type=Existing(folder=False), help="Public key kept from before: PEM, hex, or a head that it signed."
)


@click.group()
def record() -> None:
    """The access record: verify it, export it, send its heads to witnesses.

    Example: alpr record verify
    """


@record.command()
@HEAD
@KEY
@click.option("--accept", type=int, multiple=True, metavar="POSITION", help="A clock set back there is explained.")
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
@click.pass_context
def verify(
    ctx: click.Context, heads: tuple[Path, ...], key: Path | None, accept: tuple[int, ...], as_json: bool
) -> None:
    """Verify the whole record where it lies; say where it is damaged. Status 1 when it is.

    Example: alpr record verify --head /media/witness/head-5f2c-000000001042.json
    """
    with _read_by_us():
        claims, pinned = [verifying.read_claim(path) for path in heads], verifying.read_key(key) if key else None
    report = verify_database(_place(), claims, pinned, accept)
    click.echo(json.dumps(report.as_json(), indent=2) if as_json else "\n".join(report.lines()))
    ctx.exit(0 if report.ok else 1)


@record.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--results/--no-results", default=True, help="The ids of what each entry returned.")
@click.option("--sealed", is_flag=True, help="The sealed queries too; they stay sealed.")
def export(file: Path, results: bool, sealed: bool) -> None:
    """Write the whole record to a file that outsiders verify with `verify_record.py`.

    Example: alpr record export record.jsonl
    """
    place = _place()
    try:
        with recorder() as appended:
            details = {"results": results, "sealed": sealed}
            appended.append(_entry("record_exported", details))
    except RecordUnavailableError as error:  # a damaged record is evidence, and must come out
        click.echo(f"not recorded: {error}", err=True)
    n = export_record(place, file, results=results, sealed=sealed)
    console.print(f"{file}: {n:,} entries", soft_wrap=True)


@record.command()
@click.option(
    "--sheet", "page", type=click.Path(dir_okay=False, path_type=Path), help="Printed sheet instead: an HTML file."
)
def head(page: Path | None) -> None:
    """Print the newest signed head as JSON, or as a sheet of paper for a witness.

    Example: alpr record head --sheet head.html
    """
    with snapshot(_place().engine) as connection:
        newest, public_key = newest_head(connection), public_key_of(connection)
    if newest is None:
        raise VerificationError("there is no access record yet", remedy="it begins with the first act: run `alpr init`")
    if page is None:
        click.echo(json.dumps(head_json(newest, public_key), indent=2))
        return
    html = sheet(newest, public_key, agency=policy().policy.agency, zone=policy().zone)
    write_durably(page.absolute(), html.encode())
    console.print(f"{page}: {newest.size:,} entries; print it, and give it to a witness", soft_wrap=True)


@record.command()
@click.pass_context
def witness(ctx: click.Context) -> None:
    """Send the newest head to every witness now, due or not. Status 1 when one was not reached.

    Example: ALPR_WITNESSES=/media/clerk:/media/auditor alpr record witness
    """
    sent = send_heads(settings(), datetime.now(UTC), all_now=True)
    for given in sent:
        console.print(f"{given.witness}: {given.trouble or given.path}", soft_wrap=True)
    if not sent:
        console.print(
            "nothing to send: every witness has the newest head, or none is named (ALPR_WITNESSES, witness_emails)"
        )
    ctx.exit(1 if any(given.trouble for given in sent) else 0)


@record.command()
@click.argument("record_id", type=int, required=False)
@click.option(
    "--head", "kept", type=Existing(folder=False), help="Prove that the record begins with this head instead."
)
def prove(record_id: int | None, kept: Path | None) -> None:
    """Prove that an entry is in the record, or that the record begins with a head that was kept; as JSON.

    Example: alpr record prove 1042
    """
    if (record_id is None) == (kept is None):
        raise click.UsageError("give the number of an entry, or --head")
    with snapshot(_place().engine) as connection:
        if kept is None:
            assert record_id is not None
            proof = prove_inclusion(connection, record_id)
        else:
            with _read_by_us():
                claim = verifying.read_claim(kept)
            proof = prove_consistency(connection, claim)
    click.echo(json.dumps(proof, indent=2))


@record.command()
@click.argument("head_a", type=Existing(folder=False))
@click.argument("head_b", type=Existing(folder=False))
@click.argument("export_file", type=Existing(folder=False), required=False)
@click.pass_context
def compare(ctx: click.Context, head_a: Path, head_b: Path, export_file: Path | None) -> None:
    """Whether two heads that two people were shown are of one record. Status 1 when they are not.

    Example: alpr record compare clerk.json auditor.json
    """
    with _read_by_us():
        agree, said = verifying.compare(verifying.read_claim(head_a), verifying.read_claim(head_b))
        if agree is None:
            arguments = [str(export_file)] if export_file else []
            ctx.exit(verifying.main(["--compare", str(head_a), str(head_b), *arguments]))
    click.echo(said)
    ctx.exit(0 if agree else 1)


@record.command()
def verifier() -> None:
    """Print the program with which outsiders verify an export: it needs Python and its `cryptography` package only.

    Example: alpr record verifier > verify_record.py
    """
    click.echo(Path(verifying.__file__).read_text(encoding="utf-8"), nl=False)


@record.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
def expire(yes: bool) -> None:
    """Destroy the keys of queries that are older than the policy's elements_years. The record still verifies.

    Example: alpr record expire
    """
    place, now, years = _place(), datetime.now(UTC), policy().record.elements_years
    months = expired_months(place.keys, now, years)
    if not months:
        console.print(f"nothing is older than {years} years")
        return
    if not yes:
        click.confirm(
            f"destroy the keys of {', '.join(months)}? What was searched for then is gone for good", abort=True
        )
    with recorder() as appended:
        receipt = expire_elements(place, appended, operator(), now=now, years=years)
    console.print(
        f"destroyed: {', '.join(months)}; access record {receipt.record_id if receipt else ''}", soft_wrap=True
    )


@record.command("new-key")
def new_key() -> None:
    """Let a new signing key follow the present one, which signs for it. The system must be down. Tell the witnesses.

    Example: alpr record new-key
    """
    with AccessRecord(_place()) as appended:  # not through the recorder: whoever reaches it must not change the key
        receipt = appended.change_key(operator())
    console.print(f"key {receipt.head.key_id} signs from entry {receipt.record_id} on", soft_wrap=True)


@record.command()
def prepare() -> None:
    """Make the record's tables and role, as the owner of the database that ALPR_RECORD_URL names.

    Example: ALPR_RECORD_URL=postgresql://owner@server/alpr alpr record prepare
    """
    place = place_of(settings())
    place.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    make_tables(place.engine)
    console.print("the record's tables are there")


def _place() -> Place:
    place = place_of(settings())
    if not place.is_begun():
        raise VerificationError(
            f"there is no access record in {place.folder}", remedy="restore it; a new system begins it with `alpr init`"
        )
    return place


def _entry(action: str, details: Mapping[str, object]) -> Entry:
    return Entry(
        at=datetime.now(UTC), kind=Kind.RECORD, action=action, outcome=Outcome.DONE, actor=operator(), details=details
    )


@contextmanager
def _read_by_us() -> Iterator[None]:
    """A file that a witness keeps, and that is none, is told as such."""
    try:
        yield
    except ValueError as error:
        raise VerificationError(str(error), remedy="give the file as the witness got it") from error
