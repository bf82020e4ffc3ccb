"""Time stamps of bags by an authority outside the department (RFC 3161): the bag was there, as it is, at that time.

Here: asking the authority, and checking what it answers. Not here: checking later (`verifying`, by openssl). What leaves the department
is the hash of a list of hashes, and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import httpx
from cryptography.x509 import Certificate, load_pem_x509_certificates
from rfc3161_client import HashAlgorithm, TimestampRequestBuilder, VerifierBuilder, decode_timestamp_response
from rfc3161_client import VerificationError as StampError

from alpr_assets.errors import AlprError, ConfigurationError
from alpr_assets.settings import Settings

SECONDS: Final = 20
MOST_BYTES: Final = 1 << 20


class NotStampedError(AlprError):
    """The authority did not stamp it: the bag is good without, and can be stamped later."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """A stamp. response: DER, as `openssl ts -verify` takes it; at: aware UTC, the authority's."""

    response: bytes
    at: datetime


@dataclass(frozen=True, slots=True)
class Authority:
    """A time-stamping authority. ca_file: its root, PEM, by which each answer is checked before it counts."""

    url: str
    ca_file: Path

    @classmethod
    def of(cls, configured: Settings) -> Authority | None:
        """The authority of the settings; None where none is configured. Raises ConfigurationError: its root is not named."""
        if not configured.tsa_url:
            return None
        if configured.tsa_ca_file is None:
            raise ConfigurationError("ALPR_TSA_CA_FILE is missing", remedy="name the authority's root certificate, PEM")
        return cls(configured.tsa_url, configured.path("tsa_ca_file"))

    def stamp(self, content: bytes) -> Stamp:
        """Have it stamped.

        Raises
        ------
        ConfigurationError : the root certificate cannot be read
        NotStampedError : not reached, refused, or what came is no stamp of this by that authority
        """
        roots = self._roots()
        asked = TimestampRequestBuilder().data(content).hash_algorithm(HashAlgorithm.SHA256).nonce(nonce=True).build()
        try:
            answer = httpx.post(
                self.url,
                content=asked.as_bytes(),
                headers={"Content-Type": "application/timestamp-query"},
                timeout=SECONDS,
            )
            answer.raise_for_status()
        except httpx.HTTPError as error:
            raise NotStampedError(
                f"the time-stamping authority gave no stamp ({type(error).__name__})", remedy="stamp the package later"
            ) from error
        if len(answer.content) > MOST_BYTES:
            raise NotStampedError(
                "the answer of the time-stamping authority is too large", remedy="look at ALPR_TSA_URL"
            )
        builder = VerifierBuilder.from_request(asked)
        for root in roots:
            builder = builder.add_root_certificate(root)
        try:
            response = decode_timestamp_response(answer.content)
            builder.build().verify_message(response, content)
            at = response.tst_info.gen_time
        except (StampError, ValueError) as error:
            raise NotStampedError(
                "what the time-stamping authority answered is no stamp of this package",
                remedy="look at ALPR_TSA_CA_FILE",
            ) from error
        return Stamp(answer.content, at)

    def _roots(self) -> list[Certificate]:
        try:
            return load_pem_x509_certificates(self.ca_file.read_bytes())
        except (OSError, ValueError) as error:
            raise ConfigurationError(
                f"{self.ca_file} holds no certificate", remedy="name the authority's root, PEM, in ALPR_TSA_CA_FILE"
            ) from error
