"""Receipts and heads as the data API writes them, read back.

Raises VerificationError for what is none: an answer without a receipt is one that the record may not hold.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

from alpr_assets.access.record.entries import Head, Receipt
from alpr_assets.access.record.leaves import instant, instant_of
from alpr_assets.errors import VerificationError

HEADER: Final = "ALPR-Receipt"

TELL: Final = "keep this machine's heads.json, do not ask again, and tell the auditor"
"""What to do when the record is not the one known from before: the file is evidence."""


@contextmanager
def proving() -> Iterator[None]:
    """Raise VerificationError where what the console says is no proof: it proves nothing."""
    try:
        yield
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise VerificationError("the console's proof of its access record is none", remedy=TELL) from error


def of_header(headers: Mapping[str, str]) -> Receipt:
    """The receipt that came with an answer."""
    if HEADER not in headers:
        raise VerificationError("the console answered without a receipt of its record", remedy="tell the auditor")
    try:
        said = json.loads(base64.b64decode(headers[HEADER], validate=True))
        return Receipt(
            record_id=int(said["record_id"]),
            at=datetime.fromisoformat(said["at"]),
            leaf_hash=bytes.fromhex(said["leaf_hash"]),
            results_root=bytes.fromhex(said["results_root"]),
            head=head_of(said["head"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise VerificationError("the receipt that came with the answer is none", remedy="tell the auditor") from error


def head_of(said: Mapping[str, Any]) -> Head:
    """A head from its JSON. Raises ValueError, KeyError, TypeError for what is none."""
    return Head(
        log_id=str(said["log_id"]),
        size=int(said["size"]),
        root=bytes.fromhex(said["root"]),
        at=instant_of(said["at"]),
        key_id=str(said["key_id"]),
        signature=bytes.fromhex(said["signature"]),
    )


def said_of(head: Head) -> dict[str, Any]:
    """A head as JSON."""
    return {
        "log_id": head.log_id,
        "size": head.size,
        "root": head.root.hex(),
        "at": instant(head.at),
        "key_id": head.key_id,
        "signature": head.signature.hex(),
    }
