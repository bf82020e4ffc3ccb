"""A certificate for a first start, until the department's own takes its place (`--certfile`).

Here: one self-signed X.509 certificate with its key. Not here: serving with it.
A browser warns of it, rightly: nobody vouches for it. Its fingerprint, compared by eye, says that it is this one.
"""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from alpr_assets.store.sealed import write_durably

DAYS: Final = 397  # the longest that browsers accept
RENEW: Final = timedelta(days=30)  # before its end


@dataclass(frozen=True, slots=True)
class Certificate:
    """Paths of certificate and key, PEM; the SHA-256 fingerprint as browsers write it; the end of its time, UTC."""

    certfile: Path
    keyfile: Path
    fingerprint: str
    ends_at: datetime


def self_signed(folder: Path, host: str, *, now: datetime) -> Certificate:
    """The folder's certificate for this machine; made when there is none, or another host's, or it ends within 30 days.

    Parameters
    ----------
    host : name or address that the console listens on
    """
    certfile, keyfile = folder / "self-signed.pem", folder / "self-signed.key.pem"
    names = _names(host)
    if certfile.exists() and keyfile.exists():
        held = x509.load_pem_x509_certificate(certfile.read_bytes())
        listed = held.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        if held.not_valid_after_utc - now > RENEW and list(listed) == names:
            return _described(held, certfile, keyfile)
    made, key = _made(names, now)
    # The key first: a certificate whose key is another would not start, and is made again.
    write_durably(
        keyfile,
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
    )
    write_durably(certfile, made.public_bytes(serialization.Encoding.PEM))
    return _described(made, certfile, keyfile)


def _made(names: list[x509.GeneralName], now: datetime) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ALPR console (self-signed)")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=DAYS))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    )
    return builder.sign(key, hashes.SHA256()), key


def _names(host: str) -> list[x509.GeneralName]:
    """What a browser may call this machine."""
    names = dict.fromkeys(["localhost", socket.gethostname(), "127.0.0.1", "::1", *([host] if host else [])])
    return [_name(name) for name in names if name not in {"0.0.0.0", "::"}]  # noqa: S104 - left out


def _name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _described(certificate: x509.Certificate, certfile: Path, keyfile: Path) -> Certificate:
    digits = certificate.fingerprint(hashes.SHA256()).hex().upper()
    fingerprint = ":".join(digits[i : i + 2] for i in range(0, len(digits), 2))
    return Certificate(certfile, keyfile, fingerprint, certificate.not_valid_after_utc.astimezone(UTC))
