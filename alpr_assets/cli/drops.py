"""`alpr drops`: the key that patrol cars encrypt to, and encrypting a drop on one (422.6(a))."""

from __future__ import annotations

from pathlib import Path

import click

from alpr_assets.cli.common import Existing, console
from alpr_assets.lifecycle.captures.ciphers import DropKeys
from alpr_assets.lifecycle.captures.encrypting import encrypt_drop
from alpr_assets.settings import settings


@click.group()
def drops() -> None:
    """Encrypted drops: mobile workstations hold no other (422.6).

    Example: alpr drops recipient
    """


@drops.command("recipient")
def drops_recipient() -> None:
    """Print the public key that units encrypt to; the first time, the key is made.

    Example: alpr drops recipient > drops.pub
    """
    keys = DropKeys(settings().path("keys"))
    is_new = not keys.path.exists()
    click.echo(keys.recipient())
    if is_new:
        click.echo(f"made {keys.path}: back it up with the other keys, or encrypted drops cannot be opened", err=True)


@drops.command("rotate")
def drops_rotate() -> None:
    """Make a new key and print its public half; what was encrypted to older keys opens still.

    Example: alpr drops rotate > drops.pub
    """
    keys = DropKeys(settings().path("keys"))
    click.echo(keys.rotate())
    click.echo(f"back {keys.path} up, give the new public key to each unit", err=True)


@drops.command("encrypt")
@click.argument("folder", type=Existing(folder=True))
@click.option(
    "--recipient", required=True, help="The department's public key, age1…; `alpr drops recipient` prints it."
)
def drops_encrypt(folder: Path, recipient: str) -> None:
    """Encrypt a drop where it lies, on a unit that has no `age` program; interrupted, do it again.

    Example: alpr drops encrypt ~/drops/2026-06-14-night --recipient age1…
    """
    console.print(f"{encrypt_drop(folder, recipient)} files encrypted")
