"""`alpr release`: putting another agency's written request on file, and the file as one sees it (422.7).

Here: what a person types and sees. Not here: any rule. Both go through the console as everybody's questions do.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, Final

import click
from rich.table import Table
from rich.text import Text

from alpr_assets.access.roles import Action
from alpr_assets.cli.common import Existing, Instant, console
from alpr_assets.cli.searching import signed_in, why
from alpr_assets.client import Why
from alpr_assets.lifecycle.releases.entering import Came
from alpr_assets.policy import policy

NEEDED: Final = frozenset({Action.ENTER_RELEASE, Action.VIEW_RELEASES})


@click.group()
def release() -> None:
    """Requests of other agencies: on file, for the commander's review (422.7).

    Example: alpr release list
    """


@release.command("list")
@click.option("--find", "text", default="", help="Part of an agency's or person's name, or of a case number.")
@click.option(
    "--status", type=click.Choice(["asked", "approved", "denied", "fulfilled", "routed", "closed"]), help="Only these."
)
@click.option("--user", help="User name; asked for by default.")
@click.option("--console", "url", help="Where the console is; ALPR_CONSOLE_URL, or this machine, by default.")  # fmt: skip
def listed(*, text: str, status: str | None, user: str | None, url: str | None) -> None:
    """Show releases, open ones first: those that you entered, or all where your role keeps the file.

    Example: alpr release list --status asked
    """
    with signed_in(url, user, actions=NEEDED) as client:
        served = client.releases(text=text, status=status or "")
    table = Table("release", "agency", "who asks", "state", "of", "statute", "case", "due")
    zone = policy().zone
    for row in served.value:
        due = datetime.fromisoformat(row["due_at"]).astimezone(zone).strftime("%Y-%m-%d %H:%M") if row["due_at"] else ""
        state = Text(row["status"])
        if row["overdue"]:
            state.append(", ").append("overdue", "red")
        table.add_row(
            str(row["release_id"]), row["agency_name"], row["person"], state, row["scope_kind"].replace("_", " "), row["statute"],
            row["case_number"], due,
        )  # fmt: skip
    console.print(table if served.value else "none", soft_wrap=True)
    console.print(f"access record {served.receipt.record_id}")


@release.command()
@click.argument("agency_id", type=int)
@why
@click.option("--letter", type=Existing(folder=False), required=True, help="The request itself: PDF, PNG or JPEG.")
@click.option("--person", required=True, help="Who asks.")
@click.option("--title", "person_title", required=True, help="His or her title.")
@click.option("--for", "asked_for", required=True, help="The intended purpose, in the letter's words.")
@click.option("--statute", required=True, help="What the request rests on.")
@click.option("--agreement", "agreement_id", type=int, help="Standing agreement that it cites.")
@click.option("--came-by", type=click.Choice([one.value for one in Came]), required=True, help="How it came.")
@click.option("--came-at", type=Instant(), required=True, help="When it came; without an offset the department's time.")
@click.option("--pattern", default="", help="Plate, or part of one.")
@click.option("--device", "device_id", default="", help="A reader.")
@click.option("--since", type=Instant(), required=True, help="Captured from then on.")
@click.option("--until", type=Instant(), required=True, help="Captured before then.")
@click.option("--pictures", "with_pictures", is_flag=True, help="With pictures, in which others are covered.")
@click.option("--hits", "with_hits", is_flag=True, help="With hits.")
def enter(
    agency_id: int, *, purpose: str, case_number: str, user: str | None, url: str | None, letter: Path, since: datetime, until: datetime,
    came_at: datetime, pattern: str, device_id: str, with_pictures: bool, with_hits: bool, **said: Any,
) -> None:  # fmt: skip
    """Put the written request of agency AGENCY_ID on file. Who is no California public agency is refused.

    Example: alpr release enter 3 --letter letter.pdf --person "D. Cole" --title Detective --for "robbery" --statute "Penal Code 211" …
    """
    scope = {
        "pattern": pattern, "device_id": device_id, "since": since.isoformat(), "until": until.isoformat(), "with_pictures": with_pictures,
        "with_hits": with_hits,
    }  # fmt: skip
    with signed_in(url, user, actions=NEEDED) as client:
        served = client.enter_release(
            Why(purpose, case_number), letter, scope=scope, agency_id=agency_id, came_at=came_at.isoformat(), **said
        )
    done = served.value
    if done["is_routed"]:
        console.print(f"release {done['release_id']}: through the records process, answered by {done['due_at']}")
    else:
        console.print(f"release {done['release_id']}: on file; the bureau commander or the designee reviews it")
    console.print(f"access record {served.receipt.record_id}")
