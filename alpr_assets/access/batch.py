"""A hundred members at once: one file, one proposal, approved at once (422.3.1(a)).

The file is a CSV with the columns of `COLUMNS`. All of its lines are good or none is taken: every fault is told with file, line and
remedy. Lines with a privileged role need a second approver; training that the file names counts once the commander approves the
batch, or a training coordinator the training.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import PurePath
from typing import Any, Final

from alpr_assets.access import approvals, members, passwords, register, training
from alpr_assets.access.acting import Act, Office, acting, authorised, locked_member
from alpr_assets.access.passwords import OneTime
from alpr_assets.access.people import Member, Source
from alpr_assets.access.record.entries import Actor
from alpr_assets.access.roles import Action
from alpr_assets.errors import AccessRefusedError, IllegalMoveError, MalformedError
from alpr_assets.store import people

COLUMNS: Final = ("user_name", "name", "title", "agency", "contractor", "sources", "training_completed_on")
MAX_BYTES: Final = 1024 * 1024
MAX_LINES: Final = 1000
FAULTS_TOLD: Final = 20
YES_NO: Final = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False, "": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One member of the file; `number` counts the file's lines from 1, the header."""

    number: int
    user_name: str
    name: str
    title: str
    is_contractor: bool
    sources: frozenset[Source]
    trained_on: date | None


@dataclass(frozen=True, slots=True)
class BatchApproved:
    """What an approval of a batch led to.

    one_time : first passwords of who became a member, shown once to who hands them over
    n_waiting : lines that need a second approver
    n_trained : training that counts from now on
    """

    one_time: tuple[OneTime, ...]
    n_accepted: int
    n_waiting: int
    n_trained: int


def propose(office: Office, file_name: str, content: bytes, *, by: Actor, at: datetime) -> int:
    """Propose all members of a file. Returns the id of the batch.

    Raises AccessRefusedError; MalformedError naming file, line and fault of up to 20 lines: then nothing was proposed.
    """
    name = PurePath(file_name).name
    sha256 = hashlib.sha256(content).hexdigest()
    with acting(office, "propose_batch", by, at=at, details={"file_sha256": sha256}) as act:
        proposer = authorised(act, Action.PROPOSE_MEMBER, office.policy)
        lines = parsed(office, name, content, on=office.on(at))
        values = {
            "file_name": name, "file_sha256": sha256, "n_members": len(lines), "proposed_at": at,
            "proposed_by": proposer.member_id,
        }  # fmt: skip
        table = people.member_batch
        batch_id = int(act.connection.execute(table.insert().returning(table.c.batch_id), values).scalar_one())
        member_ids = _put_all(office, act, lines, values, batch_id)
        act.note(batch_id=batch_id, member_ids=member_ids)
    return batch_id


def approve(office: Office, batch_id: int, *, by: Actor, at: datetime) -> BatchApproved:
    """Approve all lines of a batch that this approver may; lines with a privileged role wait for a second one.

    Raises AccessRefusedError when there is none that he may approve; IllegalMoveError when none is open.
    """
    n_open = len(approvals.proposals(office.engine, batch_id=batch_id))
    drawn = [passwords.draw(office) for _ in range(n_open)]  # the hashing, before anything is locked
    with acting(office, "approve_batch", by, at=at, details={"batch_id": batch_id}) as act:
        approver = authorised(act, Action.APPROVE_MEMBER, office.policy)
        found = _locked(act, batch_id)
        if not found or len(found) > len(drawn):
            raise IllegalMoveError(f"nothing of batch {batch_id} waits", remedy="look at it again")
        may, refused = _sorted_out(act, found, approver)
        if not may:
            raise refused[0]
        done = [
            approvals.approve(office, act, proposal.proposal_id, approver, one)
            for proposal, one in zip(may, drawn, strict=False)
        ]
        accepted = [one for one in done if one.accepted]
        n_trained = training.approve_with(act, approver, [one.member.member_id for one in accepted])
        act.note(member_ids=[one.member.member_id for one in accepted], n_trained=n_trained)
    return BatchApproved(
        one_time=tuple(one.one_time for one in accepted if one.one_time),
        n_accepted=len(accepted),
        n_waiting=len(found) - len(accepted),
        n_trained=n_trained,
    )


def parsed(office: Office, file_name: str, content: bytes, *, on: date) -> list[Line]:
    """The members of a file. Raises MalformedError with all that is wrong with it."""
    faults: list[str] = []
    lines: list[Line] = []
    names: dict[str, int] = {}
    for number, row in _rows(file_name, content):
        if (first := names.setdefault(register.folded(row["user_name"]), number)) != number:
            faults.append(f"{file_name}, line {number}: the user name stands in line {first} too")
            continue
        try:
            lines.append(_line(office, number, row, on))
        except MalformedError as error:
            faults.append(_told(file_name, number, error))
    _raise(faults)
    if not lines:
        raise MalformedError(
            "batch", f"{file_name} names no member", remedy="put one member on each line after the header"
        )
    return lines


def _rows(file_name: str, content: bytes) -> Iterator[tuple[int, dict[str, str]]]:
    header = ",".join(COLUMNS)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MalformedError("encoding", f"{file_name} is not UTF-8", remedy="save it as CSV UTF-8") from error
    if len(content) > MAX_BYTES:
        raise MalformedError("size", f"{file_name} is larger than {MAX_BYTES // 1024} KiB", remedy="split it")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        if next(reader, None) != list(COLUMNS):
            raise MalformedError("header", f"{file_name}, line 1: not the header", remedy=f"begin with: {header}")
        for n, cells in enumerate(reader, start=1):
            if n > MAX_LINES:
                raise MalformedError("size", f"{file_name} has more than {MAX_LINES} members", remedy="split it")
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(COLUMNS):
                raise MalformedError(
                    "columns", f"{file_name}, line {reader.line_num}: {len(cells)} columns", remedy=f"as in: {header}"
                )
            yield reader.line_num, dict(zip(COLUMNS, (cell.strip() for cell in cells), strict=True))
    except csv.Error as error:
        raise MalformedError(
            "csv", f"{file_name}, line {reader.line_num}: not CSV: {error}", remedy="close the quote"
        ) from error


def _line(office: Office, number: int, row: dict[str, str], on: date) -> Line:
    if row["agency"].upper() != office.policy.policy.ori:
        raise MalformedError(
            "agency", "not this department's ORI", remedy="another agency makes a written request for release (422.7)"
        )
    approvals.role_of(office.policy, row["title"])
    contractor = YES_NO.get(row["contractor"].lower())
    if contractor is None:
        raise MalformedError("contractor", "contractor is yes or no")
    wanted = row["sources"].replace(";", " ").lower().split()
    try:
        sources = frozenset(Source(name) for name in wanted)
    except ValueError as error:
        raise MalformedError("sources", "an unknown source", remedy=f"some of: {' '.join(Source)}") from error
    return Line(
        number=number,
        user_name=row["user_name"],
        name=row["name"],
        title=row["title"],
        is_contractor=contractor,
        sources=sources,
        trained_on=_trained_on(row["training_completed_on"], on),
    )


def _trained_on(text: str, on: date) -> date | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise MalformedError("training", "not a date", remedy="write it as 2026-06-15, or leave it empty") from error
    if day > on:
        raise MalformedError("training", f"{day} is not yet")
    return day


def _put_all(office: Office, act: Act, lines: list[Line], values: dict[str, Any], batch_id: int) -> list[int]:
    faults: list[str] = []
    member_ids: list[int] = []
    for line in lines:
        try:
            member_id, _ = members.put(
                office, act, user_name=line.user_name, name=line.name, title=line.title,
                is_contractor=line.is_contractor, sources=line.sources, batch_id=batch_id,
            )  # fmt: skip
        except MalformedError as error:
            faults.append(_told(values["file_name"], line.number, error))
            continue
        member_ids.append(member_id)
        if line.trained_on is not None:
            training.put(office, act, member_id, line.trained_on, recorded_by=values["proposed_by"], approved_by=None)
    _raise(faults)
    return member_ids


def _told(file_name: str, number: int, error: MalformedError) -> str:
    return f"{file_name}, line {number}: {error}" + (f" ({error.remedy})" if error.remedy else "")


def _raise(faults: list[str]) -> None:
    if faults:
        more = f"\n… and {len(faults) - FAULTS_TOLD} more" if len(faults) > FAULTS_TOLD else ""
        told = "\n".join(faults[:FAULTS_TOLD])
        raise MalformedError("batch", f"{told}{more}", remedy="put these lines right: nothing of the file was taken")


def _locked(act: Act, batch_id: int) -> list[approvals.Proposal]:
    """The open proposals of a batch, their members locked in one order, so that two approvers do not wait for each other."""
    for member_id in sorted(one.member_id for one in approvals.proposals(act.connection, batch_id=batch_id)):
        locked_member(act.connection, member_id)
    return approvals.proposals(act.connection, batch_id=batch_id)


def _sorted_out(
    act: Act, found: list[approvals.Proposal], approver: Member
) -> tuple[list[approvals.Proposal], list[AccessRefusedError]]:
    """Those that the approver may approve, and why he may not the others."""
    may: list[approvals.Proposal] = []
    refused: list[AccessRefusedError] = []
    for proposal in found:
        present = register.member(act.connection, proposal.member_id).role
        error = approvals.refusal(proposal, approver, present)
        if error is None:
            may.append(proposal)
        else:
            refused.append(error)
    return may, refused
