"""A self-signed certificate for a first start: kept while it is good, and one that OpenSSL and a client accept."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from datetime import UTC, datetime, timedelta

import pytest

from alpr_assets.certificates import DAYS, self_signed
from tests.conftest import missing

NOW = datetime.now(UTC)


def test_a_certificate_is_made_once_and_kept(tmp_path):
    first = self_signed(tmp_path / "tls", "192.0.2.1", now=NOW)
    assert self_signed(tmp_path / "tls", "192.0.2.1", now=NOW) == first
    assert first.keyfile.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "changed", [{"host": "192.0.2.2"}, {"now": NOW + timedelta(days=DAYS - 29)}], ids=["host", "ends soon"]
)
def test_another_host_or_a_near_end_makes_another(tmp_path, changed):
    first = self_signed(tmp_path, "192.0.2.1", now=NOW)
    second = self_signed(tmp_path, **{"host": "192.0.2.1", "now": NOW, **changed})
    assert second.fingerprint != first.fingerprint


def test_a_killed_half_made_one_is_made_whole(tmp_path):
    first = self_signed(tmp_path, "", now=NOW)
    first.certfile.unlink()
    assert self_signed(tmp_path, "", now=NOW).fingerprint != first.fingerprint


def test_a_client_that_trusts_it_accepts_it(tmp_path):
    made = self_signed(tmp_path, "0.0.0.0", now=NOW)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(made.certfile, made.keyfile)
    trusting = ssl.create_default_context(cafile=str(made.certfile))
    out, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = context.wrap_bio(out, back, server_side=True)
    client = trusting.wrap_bio(back, out, server_hostname="localhost")
    done = 0
    for _ in range(10):
        done = 0
        for side in (client, server):
            try:
                side.do_handshake()
                done += 1
            except ssl.SSLWantReadError:
                continue
        if done == 2:
            break
    assert done == 2


def test_openssl_shows_the_same_fingerprint(tmp_path):
    if shutil.which("openssl") is None:
        missing("openssl")
    made = self_signed(tmp_path, "alpr.example.org", now=NOW)
    shown = subprocess.run(
        ["openssl", "x509", "-in", made.certfile, "-noout", "-fingerprint", "-sha256", "-ext", "subjectAltName"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert made.fingerprint in shown
    assert "DNS:alpr.example.org" in shown
