"""By mail go a hit's id and a link, and nothing else (422.4(f))."""

from __future__ import annotations

from email import message_from_bytes, policy
from pathlib import Path

from pydantic import SecretStr

from alpr_assets.lifecycle.alerts.leases import Counts
from tests.access.test_mail import mail_host
from tests.lifecycle.alerts.desks import PLATE, Desk


def with_mail(desk: Desk, port: int, ca_file: Path) -> None:
    url = SecretStr(f"smtp://localhost:{port}")
    desk.settings = desk.settings.model_copy(
        update={"smtp_url": url, "mail_from": "alpr@pd.example", "receiver_ca_file": ca_file}
    )


def test_a_letter_says_the_id_and_the_link_and_is_marked_when_it_is_repeated(desk: Desk, tmp_path: Path) -> None:
    with mail_host(tmp_path / "mail") as (kept, port, ca_file):
        with_mail(desk, port, ca_file)
        desk.approved("dispatch@pd.example")
        hit_id = desk.hit()
        desk.fill()
        kept.answer = "451 greylisted, 7ABC123"
        assert desk.deliver() == Counts(n_failed=1)
        assert desk.rows()[0].last_error == "smtp_451"
        kept.answer = ""
        assert desk.deliver(after=60) == Counts(n_delivered=1)
        (raw,) = kept.messages
        letter = message_from_bytes(raw, policy=policy.SMTP)
        (row,) = desk.rows()
        assert letter["to"] == "dispatch@pd.example"
        assert letter["subject"] == f"Hit {hit_id} (sent again)"
        assert letter["message-id"] == f"<{row.delivery_id}@pd.example>"
        assert (
            letter.get_content().split()
            == (
                f"Hit {hit_id} waits to be verified: https://alpr.pd.example:8422/hits/{hit_id} "
                "Attempt 2: this may have arrived before."
            ).split()
        )
        for secret in (PLATE, "stolen", "watch", "department", "unit-12"):
            assert secret.lower().encode() not in raw.lower()


def test_the_first_letter_is_not_marked(alone: Desk, tmp_path: Path) -> None:
    with mail_host(tmp_path / "mail") as (kept, port, ca_file):
        with_mail(alone, port, ca_file)
        alone.approved("dispatch@pd.example")
        alone.hit()
        alone.fill()
        assert alone.deliver() == Counts(n_delivered=1)
        assert b"again" not in kept.messages[0]
        assert b"Attempt" not in kept.messages[0]


def test_without_a_mail_server_letters_wait_and_webhooks_go(alone: Desk, cad) -> None:
    alone.approved("dispatch@pd.example")
    alone.approved(cad.url)
    alone.hit()
    alone.fill()
    assert alone.deliver() == Counts(n_delivered=1, n_failed=1)
    assert alone.rows()[0].last_error == "no_mail_server"
    alone.settings = alone.settings.model_copy(update={"smtp_url": SecretStr("nonsense")})
    assert alone.deliver(after=60) == Counts(n_failed=1)
    assert alone.rows()[0].last_error == "ConfigurationError"


def test_a_mail_server_that_is_down_is_asked_again(alone: Desk, tmp_path: Path) -> None:
    with mail_host(tmp_path / "mail") as (_, port, ca_file):
        pass
    with_mail(alone, port, ca_file)
    alone.approved("dispatch@pd.example")
    alone.hit()
    alone.fill()
    assert alone.deliver() == Counts(n_failed=1)
    assert alone.rows()[0].last_error == "ConnectionRefusedError"
