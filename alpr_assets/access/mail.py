"""Sending mail by the department's mail server, over verified TLS. The one way by which mail is sent.

Here: the server of the settings, and handing one message to it. Not here: what a message says.
Without TLS nothing is sent, save to a mail server on this machine that asks for no password.
"""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import dataclass, field
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from typing import Final
from urllib.parse import unquote, urlsplit

import httpx

from alpr_assets.errors import ConfigurationError, MalformedError
from alpr_assets.settings import Settings

PORTS: Final = {"smtp": 587, "smtps": 465}
HERE: Final = frozenset({"localhost", "127.0.0.1", "::1"})
MAX_ADDRESS: Final = 254  # RFC 5321


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """Where mail is handed over, and as whom. `tls`: from the first byte; otherwise by STARTTLS."""

    host: str
    port: int
    tls: bool
    user: str
    password: str = field(repr=False)
    sender: Address


def mail_server(configured: Settings) -> MailServer | None:
    """The server of ALPR_SMTP_URL; None: there is none. Raises ConfigurationError, without what the setting says: it holds a password."""
    if not configured.smtp_url.get_secret_value():
        return None
    try:
        parts = urlsplit(configured.smtp_url.get_secret_value())
        port = PORTS[parts.scheme]
        port = parts.port or port
    except (KeyError, ValueError):
        parts = None
    if parts is None or not parts.hostname or parts.path.strip("/") or parts.query:
        raise ConfigurationError(
            "ALPR_SMTP_URL is not the URL of a mail server",
            remedy="write smtp://USER:PASSWORD@HOST:587 (STARTTLS) or smtps://USER:PASSWORD@HOST:465, an @ in the password as %40",
        )
    try:
        sender = checked_address(configured.mail_from)
    except MalformedError as error:
        raise ConfigurationError("ALPR_MAIL_FROM is not a mail address", remedy="write one@department.gov") from error
    return MailServer(
        host=parts.hostname, port=port, tls=parts.scheme == "smtps", user=unquote(parts.username or ""),
        password=unquote(parts.password or ""), sender=sender,
    )  # fmt: skip


def checked_address(text: str) -> Address:
    """One mail address, not a list of them. Raises MalformedError."""
    try:
        address = Address(addr_spec=text)
    except (ValueError, IndexError, MessageError) as error:
        raise MalformedError("address", "not a mail address", remedy="write name@host") from error
    if len(text) > MAX_ADDRESS or not (text.isascii() and text.isprintable() and address.username and address.domain):
        raise MalformedError("address", "not a mail address", remedy="write name@host")
    return address


def trust(configured: Settings) -> ssl.SSLContext:
    """Whose certificates count outside: the public authorities, and the department's own (ALPR_RECEIVER_CA_FILE).

    Raises ConfigurationError when that file holds none.
    """
    context = httpx.create_ssl_context(trust_env=False)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if configured.receiver_ca_file is not None:
        path = configured.path("receiver_ca_file")
        try:
            context.load_verify_locations(path)
        except OSError as error:  # ssl's own are OSErrors too
            raise ConfigurationError(
                f"{path} holds no certificates", remedy="set ALPR_RECEIVER_CA_FILE to a PEM file"
            ) from error
    return context


def send(server: MailServer, message: EmailMessage, *, trusted: ssl.SSLContext, timeout_seconds: float) -> None:
    """Hand one message over; returns when the server took it.

    timeout_seconds : of each step

    Raises smtplib.SMTPException, OSError.
    """
    name = server.sender.domain
    if server.tls:
        line: smtplib.SMTP = smtplib.SMTP_SSL(
            server.host, server.port, local_hostname=name, timeout=timeout_seconds, context=trusted
        )
    else:
        line = smtplib.SMTP(server.host, server.port, local_hostname=name, timeout=timeout_seconds)
    with line:
        line.ehlo()
        if not server.tls and (line.has_extn("starttls") or server.host not in HERE or server.user):
            line.starttls(context=trusted)  # raises where it is not offered
            line.ehlo()
        if server.user:
            line.login(server.user, server.password)
        line.send_message(message)
