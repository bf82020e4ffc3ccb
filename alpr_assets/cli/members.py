"""`alpr init` and `alpr member`: what must work on the machine itself, without the console."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import click

from alpr_assets.access import initial
from alpr_assets.access.acting import Office, open_office
from alpr_assets.access.initial import First
from alpr_assets.access.passwords import OneTime
from alpr_assets.access.record.serving import recorder
from alpr_assets.access.roles import Role
from alpr_assets.cli.common import console, opened_store
from alpr_assets.policy import policy
from alpr_assets.settings import settings


@click.command()
@click.option("--name", prompt="Name of the first administrator", help="The first administrator's name.")
@click.option("--user", prompt="His user name", help="The name that he signs in by.")
@click.option("--title", default="System Administrator", show_default=True, help="His job title in the policy.")
@click.option("--commander", prompt="Name of the bureau commander", help="Who approves members with him.")
@click.option("--commander-user", prompt="The commander's user name", help="The name that the commander signs in by.")
def init(name: str, user: str, title: str, commander: str, commander_user: str) -> None:
    """Make the store, begin the access record, and register the first administrator and commander.

    Two people approve everybody with a privileged role, so there are two to begin with. Each gets a one-time password, printed
    once. Refuses when there are members.

    Example: alpr init --name "Sam Ortiz" --user sortiz --commander "Ana Ruiz" --commander-user aruiz
    """
    leader = next((known.title for known in policy().titles if known.role == Role.COMMANDER), "commander")
    first = [
        First(user_name=user, name=name, title=title),
        First(user_name=commander_user, name=commander, title=leader),
    ]
    with _office() as office:
        _show(initial.begin(office, first, at=datetime.now(UTC), done_by=getpass.getuser()))


@click.group()
def member() -> None:
    """What is done for members on the machine itself; everything else is in the console.

    Example: alpr member rescue sortiz
    """


@member.command()
@click.argument("user")
def rescue(user: str) -> None:
    """Unlock an administrator and give him a one-time password, when there is no other who could.

    His second factor stays: a supervisor or commander resets that one.

    Example: alpr member rescue sortiz
    """
    with _office() as office:
        one_time = initial.rescue(office, user, at=datetime.now(UTC), done_by=getpass.getuser())
    if one_time is None:
        console.print("unlocked; members sign in through the identity provider")
    else:
        _show([one_time])


@contextmanager
def _office() -> Iterator[Office]:
    """The office of this machine, with its access record: that of the recorder that runs, else opened here."""
    configured = settings()
    store = opened_store()
    with recorder(configured) as kept:
        yield open_office(store.engine, kept, policy(), configured)


def _show(one_time: list[OneTime]) -> None:
    """Print one-time passwords; this is the only time that anybody sees them."""
    if not one_time:
        console.print("done; members sign in through the identity provider")
        return
    for one in one_time:  # no table: a narrow terminal would cut passwords off
        until = one.expires_at.astimezone(policy().zone)
        console.print(
            f"{one.name}, user name {one.user_name}: one-time password {one.password} (good until {until:%Y-%m-%d %H:%M})",
            soft_wrap=True,
        )
    console.print(
        "Hand each to its member only: it is not shown again, and is changed at the first sign-in.", soft_wrap=True
    )
