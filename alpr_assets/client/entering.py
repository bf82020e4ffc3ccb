"""A person, or a token, comes in: the notice is shown, name, password and code are asked for, and nothing of it is kept.

Not here: how a terminal or a notebook asks (the callers), what the console makes of it.
"""

from __future__ import annotations

import getpass
from collections.abc import Callable
from dataclasses import dataclass

from alpr_assets.access.roles import Action
from alpr_assets.client.asking import Client
from alpr_assets.settings import settings


@dataclass(frozen=True, slots=True)
class Person:
    """How somebody is told and asked.

    show : a text
    ask, ask_secret : a question → the answer; a secret one is not echoed
    """

    show: Callable[[str], object] = print
    ask: Callable[[str], str] = input
    ask_secret: Callable[[str], str] = getpass.getpass


def enter(
    url: str | None, user: str | None, person: Person, *, label: str, actions: frozenset[Action] | None = None
) -> tuple[Client, bool]:
    """A client that is signed in: by ALPR_TOKEN where it is set, else by asking the person; whether it asked.

    Parameters
    ----------
    actions : what it signs in for; None: questions about vehicles

    Where the department signs in by its identity provider, a token made in the console is asked for instead.

    Raises
    ------
    AccessRefusedError : wrong, locked, or something is still owed in the console
    AlprError : no console answers
    """
    if token := settings().token.get_secret_value():
        return Client(url, token=token), False
    client = Client(url)
    try:
        notice = client.notice()
        person.show(f"{notice['agency']}\n{notice['notice']}\n")
        if not notice["passwords"]:
            person.show(f"Sign in at {client.url}, make a token there, and give it here.")
            client.bear(person.ask_secret("Token: ").strip())
            client.me()
            return client, True
        user = user or person.ask(f"User name [{getpass.getuser()}]: ").strip() or getpass.getuser()
        password = person.ask_secret("Password: ")
        code = person.ask_secret("Six digits of your second factor: ").strip()
        client.sign_in(user, password, code, label=label, actions=actions)
    except BaseException:
        client.close()
        raise
    return client, True
