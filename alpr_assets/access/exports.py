"""Taking data out: a file, on purpose, registered, with a day by which it must be gone.

Here: the row cap and a supervisor's approval above it, the file, the register. Not here: what is searched, the gate, frozen answers, which
are on the same register (`case_files`).
An approval is for one query of one member, told by a keyed digest: the register holds no plate.

One export
(1) the gate checks action, purpose, case number, and runs the search
(2) more rows than the cap and no approval for just this: refused, recorded, and a supervisor is asked
(3) the file is made in memory, the gate records it, the register gets it: only then does it leave
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final, Literal

import pandas as pd
from sqlalchemy import ColumnElement, Connection, Engine, Row, select

from alpr_assets.access.gate import Answer, Ask, Found, Gate, Grant, Search
from alpr_assets.access.people import Session
from alpr_assets.access.record.entries import Entry, Kind, Outcome
from alpr_assets.access.roles import Action, may
from alpr_assets.access.secret_key import SecretKey
from alpr_assets.errors import AccessRefusedError, IllegalMoveError, NotFoundError
from alpr_assets.store import schema
from alpr_assets.store.engine import reading, writing

Format = Literal["csv", "geoparquet"]
MEDIA_TYPES: Final[dict[Format, str]] = {
    "csv": "text/csv; charset=utf-8",
    "geoparquet": "application/vnd.apache.parquet",
}
ENDINGS: Final[dict[Format, str]] = {"csv": "csv", "geoparquet": "parquet"}
FROZEN: Final = "frozen"
"""Format of a frozen answer on the register."""
ROW_CAP: Final = "row_cap"
"""Code of the refusal that a supervisor can lift."""


@dataclass(frozen=True, slots=True)
class ExportFile:
    """A file as it leaves; its name says by when it must be gone."""

    name: str
    media_type: str
    content: bytes
    sha256: str
    n_rows: int
    delete_by: date


@dataclass(frozen=True, slots=True)
class Exports:
    """Exports of one process.

    key : of the digests by which an approval knows its query
    """

    gate: Gate
    engine: Engine
    key: SecretKey

    def take(self, session: Session, ask: Ask, search: Search[pd.DataFrame], file_format: Format) -> Answer[ExportFile]:
        """Export what a search finds.

        Parameters
        ----------
        ask : as for the search itself; its action becomes the exported one

        Raises
        ------
        AccessRefusedError : as `Gate.answer`; with code `row_cap`, a supervisor has been asked
        RecordUnavailableError : nothing left
        """
        ask = replace(ask, action=Action.EXPORT, exported=ask.action, details={**ask.details, "format": file_format})
        digest = self._digest(session.member.member_id, ask, file_format)
        at = self.gate.clock()
        delete_by = at.astimezone(self.gate.policy.zone).date() + timedelta(days=self.gate.policy.access.export_days)
        over: list[int] = []

        def capped(grant: Grant) -> Found[ExportFile]:
            found = search(grant)
            n_rows = len(found.rows)
            if n_rows > self.gate.policy.access.export_max_rows and not self._claimed(digest, n_rows):
                over.append(n_rows)
                raise AccessRefusedError(
                    (
                        f"{n_rows} rows are more than {self.gate.policy.access.export_max_rows}: a supervisor approves first",
                    ),
                    codes=(ROW_CAP,),
                    remedy="ask again with the same query once a supervisor has approved it",
                )
            return Found(_file(found.rows, file_format, ask, delete_by), found.ids)

        try:
            answer = self.gate.answer(session, ask, capped)
        except AccessRefusedError as refused:
            if over:
                self._request(
                    session, ask, file_format=file_format, digest=digest, n_rows=over[0], record_id=refused.record_id
                )
            raise
        taken = answer.receipt.record_id
        self.enter(session, ask, answer.rows, action=ask.exported, file_format=file_format, record_id=taken)
        return answer

    def requests(self) -> list[Row[Any]]:
        """Approvals that are asked for, the oldest first. No plates."""
        request = schema.export_request
        with reading(self.engine) as connection:
            waiting = select(request).where(request.c.decided_at.is_(None)).order_by(request.c.asked_at)
            return list(connection.execute(waiting))

    def decide(self, session: Session, request_id: int, *, approve: bool, note: str) -> None:
        """Approve or decline one request; nobody his own.

        Raises
        ------
        AccessRefusedError : may not, or it is his own
        IllegalMoveError : it is decided already
        NotFoundError : there is none
        """
        request = schema.export_request
        member = self.gate.require(session, Action.APPROVE_EXPORT, details={"request_id": request_id})
        with writing(self.engine) as connection:
            found = connection.execute(
                select(request).where(request.c.request_id == request_id).with_for_update()
            ).one_or_none()
            if found is None:
                raise NotFoundError(f"there is no export request {request_id}")
            if found.decided_at is not None:
                raise IllegalMoveError(f"export request {request_id} is decided already")
            own = found.member_id == member.member_id
            self.note(
                session,
                "decide_export",
                Outcome.REFUSED if own else Outcome.DONE,
                {"request_id": request_id, "approved": approve, "n_rows": found.n_rows, "note": note},
                reasons=("own_request",) if own else (),
            )
            if own:
                raise AccessRefusedError(("another supervisor decides your own request",), codes=("own_request",))
            connection.execute(
                request.update()
                .where(request.c.request_id == request_id)
                .values(decided_at=self.gate.clock(), decided_by=member.member_id, approved=approve, note=note)
            )

    def register(self, *, member_id: int | None = None) -> list[Row[Any]]:
        """Exports whose file is not known to be gone, those of one member or all, the earliest to go first."""
        export = schema.export
        statement = (
            select(export).where(export.c.destroyed_at.is_(None)).order_by(export.c.delete_by, export.c.export_id)
        )
        if member_id is not None:
            statement = statement.where(export.c.member_id == member_id)
        with reading(self.engine) as connection:
            return list(connection.execute(statement))

    def confirm_destroyed(self, session: Session, export_id: int) -> None:
        """The member says that his file is gone, or the custodian for him. Raises NotFoundError where it is not his, or not there."""
        export = schema.export
        with writing(self.engine) as connection:
            changed = connection.execute(
                export.update()
                .where(may_answer(session, export_id), export.c.destroyed_at.is_(None))
                .values(destroyed_at=self.gate.clock(), destroyed_by=session.member.member_id)
            )
            if not changed.rowcount:
                raise NotFoundError(f"you have no export {export_id}")
            self.note(session, "confirm_destroyed", Outcome.DONE, {"export_id": export_id})

    def enter(
        self, session: Session, ask: Ask, file: ExportFile, *, action: Action | None, file_format: str, record_id: int
    ) -> None:
        """Put a file on the register, before it leaves.

        Parameters
        ----------
        action : what was asked for; an export's is the one that it takes out the answer of. The register has no file without
        record_id : of that answer's entry in the access record
        """
        with writing(self.engine) as connection:
            connection.execute(
                schema.export.insert().values(
                    record_id=record_id,
                    member_id=session.member.member_id,
                    action=action,
                    purpose=ask.purpose,
                    case_number=ask.case_number,
                    format=file_format,
                    n_rows=file.n_rows,
                    n_bytes=len(file.content),
                    sha256=file.sha256,
                    file_name=file.name,
                    exported_at=self.gate.clock(),
                    delete_by=file.delete_by,
                )
            )

    def note(
        self, session: Session, action: str, outcome: Outcome, details: dict[str, Any], *, reasons: tuple[str, ...] = ()
    ) -> None:
        """Write an act on the register into the access record."""
        self.gate.recorder.append(
            Entry(
                at=self.gate.clock(),
                kind=Kind.EXPORT,
                action=action,
                outcome=outcome,
                actor=session.actor(),
                reasons=reasons,
                details=details,
            )
        )

    def _claimed(self, digest: str, n_rows: int) -> bool:
        """Use up an approval of just this query for at least so many rows; of two takes at once, one gets it."""
        request, at = schema.export_request, self.gate.clock()
        usable = (
            (request.c.digest == digest)
            & request.c.approved.is_(True)
            & request.c.used_at.is_(None)
            & (request.c.n_rows >= n_rows)
            & (request.c.decided_at > at - timedelta(hours=self.gate.policy.access.approval_hours))
        )
        with writing(self.engine) as connection:
            return bool(connection.execute(request.update().where(usable).values(used_at=at)).rowcount)

    def _request(
        self, session: Session, ask: Ask, *, file_format: Format, digest: str, n_rows: int, record_id: int | None
    ) -> None:
        request = schema.export_request
        with writing(self.engine) as connection:
            waiting = request.c.decided_at.is_(None) & (request.c.digest == digest)
            if connection.execute(select(request.c.request_id).where(waiting)).first():
                return
            connection.execute(
                request.insert().values(
                    member_id=session.member.member_id,
                    action=ask.exported,
                    purpose=ask.purpose,
                    case_number=ask.case_number,
                    format=file_format,
                    digest=digest,
                    n_rows=n_rows,
                    asked_at=self.gate.clock(),
                    record_id=record_id,
                )
            )

    def _digest(self, member_id: int, ask: Ask, file_format: Format) -> str:
        said = [member_id, ask.exported, ask.purpose, ask.case_number, file_format, dict(ask.elements)]
        return self.key.digest(json.dumps(said, sort_keys=True, default=str).encode())


def may_answer(session: Session, export_id: int) -> ColumnElement[bool]:
    """The file, where it is the member's own, or he is the custodian: a member may have left."""
    export = schema.export.c
    if may(session.member.role, Action.PLAN_PURGE):
        return export.export_id == export_id
    return (export.export_id == export_id) & (export.member_id == session.member.member_id)


def overdue(connection: Connection, on: date) -> list[Row[Any]]:
    """Files that should be gone by a department date, or of a case reviewed, and are not known to be."""
    export = schema.export
    return list(
        connection.execute(
            select(export).where(export.c.destroyed_at.is_(None), export.c.delete_by < on).order_by(export.c.delete_by)
        )
    )


def _file(frame: pd.DataFrame, file_format: Format, ask: Ask, delete_by: date) -> ExportFile:
    content = ENCODERS[file_format](frame)
    sha256 = hashlib.sha256(content).hexdigest()
    name = f"alpr-{ask.exported}-{sha256[:12]}-delete-by-{delete_by}.{ENDINGS[file_format]}"
    return ExportFile(name, MEDIA_TYPES[file_format], content, sha256, len(frame), delete_by)


def as_csv(frame: pd.DataFrame) -> bytes:
    """CSV in UTF-8, RFC 4180; times ISO 8601 in UTC. A text that a spreadsheet would run is set in quotes (OWASP: CSV injection)."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(frame.columns)
    for row in frame.itertuples(index=False):
        writer.writerow([_cell(value) for value in row])
    return out.getvalue().encode("utf-8")


def _cell(value: Any) -> Any:
    if isinstance(value, list | dict):
        return json.dumps(value)
    if pd.isna(value):
        return ""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return f"'{value}"
    return value


def as_geoparquet(frame: pd.DataFrame) -> bytes:
    """GeoParquet 1.1: places as points, WGS 84 (EPSG:4326)."""
    import geopandas as gpd  # noqa: PLC0415 - 1 s

    texts = frame.assign(
        **{
            name: frame[name].map(json.dumps)
            for name in frame.columns
            if frame[name].map(lambda v: isinstance(v, list | dict)).any()
        }
    )
    places = gpd.points_from_xy(frame["longitude_deg"].astype("float64"), frame["latitude_deg"].astype("float64"))
    out = io.BytesIO()
    gpd.GeoDataFrame(texts, geometry=places, crs="EPSG:4326").to_parquet(out, index=False)
    return out.getvalue()


ENCODERS: Final[dict[Format, Callable[[pd.DataFrame], bytes]]] = {"csv": as_csv, "geoparquet": as_geoparquet}
