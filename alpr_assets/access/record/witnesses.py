"""Heads for witnesses: whoever the administrator does not own keeps what the record was, so that it cannot become another.

Here: what each witness gets, folders and mails, and when. Not here: printing (`sheets`), holding heads against the record
(`verifying`). A file is complete in itself: the signed head, the public key, and the hash of every entry since that
witness's file before, so that an outsider can say at which entry a record parts from it. Hashes say nothing: entries are salted.
A witness that cannot be reached, or that knows more than the record has, is an alarm until that is over; nothing is skipped.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, select

from alpr_assets.access.record.alarms import RECORD, end_alarm, raise_alarm
from alpr_assets.access.record.entries import Head
from alpr_assets.access.record.exporting import snapshot
from alpr_assets.access.record.heads import FILE, head_json
from alpr_assets.access.record.leaves import instant, instant_of
from alpr_assets.access.record.merkle import covering
from alpr_assets.access.record.places import Place, place_of
from alpr_assets.access.record.sheets import letter
from alpr_assets.access.record.tables import access_record
from alpr_assets.access.record.tail import newest_head, nodes, public_key_of
from alpr_assets.access.record.verifying import Claim
from alpr_assets.errors import AlprError, VerificationError
from alpr_assets.policy import Policy, load
from alpr_assets.settings import ROOT, Settings
from alpr_assets.store.sealed import write_durably

STATE: Final = "witnessed.json"


@dataclass(frozen=True, slots=True)
class Sent:
    """What one witness was given, or why not. `witness`: folder, or mail address."""

    witness: str
    size: int
    path: Path | None
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """What a witness has as far as we know."""

    log_id: str
    size: int
    at: datetime


def send_heads(configured: Settings, now: datetime, *, all_now: bool = False) -> list[Sent]:
    """Give every witness that is due the newest head. For a schedule; `all_now`: also those that are not due.

    Raises RecordUnavailableError or StorageError when the record itself cannot be read.
    """
    place, policy = place_of(configured), load(configured.path("policy"))
    try:
        return export_due(place, policy, witnesses_of(configured, policy), now, all_now=all_now)
    finally:
        place.engine.dispose()


def witnesses_of(configured: Settings, policy: Policy) -> list[str]:
    """Folders of the environment, then addresses of the policy."""
    folders = [name for name in configured.witnesses.split(":") if name.strip()]
    return [*folders, *policy.record.witness_emails]


def export_due(
    place: Place, policy: Policy, witnesses: list[str], now: datetime, *, all_now: bool = False
) -> list[Sent]:
    """Give the newest head to witnesses that have another one, and have had it for the policy's head_minutes."""
    if not place.is_begun():
        if (place.keys / FILE).exists():
            raise_alarm(place.data, RECORD, "the access record is not there, though its key is")
        return []
    state = _read_state(place)
    every = timedelta(minutes=policy.record.head_minutes)
    sent = []
    with snapshot(place.engine) as connection:
        head = newest_head(connection)
        if head is None:
            return []
        for witness in witnesses:
            known = state.get(witness)
            # What failed has left the state as it was, and so is due again at once.
            is_due = known is None or now - known.at >= every or now < known.at
            if (known and (known.log_id, known.size) == (head.log_id, head.size)) or not (is_due or all_now):
                continue
            given = _Post(connection, place, policy, head).give(witness, known)
            sent.append(given)
            if not given.trouble:
                state[witness] = Known(head.log_id, head.size, now)
                _write_state(place, state)
    return sent


@dataclass(frozen=True, slots=True)
class _Post:
    """The newest head, on its way."""

    connection: Connection
    place: Place
    policy: Policy
    head: Head

    def give(self, witness: str, known: Known | None) -> Sent:
        """Give it to one witness; what fails is an alarm until it works."""
        alarm, head = f"witness {witness}", self.head
        try:
            if known and (known.log_id != head.log_id or known.size > head.size):
                raise VerificationError(
                    f"it has {known.size} entries of record {known.log_id}, which are not here any more"
                )
            kept = head_file(self.connection, head, first=known.size if known else 0)
            if not Claim.of(kept).is_whole:
                raise VerificationError("the record is not what its own head signs: run `alpr record verify`")
            name = f"head-{head.log_id[:8]}-{head.size:012}.json"
            raw = json.dumps(kept, separators=(",", ":")).encode() + b"\n"
            if witness in self.policy.record.witness_emails:
                path = self._spool(witness, name, raw)
            else:
                path = _drop(ROOT / Path(witness).expanduser(), name, raw)
        except (OSError, AlprError) as error:
            reason = str(error) if isinstance(error, AlprError) else os.strerror(error.errno or 0)
            text = f"the head of {head.size} entries did not reach the witness {witness}: {reason}"
            raise_alarm(self.place.data, alarm, text)
            return Sent(witness, head.size, None, reason)
        end_alarm(self.place.data, alarm)
        return Sent(witness, head.size, path)

    def _spool(self, address: str, name: str, raw: bytes) -> Path:
        """Put a mail where the department's mail system fetches it."""
        head, stem = self.head, name.removesuffix(".json")
        message = EmailMessage(policy=SMTP)
        message["Subject"] = f"Signed head of the access record: {head.size:,} entries"
        message["To"] = address
        message["Date"] = head.at
        message["Message-ID"] = f"<{stem}@{head.log_id}.record>"
        message.set_content(letter(head, agency=self.policy.policy.agency, zone=self.policy.zone))
        message.add_attachment(raw, maintype="application", subtype="json", filename=name)
        safe = "".join(character if character.isalnum() else "-" for character in address)
        path = self.place.folder / "outgoing" / f"{stem}-{safe}.eml"
        if not path.exists():
            write_durably(path, message.as_bytes())
        return path


def head_file(connection: Connection, head: Head, *, first: int = 0) -> dict[str, Any]:
    """A head with its public key and the hashes of the entries from `first` on, tied to the signed root by the subtrees before."""
    before = covering(0, first)
    roots = nodes(connection, before)
    columns = access_record.c
    hashes = select(columns.leaf_hash).where(columns.record_id >= first, columns.record_id < head.size)
    return {
        **head_json(head, public_key_of(connection)),
        "first": first,
        "frontier": [roots.get(address, b"").hex() for address in before],
        "leaf_hashes": [hash_.hex() for hash_ in connection.scalars(hashes.order_by(columns.record_id))],
    }


def _drop(folder: Path, name: str, raw: bytes) -> Path:
    """Put a file into a witness's folder, whole or not at all, and never over another. The folder is his: it is not made."""
    target = folder / name
    if target.exists():
        if target.read_bytes() == raw:
            return target
        raise VerificationError(f"{name} is there already and says something else")
    temporary = folder / f".{name}.{secrets.token_hex(4)}"
    try:
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644), "wb") as file:
            os.fchmod(file.fileno(), 0o644)  # the witness is somebody else
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        try:
            target.hardlink_to(temporary)  # fails where a rename would overwrite
        except FileExistsError:
            raise
        except OSError:  # a file system without links
            temporary.rename(target)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
    return target


def given(place: Place) -> list[Known]:
    """What each witness was given, as far as we know: a record that has less was rewound."""
    return list(_read_state(place).values())


def _read_state(place: Place) -> dict[str, Known]:
    """What each witness has; nothing where that is lost: then it gets everything again."""
    try:
        told = json.loads((place.folder / STATE).read_text(encoding="utf-8"))
        return dict(_known(told))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _known(told: Mapping[str, Any]) -> Iterator[tuple[str, Known]]:
    for witness, has in told.items():
        yield witness, Known(str(has["log_id"]), int(has["size"]), instant_of(has["at"]))


def _write_state(place: Place, state: Mapping[str, Known]) -> None:
    told = {w: {"log_id": has.log_id, "size": has.size, "at": instant(has.at)} for w, has in state.items()}
    write_durably(place.folder / STATE, json.dumps(told, indent=1).encode())
