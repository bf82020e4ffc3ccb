"""Signing in, and the session that answers. Here: how a notebook comes to its session. Not here: what it may ask (the other modules)."""

from __future__ import annotations

from alpr_assets.client.connection import Why
from alpr_assets.client.entering import Person, enter
from alpr_assets.notebook.looking import Looking
from alpr_assets.notebook.reporting import Reporting
from alpr_assets.notebook.searching import Searching


class Session(Searching, Looking, Reporting):
    """A signed-in notebook. Times of its frames are in the department's zone; places are EPSG:4326, missing where unknown."""


def sign_in(
    url: str | None = None, user: str | None = None, *, purpose: str, case_number: str, person: Person | None = None
) -> Session:
    """Sign in for questions of one case. Password and second factor are asked for, never written into a notebook.

    Parameters
    ----------
    url : of the console; None: ALPR_CONSOLE_URL, or the port on this machine
    user : name; None: it is asked for. With ALPR_TOKEN set, nothing is
    purpose : code of one of `Session.purposes`, such as stolen_vehicle
    case_number : case, incident or administrative number

    Raises
    ------
    AccessRefusedError : wrong, locked, or something is still owed in the console
    AlprError : no console answers; the purpose is none
    """
    client, asked = enter(url, user, person or Person(), label="notebook")
    try:
        return Session(client, Why(purpose, case_number), asked=asked)
    except BaseException:
        client.close()
        raise
