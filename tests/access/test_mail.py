"""The mail server of the settings: what is one, and that nothing is sent in clear (CJIS SC-8)."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from alpr_assets.access import mail
from alpr_assets.certificates import self_signed
from alpr_assets.errors import ConfigurationError
from alpr_assets.settings import Settings
from tests.builders import free_port


class Kept:
    """Keeps each message as it came; `answer` is said instead of taking it."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []
        self.logins: list[tuple[bytes, bytes]] = []
        self.answer = ""

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        if self.answer:
            return self.answer
        self.messages.append(envelope.original_content)
        return "250 OK"

    def authenticator(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        self.logins.append((data.login, data.password))
        return AuthResult(success=True)


@contextmanager
def mail_host(folder: Path, *, starttls: bool = True, tls: bool = False) -> Iterator[tuple[Kept, int, Path]]:
    """A mail server on loopback: (what it kept, its port, its certificate)."""
    certificate = self_signed(folder, "localhost", now=datetime.now(UTC))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.certfile, certificate.keyfile)
    kept, port = Kept(), free_port()
    more: dict[str, Any] = {"ssl_context": context} if tls else {}
    if starttls and not tls:
        more |= {"tls_context": context, "require_starttls": True}
    controller = Controller(
        kept, hostname="localhost", port=port, authenticator=kept.authenticator, auth_require_tls=not tls, **more
    )
    controller.start()
    try:
        yield kept, port, certificate.certfile
    finally:
        controller.stop()


def configured(url: str, ca_file: Path | None = None, sender: str = "alpr@pd.example") -> Settings:
    return Settings(smtp_url=url, mail_from=sender, receiver_ca_file=ca_file)


def sent(settings: Settings) -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "alpr@pd.example", "a@pd.example", "Hit 1"
    message.set_content("look")
    server = mail.mail_server(settings)
    assert server
    mail.send(server, message, trusted=mail.trust(settings), timeout_seconds=5)


def test_mail_goes_over_starttls_with_the_password(tmp_path: Path) -> None:
    with mail_host(tmp_path) as (kept, port, ca_file):
        sent(configured(f"smtp://alpr:p%40ss@localhost:{port}", ca_file))
        assert len(kept.messages) == 1
        assert kept.logins == [(b"alpr", b"p@ss")]


def test_mail_goes_over_tls_from_the_first_byte(tmp_path: Path) -> None:
    with mail_host(tmp_path, tls=True) as (kept, port, ca_file):
        sent(configured(f"smtps://localhost:{port}", ca_file))
        assert len(kept.messages) == 1


def test_a_certificate_that_nobody_vouches_for_gets_no_mail(tmp_path: Path) -> None:
    with mail_host(tmp_path) as (kept, port, _):
        with pytest.raises(ssl.SSLCertVerificationError):
            sent(configured(f"smtp://localhost:{port}"))
        assert not kept.messages


def test_no_password_is_sent_in_clear(tmp_path: Path) -> None:
    """A server that offers no STARTTLS, or somebody before it who takes the offer away."""
    with mail_host(tmp_path, starttls=False) as (kept, port, ca_file):
        with pytest.raises(smtplib.SMTPNotSupportedError):
            sent(configured(f"smtp://alpr:secret@localhost:{port}", ca_file))
        assert not kept.logins
        sent(configured(f"smtp://localhost:{port}", ca_file))
        assert len(kept.messages) == 1, "this machine's own server, without a password"


def test_without_a_url_there_is_no_mail_server() -> None:
    assert mail.mail_server(Settings()) is None


@pytest.mark.parametrize(
    "url", ["mail.example", "http://mail.example", "smtp://", "smtp://u:hidden@mail:x", "smtp://m/path"]
)
def test_what_is_no_mail_server_is_told_without_its_password(url: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        mail.mail_server(configured(url))
    assert "hidden" not in refused.value.diagnostics()
    assert "hidden" not in repr(mail.mail_server(configured("smtp://u:hidden@mail")))


def test_who_mail_is_from_must_be_an_address() -> None:
    with pytest.raises(ConfigurationError, match="ALPR_MAIL_FROM"):
        mail.mail_server(configured("smtp://mail", sender="the console"))


def test_a_file_without_certificates_is_named(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("none")
    for name in ("ca.pem", "missing.pem"):
        with pytest.raises(ConfigurationError, match=name):
            mail.trust(configured("", tmp_path / name))
