"""Packing: from a hold, or an approved release, to a package, through the gate (422.5, 422.6(a), 422.7).

Here: which captures, the encrypted spool, the register. Not here: the bag itself (`building`), booking it (`booking`).

One package
(1) the gate checks who, what for and which case; what the hold covers now, or the approved scope holds, is read
(2) the bag is written into an encrypted spool, stamped where there is an authority, and sealed
(3) the gate records it with the id of everything in it; the register gets it, and the record its hash; only then does it leave
Killed anywhere, nothing has left, and the spool is gone with the process.
A release holds exactly its approved scope: others' plates are covered where it is about plates, and it opens with the agency's key only.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

import pyrage
from sqlalchemy import Connection, Row, insert, select, update

from alpr_assets.access.acting import Office, acting
from alpr_assets.access.gate import Answer, Ask, Found, Gate, Grant
from alpr_assets.access.people import Session
from alpr_assets.access.record.entries import Kind, ResultId
from alpr_assets.access.roles import Action
from alpr_assets.access.spool import Chunks, Spool
from alpr_assets.errors import IllegalMoveError, NotFoundError, VerificationError
from alpr_assets.lifecycle.evidence import bases, contents, seals, stamps, verifying
from alpr_assets.lifecycle.evidence.bases import Basis
from alpr_assets.lifecycle.evidence.building import (
    PICTURES_ARE,
    Made,
    Maker,
    Options,
    Pictures,
    Progress,
    narrowed,
    remarks,
)
from alpr_assets.lifecycle.evidence.contents import Contents
from alpr_assets.lifecycle.evidence.report import Frame
from alpr_assets.lifecycle.evidence.seals import Sealer
from alpr_assets.lifecycle.evidence.telling import Told
from alpr_assets.lifecycle.hits.entitlement import named
from alpr_assets.lifecycle.holds import covering
from alpr_assets.lifecycle.holds.selectors import Named
from alpr_assets.lifecycle.releases import fulfilling
from alpr_assets.lifecycle.releases.agencies import age_key
from alpr_assets.lifecycle.releases.scopes import Scope
from alpr_assets.policy import Policy
from alpr_assets.settings import Settings
from alpr_assets.store.engine import Store, reading
from alpr_assets.store.evidence import MAX_FOLDER, evidence_item, evidence_package
from alpr_assets.store.holds import hold
from alpr_assets.store.releases import release as release_table
from alpr_assets.store.sealed import sha256_hex


@dataclass(frozen=True, slots=True)
class Packed:
    """A package on its way.

    file_name : of what leaves, a tar, or one encrypted by age
    sha256 : of its tagmanifest-sha256.txt
    trouble : why it is not stamped
    """

    package_id: int
    file_name: str
    sha256: str
    n_captures: int
    spool: Spool
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class _Built:
    name: str
    captures: tuple[Named, ...]
    made: Made
    n_reads: int
    basis: dict[str, int]
    options: dict[str, Any]
    recipient: str
    until_on: date | None


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is to be packed, and for what.

    options : how, once it was read
    recipient : age public key; empty: in clear
    with_entries : of a hold; with_hits: of a release
    until_on : of a release, when the recipient has destroyed it
    """

    basis: Callable[..., Basis]
    captures: Callable[[Connection], list[Named]]
    options: Callable[[Contents], Options]
    recipient: str
    with_entries: bool = False
    with_hits: bool = False
    until_on: date | None = None


@dataclass(frozen=True, slots=True)
class Packer:
    """Packs for one department."""

    store: Store
    gate: Gate
    office: Office
    maker: Maker

    @classmethod
    def of(cls, store: Store, gate: Gate, office: Office, policy: Policy, configured: Settings) -> Packer:
        """As the settings have it. Raises ConfigurationError: an authority without its root."""
        authority = stamps.Authority.of(configured)
        maker = Maker(store.images, policy, Sealer.of(configured), configured.path("data"), authority)
        return cls(store, gate, office, maker)

    def pack(
        self, session: Session, hold_id: int, options: Options, *, purpose: str, case_number: str, progress: Progress | None = None
    ) -> Answer[Packed]:  # fmt: skip
        """Pack what a hold covers now. Whoever gets the answer closes its spool.

        Raises
        ------
        AccessRefusedError : the gate's refusal
        ConfigurationError : the time-stamping authority's root cannot be read
        IllegalMoveError : the hold covers nothing now, or what it held was destroyed
        MalformedError : `recipient`: no such key; `subject`: see Options
        NotFoundError : there is no such hold
        VerificationError : a picture is missing or is not what was sealed: the package would not be whole
        RecordUnavailableError : nothing left
        """
        options = options.check()
        age_key(options.recipient)

        def wanted(connection: Connection, grant: Grant) -> _Wanted:
            grant.require(Action.PACK_EVIDENCE)
            row = hold_row(connection, hold_id)
            if row.forgotten_at is not None:
                raise IllegalMoveError(f"what hold {hold_id} held was destroyed by purge {row.forgotten_by}")
            return _Wanted(
                partial(bases.of_hold, row=row), partial(covering.of_hold, row=row), lambda _: options, options.recipient,
                with_entries=options.with_entries,
            )  # fmt: skip

        elements = {"hold_id": hold_id, **options.said(), "subjects": list(options.subjects)}
        ask = Ask(action=Action.PACK_EVIDENCE, purpose=purpose, case_number=case_number, elements=elements)
        return self._pack(session, ask, wanted, progress)

    def release(self, session: Session, release_id: int, *, progress: Progress | None = None) -> Answer[Packed]:
        """Pack exactly the approved scope of a release, encrypted to the agency's verified key. Whoever gets the answer closes its spool.

        Raises as `pack`, and
        AccessRefusedError : `outside_agency`
        IllegalMoveError : nothing is there, see `lifecycle.releases.fulfilling.ready`
        NotFoundError : there is no such release
        """
        at, policy = self.gate.clock(), self.maker.policy
        with reading(self.store.engine) as connection:
            row = connection.execute(
                select(release_table).where(release_table.c.release_id == release_id)
            ).one_or_none()
        if row is None or row.approved_scope is None:
            raise NotFoundError(f"there is no approved release {release_id}")
        scope = Scope.of(row.approved_scope)

        def wanted(connection: Connection, grant: Grant) -> _Wanted:
            grant.require(Action.FULFIL_RELEASE)
            ready = fulfilling.ready(connection, release_id, at=at, policy=policy)
            basis = partial(bases.of_release, ready=ready, agency=policy.policy.agency, number=policy.policy.number)
            return _Wanted(
                basis, scope.captures, partial(_options, scope), ready.agency.recipient, with_hits=scope.with_hits, until_on=ready.until_on
            )  # fmt: skip

        ask = Ask(
            action=Action.FULFIL_RELEASE, purpose=row.purpose, case_number=row.case_number,
            elements={"release_id": release_id, "scope": scope.said()}, details={"agency_id": row.agency_id},
        )  # fmt: skip
        return self._pack(session, ask, wanted, progress)

    def _pack(
        self, session: Session, ask: Ask, find: Callable[[Connection, Grant], _Wanted], progress: Progress | None
    ) -> Answer[Packed]:
        folder = self.maker.data / "spool"
        spool = plain = Spool(folder)
        try:
            answer = self.gate.answer(session, ask, partial(self._build, find=find, plain=plain, progress=progress))
            if answer.rows.recipient:
                spool = Spool(folder)
                key = pyrage.x25519.Recipient.from_str(answer.rows.recipient)
                pyrage.encrypt_io(Chunks(plain.chunks()), _Writer(spool), [key])
                plain.close()
            spool.finish()
            package_id = self._register(session, ask, answer)
        except BaseException:
            plain.close()
            spool.close()
            raise
        built = answer.rows
        packed = Packed(
            package_id, f"{built.name}.tar{'.age' if built.recipient else ''}", sha256_hex(built.made.tagmanifest),
            len(built.captures), spool, built.made.trouble,
        )  # fmt: skip
        return Answer(packed, answer.receipt)

    def stamp(self, session: Session, package_id: int, *, purpose: str, case_number: str) -> dict[str, bytes]:
        """Have a package that left without a stamp stamped now; asked again, the same. Returns files to be put into its bag.

        Raises as `pack`, and
        IllegalMoveError : no authority is configured
        NotFoundError : there is no such package
        NotStampedError : the authority did not stamp it
        """
        ask = Ask(
            action=Action.BOOK_EVIDENCE, purpose=purpose, case_number=case_number, elements={"package_id": package_id}
        )  # fmt: skip
        package = self.gate.answer(session, ask, partial(self._package, package_id=package_id)).rows
        stamp = package.stamp or self._stamped(session, package)
        return {verifying.STAMP: stamp} | self.maker.sealer.seal(package.seal + seals.line(verifying.STAMP, stamp))

    def _package(self, grant: Grant, *, package_id: int) -> Found[Row[Any]]:
        grant.require(Action.BOOK_EVIDENCE)
        with reading(self.store.engine) as connection:
            row = connection.execute(
                select(evidence_package).where(evidence_package.c.package_id == package_id)
            ).one_or_none()
        if row is None:
            raise NotFoundError(f"there is no package {package_id}")
        return Found(row, [ResultId("evidence_package", None, package_id)])

    def _stamped(self, session: Session, package: Row[Any]) -> bytes:
        authority = self.maker.authority
        if authority is None:
            raise IllegalMoveError(
                "no time-stamping authority is configured", remedy="set ALPR_TSA_URL and ALPR_TSA_CA_FILE"
            )
        stamp = authority.stamp(package.tagmanifest.encode())
        said = {"package_id": package.package_id, "stamped_at": stamp.at.isoformat()}
        at = self.gate.clock()
        with acting(
            self.office, "stamp_evidence", session.actor(), at=at, kind=Kind.EXPORT, details=said
        ) as act:  # fmt: skip
            mine = (evidence_package.c.package_id == package.package_id) & evidence_package.c.stamp.is_(None)
            act.connection.execute(
                update(evidence_package).where(mine).values(stamp=stamp.response, stamped_at=stamp.at)
            )
        return stamp.response

    def _build(
        self, grant: Grant, *, find: Callable[[Connection, Grant], _Wanted], plain: Spool, progress: Progress | None
    ) -> Found[_Built]:
        policy = self.maker.policy
        with reading(self.store.engine) as connection:
            wanted = find(connection, grant)
            told = Told.of(connection, policy.zone)
            basis = wanted.basis(connection, told=told)
            what = f"{basis.kind} {basis.number}"
            captures = tuple(wanted.captures(connection))
            if not captures:
                raise IllegalMoveError(f"{what} covers nothing now", remedy="pack it when something is there")
            gathered = contents.gather(connection, grant, basis, captures, told, with_entries=wanted.with_entries)
        missing = len(captures) - len(gathered.captures)
        if missing:
            raise VerificationError(
                f"{what}: {missing} of its captures are not there", remedy="look at the purges' certificates"
            )
        if wanted.until_on is not None:
            gathered = contents.for_another_agency(gathered, with_hits=wanted.with_hits)
        options = wanted.options(gathered)
        gathered, bystanders = narrowed(gathered, options)
        name = bag_name(grant.ask.case_number, basis.kind, basis.number, grant.at)
        frame = Frame(
            name=name, case_number=grant.ask.case_number, purpose=_title(policy, grant.ask.purpose), packed_by=grant.member.name,
            packed_at=grant.at, pictures_are=PICTURES_ARE[options.pictures], remarks=remarks(gathered, bystanders, options),
        )  # fmt: skip
        made = self.maker.make(gathered, bystanders, options, frame, plain.write, progress=progress)
        ids = [ResultId(basis.kind, None, basis.number)]
        ids += [ResultId("capture", day, number) for day, number in captures]
        ids += [ResultId("read", contents.day_of(one), one["read_id"]) for one in gathered.reads]
        ids += [named(one["hit_id"], contents.day_of(one, "read_day"), restricted=False) for one in gathered.hits]
        built = _Built(
            name, captures, made, len(gathered.reads), {f"{basis.kind}_id": basis.number}, options.said() | {"encrypted": bool(wanted.recipient)},
            wanted.recipient.strip(), wanted.until_on,
        )  # fmt: skip
        return Found(built, ids)

    def _register(self, session: Session, ask: Ask, answer: Answer[_Built]) -> int:
        """The register gets it, and the record its hash: by a later head anybody can tell whether a bag is the one that left."""
        built, at, by = answer.rows, self.gate.clock(), session.member.member_id
        digest = sha256_hex(built.made.tagmanifest)
        said = {"record_id": answer.receipt.record_id, "sha256": digest, "key_id": self.maker.sealer.key_id()}
        with acting(
            self.office, "register_evidence", session.actor(), at=at, kind=Kind.EXPORT, details=said
        ) as act:  # fmt: skip
            stamp = built.made.stamp
            row = {
                **built.basis, "record_id": answer.receipt.record_id, "purpose": ask.purpose, "case_number": ask.case_number,
                "member_id": by, "packed_at": at, "name": built.name, "sha256": digest,
                "tagmanifest": built.made.tagmanifest.decode(), "seal": built.made.seal, "options": built.options, "n_captures": len(built.captures),
                "n_bytes": built.made.n_bytes, "stamp": stamp.response if stamp else None, "stamped_at": stamp.at if stamp else None,
            }  # fmt: skip
            statement = insert(evidence_package).returning(evidence_package.c.package_id)
            package_id: int = act.connection.execute(statement, row).scalar_one()
            items = [{"package_id": package_id, "day": day, "capture_id": number} for day, number in built.captures]
            act.connection.execute(insert(evidence_item), items)
            if built.until_on is not None:
                fulfilling.note(
                    act.connection, built.basis["release_id"], by=by, at=at, package_id=package_id, n_captures=len(built.captures),
                    n_reads=built.n_reads, until_on=built.until_on,
                )  # fmt: skip
            act.note(package_id=package_id)
        return package_id


def hold_row(connection: Connection, hold_id: int) -> Row[Any]:
    """A hold's row. Raises NotFoundError."""
    row = connection.execute(select(hold).where(hold.c.hold_id == hold_id)).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no hold {hold_id}")
    return row


def _options(scope: Scope, gathered: Contents) -> Options:
    """How a release is packed: copies in which others are covered, where it is about plates; all that was there, where it is not."""
    subjects = scope.plates(gathered.reads)
    seen = Pictures.COVERED if scope.selector.pattern else Pictures.ORIGINAL
    return Options(pictures=seen if scope.with_pictures else Pictures.NONE, subjects=subjects)


def bag_name(case_number: str, kind: str, number: int, at: datetime) -> str:
    """A folder's name, of at most `MAX_FOLDER` characters that every medium takes. What makes it this package's own is never cut off.

    Parameters
    ----------
    kind, number : of what it rests on, "hold" or "release"
    at : aware, when it is packed; in UTC in the name
    """
    own = f"{kind}-{number}-{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    case = re.sub(r"[^A-Za-z0-9]+", "-", case_number)[: MAX_FOLDER - len(f"alpr--{own}")]
    return f"alpr-{case.strip('-')}-{own}"


def _title(policy: Policy, code: str) -> str:
    return next((one.title for one in policy.purposes if one.code == code), code)


class _Writer(io.RawIOBase):
    """A spool as a file to write."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        self._spool.write(bytes(content))
        return len(content)
