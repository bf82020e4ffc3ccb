"""Importing hot lists: a file is taken whole or refused, and says so in a receipt; the list in force changes at one instant.

Here: the rules that compare a file with the list in force, and the swap. Not here: file formats (formats/).
Every accepted version stays known: an entry carries the imports from and to which it was valid. The file's bytes are kept
encrypted, accepted or refused. Open hits of an entry that left end with it. Entries of the department's own lists say who
answers for them, and how long they are in force.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from alpr_assets.errors import ConfigurationError, ImportRefusedError
from alpr_assets.lifecycle.hits.ending import end_withdrawn
from alpr_assets.lifecycle.hotlists import formats
from alpr_assets.lifecycle.hotlists.categories import Category
from alpr_assets.lifecycle.hotlists.formats import Options, ParsedEntry, ParsedList, answers
from alpr_assets.lifecycle.hotlists.formats.answers import Answering
from alpr_assets.lifecycle.lookalikes import fold
from alpr_assets.policy import ListSource, Policy
from alpr_assets.store import schema
from alpr_assets.store.engine import Store, insert_new, one_writer, reading, writing
from alpr_assets.store.sealed import file_sha256, sha256_hex


@dataclass(frozen=True, slots=True)
class ImportReceipt:
    """Answer to one file. `code` and `reason` say why it was refused; `skipped` counts lines left out, by kind."""

    import_id: int
    list_name: str
    file_name: str
    sha256: str
    accepted: bool
    code: str | None
    reason: str | None
    remedy: str | None
    format: str
    made_at: datetime | None
    imported_at: datetime
    n_lines: int
    n_entries: int
    n_quarantined: int
    n_added: int
    n_removed: int
    skipped: dict[str, int]

    @property
    def balances(self) -> bool:
        """Whether every line of an accepted file is an entry, quarantined or counted as left out."""
        return self.n_lines == self.n_entries + self.n_quarantined + sum(self.skipped.values())

    def content(self) -> dict[str, Any]:
        """As stored (times in UTC, ISO 8601)."""
        return {
            name: value.isoformat() if isinstance(value := getattr(self, name), datetime) else value
            for name in self.__slots__
        }

    @classmethod
    def from_content(cls, content: dict[str, Any]) -> ImportReceipt:
        made_at = content["made_at"]
        return cls(
            **{
                **content,
                "made_at": made_at and datetime.fromisoformat(made_at),
                "imported_at": datetime.fromisoformat(content["imported_at"]),
            }
        )


@dataclass(frozen=True, slots=True)
class _File:
    """One file with what was made of it: `parsed` None where it is in no known format, `refusal` None where it is taken."""

    rule: ListSource
    name: str
    sha256: str
    parsed: ParsedList | None
    refusal: ImportRefusedError | None
    approved_by: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class InForce:
    """The list that a file would replace: when it was made, and how many entries it has."""

    made_at: datetime | None
    n_entries: int


def import_file(
    store: Store, raw: bytes, file_name: str, *, policy: Policy, now: datetime, approved_by: str | None = None
) -> ImportReceipt:
    """Import one hot-list file and return its receipt; a refused file leaves the list in force.

    The file in force imported again changes nothing and returns its receipt; so does a refused one, unless `approved_by` names
    who takes responsibility for a list that shrank.

    Raises ConfigurationError when the policy names no source for such a file, or one with a category that is none.
    """
    rule = policy.hotlists.source_of(file_name)
    options = _options(rule, policy, now)
    sha256 = sha256_hex(raw)
    with reading(store.engine) as connection:
        before = _settled(connection, rule, sha256)
    if before is not None and (before.accepted or not approved_by):
        return before
    store.received.seal(now.date(), raw)
    parsed, refusal = _parse(raw, file_name, options)
    with writing(store.engine) as connection:
        one_writer(connection, "hot-list import")
        before = _settled(connection, rule, sha256)
        if before is not None and (before.accepted or not approved_by):
            return before  # another process took it meanwhile
        hotlist = _list(connection, rule)
        if parsed is not None:
            refusal = _refusal(parsed, _in_force(connection, hotlist), policy, now, approved=bool(approved_by))
        file = _File(rule, file_name, sha256, parsed, refusal, approved_by, now)
        import_id = _open_import(connection, hotlist, file)
        swapped = _swap(connection, hotlist, import_id, parsed.entries) if parsed and not refusal else (0, 0)
        if swapped[1]:
            end_withdrawn(connection, now, policy=policy)
        if parsed is not None:
            _quarantine_lines(connection, parsed, sha256, policy, now)
        return _close_import(connection, import_id, file, swapped)


def import_pending(store: Store, folder: Path, *, policy: Policy, now: datetime) -> list[ImportReceipt]:
    """Import every file of the watched folder that was not settled before; accepted ones leave it, encrypted copies stay.

    Raises ConfigurationError for files of which the policy names no source, when the others are imported.
    """
    receipts = []
    unknown: list[ConfigurationError] = []
    for path in pending_files(store, folder, policy=policy):
        with suppress(FileNotFoundError):  # another process imported it, and removed it
            raw = path.read_bytes()
            try:
                receipt = import_file(store, raw, path.name, policy=policy, now=now)
            except ConfigurationError as error:
                unknown.append(error)
                continue
            receipts.append(receipt)
            if receipt.accepted and path.read_bytes() == raw:  # else a newer file has taken its name meanwhile
                path.unlink()
    if unknown:
        raise unknown[0]
    return receipts


def pending_files(store: Store, folder: Path, *, policy: Policy) -> list[Path]:
    """Files of the watched folder that were neither accepted nor refused, oldest first.

    Hidden files, those ending in .part, and those that changed within `settle_seconds` are still in transfer. A file that is in force and dropped again is pending too:
    importing it changes nothing and takes it out of the folder. So is a file of which the policy names no source.
    """
    if not folder.is_dir():
        return []
    found = [p for p in folder.iterdir() if p.is_file() and not p.name.startswith(".") and p.suffix != ".part"]
    with reading(store.engine) as connection:
        return [
            path
            for path in sorted(found, key=_age)
            if _is_settled(path, policy) and not _was_refused(connection, path, policy)
        ]


def _is_settled(path: Path, policy: Policy) -> bool:
    try:
        # The file's own clock, which is this machine's.
        return time.time() - path.stat().st_ctime >= policy.hotlists.settle_seconds
    except FileNotFoundError:  # another process imported it, and removed it
        return False


def _age(path: Path) -> tuple[int, str]:
    try:
        return path.stat().st_mtime_ns, path.name
    except FileNotFoundError:  # another process imported it, and removed it
        return 0, path.name


def _was_refused(connection: Connection, path: Path, policy: Policy) -> bool:
    try:
        settled = _settled(connection, policy.hotlists.source_of(path.name), file_sha256(path))
    except (ConfigurationError, FileNotFoundError):
        return False
    return settled is not None and not settled.accepted


def versions_in_force(connection: Connection) -> dict[str, int]:
    """Import id in force of each list, by the list's name."""
    rows = connection.execute(
        select(schema.hotlist.c.name, schema.hotlist.c.current_import_id).where(
            schema.hotlist.c.current_import_id.is_not(None)
        )
    )
    return {row.name: row.current_import_id for row in rows}


def rematch_due(connection: Connection) -> dict[str, int]:
    """Lists whose version in force past days were not matched with: import id by the list's name."""
    hotlist = schema.hotlist.c
    rows = connection.execute(
        select(hotlist.name, hotlist.current_import_id)
        .where(hotlist.current_import_id.is_distinct_from(hotlist.rematched_import_id))
        .order_by(hotlist.name)
    )
    return {row.name: row.current_import_id for row in rows}


def mark_rematched(connection: Connection, versions: dict[str, int]) -> None:
    """Say that past days were matched with these versions (import id by list name)."""
    hotlist = schema.hotlist
    for name, import_id in versions.items():
        connection.execute(hotlist.update().where(hotlist.c.name == name).values(rematched_import_id=import_id))


# ── taking or refusing ─────────────────────────────────────────────────────────────────────────────────────────────


def _options(rule: ListSource, policy: Policy, now: datetime) -> Options:
    try:
        category = Category(rule.category) if rule.category else None
    except ValueError as error:
        raise ConfigurationError(
            f"the policy gives the list {rule.name} the category {rule.category}, which is none",
            remedy=f"under hotlists.sources of the policy file, name one of {', '.join(Category)}",
        ) from error
    answering = Answering(
        case_number=policy.access.case_number,
        today=now.astimezone(policy.zone).date(),
        # A line is a watch in another form: one decision lets either look for a plate as long.
        max_days=policy.watches.max_days,
    )
    return Options(
        zone=policy.zone,
        category=category,
        import_immigration=policy.hotlists.import_immigration,
        answering=answering if rule.answered else None,
    )


def _parse(raw: bytes, file_name: str, options: Options) -> tuple[ParsedList | None, ImportRefusedError | None]:
    try:
        return formats.parse(raw, file_name, options), None
    except ImportRefusedError as error:
        return None, error


def _refusal(
    parsed: ParsedList, in_force: InForce | None, policy: Policy, now: datetime, *, approved: bool
) -> ImportRefusedError | None:
    """Why a file that parses is refused all the same; None: it is taken."""
    rules = policy.hotlists
    n_bad, n_good = len(parsed.quarantined), len(parsed.entries)
    if n_bad > rules.max_quarantined * (n_bad + n_good):
        return _bad_lines(parsed, f"more than {rules.max_quarantined:.0%}")
    if parsed.made_at is not None:
        if parsed.made_at > now + timedelta(hours=1):
            return ImportRefusedError(
                "made_in_the_future",
                f"made {parsed.made_at.isoformat()}",
                remedy="check the clock of the source and ours",
            )
        if now - parsed.made_at > timedelta(hours=rules.max_age_hours):
            return ImportRefusedError(
                "stale",
                f"made {parsed.made_at.isoformat()}, more than {rules.max_age_hours:g} h ago",
                remedy="fetch the current list",
            )
        if in_force and in_force.made_at and parsed.made_at < in_force.made_at:
            return ImportRefusedError(
                "older_than_in_force",
                f"made {parsed.made_at.isoformat()}, the list in force {in_force.made_at.isoformat()}",
                remedy="fetch the current list",
            )
    # What expired is known to be gone: a cut-off file is one that lacks what it should hold.
    n_there = n_good + parsed.skipped.get(answers.EXPIRED, 0)
    if in_force and n_there < (1 - rules.max_shrink) * in_force.n_entries and not approved:
        return ImportRefusedError(
            "shrunken",
            f"{n_good} entries, the list in force has {in_force.n_entries}",
            remedy="ask the source; if it is right: alpr hotlist import FILE --approved-by NAME",
        )
    return None


def _bad_lines(parsed: ParsedList, limit: str) -> ImportRefusedError:
    """Refusal of a file with too many malformed lines, which says what is wrong with them."""
    codes = Counter(bad.code for bad in parsed.quarantined)
    named = ", ".join(f"{n} {code}" for code, n in codes.most_common())
    remedy = "ask the source for the file again; alpr quarantine list names the lines"
    if not answers.CODES.isdisjoint(codes):
        remedy = (
            f"say in each line who answers for it, under a header such as {answers.HEADER}; alpr quarantine list names "
            "the lines and what to do about each"
        )
    n_bad = len(parsed.quarantined)
    return ImportRefusedError(
        "too_many_bad_lines",
        f"{n_bad} of {n_bad + len(parsed.entries)} lines are malformed, {limit}: {named}",
        remedy=remedy,
    )


def _settled(connection: Connection, rule: ListSource, sha256: str) -> ImportReceipt | None:
    """The receipt of this very file, if it is in force or was refused when it last came."""
    imported, hotlist = schema.hotlist_import.c, schema.hotlist.c
    last = connection.execute(
        select(imported.import_id, imported.accepted, imported.receipt, hotlist.current_import_id)
        .join(schema.hotlist, hotlist.list_id == imported.list_id)
        .where(hotlist.name == rule.name, imported.sha256 == sha256)
        .order_by(imported.import_id.desc())
        .limit(1)
    ).one_or_none()
    if last is None or (last.accepted and last.import_id != last.current_import_id):
        return None
    return ImportReceipt.from_content(last.receipt)


def _list(connection: Connection, rule: ListSource) -> Row[Any]:
    insert_new(connection, schema.hotlist, [{"name": rule.name, "source": rule.source}])
    return connection.execute(select(schema.hotlist).where(schema.hotlist.c.name == rule.name)).one()


def _in_force(connection: Connection, hotlist: Row[Any]) -> InForce | None:
    imported = schema.hotlist_import.c
    row = connection.execute(
        select(imported.made_at, imported.n_entries).where(imported.import_id == hotlist.current_import_id)
    ).one_or_none()
    return None if row is None else InForce(row.made_at, row.n_entries)


# ── writing ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _open_import(connection: Connection, hotlist: Row[Any], file: _File) -> int:
    row = {
        "list_id": hotlist.list_id,
        "sha256": file.sha256,
        "file_name": file.name,
        "format": file.parsed.format if file.parsed else "unknown",
        "made_at": file.parsed.made_at if file.parsed else None,
        "imported_at": file.at,
        "accepted": file.refusal is None,
        "code": file.refusal.code if file.refusal else None,
        "approved_by": file.approved_by,
        "n_lines": file.parsed.n_lines if file.parsed else 0,
        "n_entries": len(file.parsed.entries) if file.parsed else 0,
        "n_quarantined": len(file.parsed.quarantined) if file.parsed else 0,
        "receipt": {},
        "sealed_day": file.at.date(),
    }
    statement = schema.hotlist_import.insert().returning(schema.hotlist_import.c.import_id)
    import_id: int = connection.execute(statement, row).scalar_one()
    return import_id


def _swap(connection: Connection, hotlist: Row[Any], import_id: int, entries: list[ParsedEntry]) -> tuple[int, int]:
    """Make `entries` the list in force: (rows added, rows ended). Unchanged lines keep their row."""
    table = schema.hotlist_entry
    rows = connection.execute(
        select(table.c.entry_id, table.c.digest).where(
            table.c.list_id == hotlist.list_id, table.c.to_import_id.is_(None)
        )
    )
    standing = {row.digest: row.entry_id for row in rows}
    new = {_digest(entry): entry for entry in entries}
    ended = [{"ended": entry_id} for digest, entry_id in standing.items() if digest not in new]
    added = [
        _entry_row(hotlist.list_id, import_id, digest, entry) for digest, entry in new.items() if digest not in standing
    ]
    if ended:
        connection.execute(
            table.update().where(table.c.entry_id == bindparam("ended")).values(to_import_id=import_id), ended
        )
    if added:
        connection.execute(table.insert(), added)
    connection.execute(
        schema.hotlist.update().where(schema.hotlist.c.list_id == hotlist.list_id).values(current_import_id=import_id)
    )
    return len(added), len(ended)


def _digest(entry: ParsedEntry) -> str:
    """Of all that the line says: two lines with one digest are the same entry."""
    listed_on = entry.listed_on.isoformat() if isinstance(entry.listed_on, date) else None
    said: list[Any] = [
        entry.plate,
        entry.state,
        entry.list_type,
        entry.category,
        entry.restricted,
        listed_on,
        entry.given,
    ]
    if entry.expires_on is not None:  # others keep the digest, and so the row, that they had before lines could expire
        said.append(entry.expires_on.isoformat())
    return hashlib.sha256(json.dumps([*said, entry.details], sort_keys=True).encode()).hexdigest()


def _entry_row(list_id: int, import_id: int, digest: str, entry: ParsedEntry) -> dict[str, Any]:
    return {
        "list_id": list_id,
        "plate": entry.plate,
        "plate_folded": fold(entry.plate),
        "state": entry.state,
        "list_type": entry.list_type,
        "category": entry.category.value,
        "restricted": entry.restricted,
        "listed_on": entry.listed_on,
        "expires_on": entry.expires_on,
        "details": {**entry.details, "given": entry.given},
        "digest": digest,
        "from_import_id": import_id,
    }


def _quarantine_lines(connection: Connection, parsed: ParsedList, sha256: str, policy: Policy, now: datetime) -> None:
    rows = [
        {
            "kind": "hotlist_line",
            "origin": sha256,
            "item": f"line {bad.line}",
            "code": bad.code,
            "reason": bad.reason,
            "owner": policy.hotlists.owner,
            "content": {"text": bad.text},
            "opened_at": now,
        }
        for bad in parsed.quarantined
    ]
    insert_new(connection, schema.quarantine, rows)


def _close_import(connection: Connection, import_id: int, file: _File, swapped: tuple[int, int]) -> ImportReceipt:
    parsed, refusal = file.parsed, file.refusal
    receipt = ImportReceipt(
        import_id=import_id,
        list_name=file.rule.name,
        file_name=file.name,
        sha256=file.sha256,
        accepted=refusal is None,
        code=refusal.code if refusal else None,
        reason=str(refusal) if refusal else None,
        remedy=refusal.remedy if refusal else None,
        format=parsed.format if parsed else "unknown",
        made_at=parsed.made_at if parsed else None,
        imported_at=file.at,
        n_lines=parsed.n_lines if parsed else 0,
        n_entries=len(parsed.entries) if parsed else 0,
        n_quarantined=len(parsed.quarantined) if parsed else 0,
        n_added=swapped[0],
        n_removed=swapped[1],
        skipped=parsed.skipped if parsed else {},
    )
    table = schema.hotlist_import
    connection.execute(table.update().where(table.c.import_id == import_id).values(receipt=receipt.content()))
    return receipt
