"""Asking the console: signing in, plate history, hits, watches, pictures, files, and the receipt that comes with each.

Here: one connection of one member, its answers as frames, its errors as ours. Not here: following the record (`heads`), the
address (`places`), what a notebook makes of it (`notebook`). No plate is part of a URL or of an error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, Self, TypeVar

import httpx

from alpr_assets.access.record import verifying
from alpr_assets.access.record.entries import Receipt
from alpr_assets.client import places, receipts
from alpr_assets.client.areas import geojson
from alpr_assets.client.heads import HeadBook, Proofs
from alpr_assets.client.incidents import Canvassed, CoTravel, Incident
from alpr_assets.client.refusals import error_of
from alpr_assets.client.tables import from_arrow
from alpr_assets.errors import VerificationError

if TYPE_CHECKING:
    import pandas as pd

ARROW: Final = "application/vnd.apache.arrow.stream"

Value = TypeVar("Value")
Search = Literal["plate_history", "view_hits"]


@dataclass(frozen=True, slots=True)
class Served(Generic[Value]):
    """What the console answered, and the receipt of its record."""

    value: Value
    receipt: Receipt


@dataclass(frozen=True, slots=True)
class Why:
    """What every question states (422.4(a))."""

    purpose: str
    case_number: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture's bytes as they came."""

    content: bytes = field(repr=False)
    media_type: str


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """A file to keep, with the day by which it must be gone."""

    name: str
    content: bytes = field(repr=False)
    delete_by: date


class Client:
    """One connection to a console. Closing it does not sign out: a token may be used again until it expires.

    Parameters
    ----------
    url : of the console; None: ALPR_CONSOLE_URL, or the port on this machine
    token : a bearer token; None: sign in first
    book : where heads are kept; None: the user's own

    Raises
    ------
    ConfigurationError : no address, plain HTTP to another machine, or a CA file that is none
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        token: str | None = None,
        ca_file: Path | None = None,
        book: HeadBook | None = None,
    ) -> None:
        self.url = places.console_url(url)
        self._http = places.connected(self.url, ca_file=ca_file)
        self._book = book or HeadBook.of_user()
        if token:
            self.bear(token)

    # ── coming and going ───────────────────────────────────────────────────────────────────────────────────────────

    def notice(self) -> dict[str, Any]:
        """How to sign in here, and the notice that whoever signs in has read. Answers everybody."""
        found: dict[str, Any] = self._json("GET", "/api/sign-in")
        return found

    def sign_in(self, user: str, password: str, code: str, *, label: str = "", minutes: int | None = None) -> datetime:
        """Sign in; until when. Whoever calls this has shown the notice before.

        Raises AccessRefusedError: wrong, locked, or something is still owed in the console.
        """
        said = {
            "user": user, "password": password, "code": code, "notice_acknowledged": True, "label": label,
            "minutes": minutes,
        }  # fmt: skip
        answer = self._json("POST", "/api/sign-in", said)
        self.bear(answer["token"])
        return datetime.fromisoformat(answer["expires_at"])

    def bear(self, token: str) -> None:
        """Ask by this token from now on."""
        self._http.headers["Authorization"] = f"Bearer {token}"

    def sign_out(self) -> None:
        """End the token's session; the connection can sign in again."""
        self._answered("POST", "/api/sign-out")
        self._http.headers.pop("Authorization", None)

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        self.close()

    # ── asking ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def me(self) -> dict[str, Any]:
        """Who this session is, as the register has him now, and what he may ask."""
        found: dict[str, Any] = self._json("GET", "/api/me")
        return found

    def purposes(self) -> dict[str, str]:
        """Code → title of what a question may be for."""
        return {purpose["code"]: purpose["title"] for purpose in self._json("GET", "/api/purposes")["purposes"]}

    def plate_history(
        self,
        plate: str,
        why: Why,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        state: str | None = None,
    ) -> Served[pd.DataFrame]:
        """All reads of exactly these characters, the newest first; columns as `search.history.COLUMNS`, times in UTC."""
        asked = {"plate": plate, "since": _said(since), "until": _said(until), "state": state}
        return self._frame("/api/plate-history", why, asked)

    def possible_plates(
        self,
        plate: str,
        why: Why,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        state: str | None = None,
    ) -> Served[pd.DataFrame]:
        """Reads of a plate, then of those that may be it, misread; columns as `search.tolerant.COLUMNS`, times in UTC."""
        asked = {"plate": plate, "since": _said(since), "until": _said(until), "state": state}
        return self._frame("/api/possible-plates", why, asked)

    def plate_path(
        self,
        plate: str,
        why: Why,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        state: str | None = None,
    ) -> Served[pd.DataFrame]:
        """Reads of a plate in the order of time, with their gaps; columns as `search.path.COLUMNS`, times in UTC."""
        asked = {"plate": plate, "since": _said(since), "until": _said(until), "state": state}
        return self._frame("/api/plate-path", why, asked)

    def partial_plates(
        self,
        pattern: str,
        why: Why,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        area: Any = None,
        state: str | None = None,
        tolerant: bool = False,
    ) -> Served[pd.DataFrame]:
        """All reads of the plates that a pattern means, the best explained first; columns as `search.partial.COLUMNS`.

        area : see `client.areas.geojson`; None: anywhere
        tolerant : also plates that only look-alikes of the pattern's characters spell, marked possible
        """
        asked = {
            "pattern": pattern, "since": _said(since), "until": _said(until), "area": geojson(area), "state": state,
            "tolerant": tolerant,
        }  # fmt: skip
        served = self._frame("/api/partial-plates", why, asked)
        # The console sends the newest first, for it does not wait for the last one to be ranked.
        ranked = served.value.sort_values(["explained", "captured_at"], ascending=False, kind="stable")
        return Served(ranked.reset_index(drop=True), served.receipt)

    def canvass(
        self,
        incidents: Sequence[Incident],
        why: Why,
        *,
        at_least: int | None = None,
        partial: str | None = None,
        state: str | None = None,
        heading_deg: float | None = None,
        devices: Sequence[str] = (),
    ) -> Served[Canvassed]:
        """Vehicles that were seen at incidents, the most telling first, beside what could have been seen there at all.

        at_least : at how many of the incidents; None: all
        partial, state, heading_deg, devices : what is known of the vehicle, see `search.canvass.incidents.Description`
        """
        known = {"partial": partial, "state": state, "heading_deg": heading_deg, "devices": list(devices) or None}
        asked = {
            "incidents": [incident.said(_said) for incident in incidents],
            "at_least": at_least,
            "described": {name: value for name, value in known.items() if value is not None},
        }
        response = self._recorded("/api/canvass", why, asked, accept="application/json")
        return Served(Canvassed.of(response.value.json()), response.receipt)

    def co_travel(
        self,
        plate: str,
        why: Why,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        at_least: int = 2,
    ) -> Served[CoTravel]:
        """Vehicles that were on at least so many occasions close to a given one, beside what chance gives."""
        asked = {"plate": plate, "since": _said(since), "until": _said(until), "at_least": at_least}
        response = self._recorded("/api/co-travel", why, asked, accept="application/json")
        return Served(CoTravel.of(response.value.json()), response.receipt)

    def counts(
        self,
        why: Why,
        *,
        by: Sequence[str] = ("device", "hour", "direction"),
        since: datetime | None = None,
        until: datetime | None = None,
        area: Any = None,
        suppress: bool = True,
    ) -> Served[pd.DataFrame]:
        """How many reads there were; columns as `search.statistics.COLUMNS`, of the properties those asked for.

        suppress : leave small counts out; False: for looking only, never for what is kept or passed on
        """
        asked = {
            "by": list(by), "since": _said(since), "until": _said(until), "area": geojson(area), "suppress": suppress,
        }  # fmt: skip
        return self._frame("/api/counts", why, asked)

    def hits(
        self, why: Why, *, since: datetime | None = None, until: datetime | None = None, category: str | None = None
    ) -> Served[pd.DataFrame]:
        """Hot-list hits that the member may see, the newest first; columns as `search.hits.COLUMNS`, times in UTC."""
        return self._frame("/api/hits", why, {"since": _said(since), "until": _said(until), "category": category})

    def hit(self, hit_id: int, why: Why) -> Served[dict[str, Any]]:
        """One hit as a case: its row, the characters that differ, every move so far, what is possible next."""
        response = self._recorded("/api/hit", why, {"hit_id": int(hit_id)}, accept="application/json")
        said: dict[str, Any] = response.value.json()
        return Served({name: value for name, value in said.items() if name != "receipt"}, response.receipt)

    def watches(self, why: Why, *, running: bool | None = None) -> Served[pd.DataFrame]:
        """Watches that the member may see, the newest first; columns as `watches.listing.COLUMNS`, times in UTC."""
        return self._frame("/api/watches", why, {"running": running})

    def image(self, day: date, capture_id: int, why: Why, *, read_id: int | None = None) -> Served[Picture]:
        """One capture's picture as taken, or the part of it around one read."""
        asked = {"day": day.isoformat(), "capture_id": int(capture_id), "read_id": read_id}
        response = self._recorded("/api/images/open", why, asked)
        return Served(Picture(response.value.content, response.value.headers["Content-Type"]), response.receipt)

    def export(
        self, search: Search, why: Why, *, file_format: Literal["csv", "geoparquet"] = "csv", **elements: Any
    ) -> Served[ExportedFile]:
        """What a search finds, as a file to keep; `elements` as of `plate_history` or `hits`."""
        said = {name: _said(value) if isinstance(value, datetime) else value for name, value in elements.items()}
        asked = {"of": {"search": search, **said}, "format": file_format}
        response = self._recorded("/api/exports", why, asked)
        headers = response.value.headers
        name = headers["Content-Disposition"].partition('filename="')[2].rstrip('"')
        delete_by = date.fromisoformat(headers["ALPR-Delete-By"])
        return Served(ExportedFile(Path(name).name, response.value.content, delete_by), response.receipt)

    def prove(self, receipt: Receipt) -> None:
        """Have the console prove that the entry of a receipt is in its record, unaltered, under a head it cannot take back.

        Raises VerificationError: it is not.
        """
        proof = self._json("GET", f"/api/record/{receipt.record_id}/inclusion")
        with receipts.proving():
            head = receipts.head_of(proof["head"])
            path = [bytes.fromhex(one) for one in proof["hashes"]]
        self._book.follow(self.url, head, self._proofs())
        if not verifying.inclusion_holds(receipt.leaf_hash, receipt.record_id, head.size, path, head.root):
            raise VerificationError(
                f"entry {receipt.record_id} is not in the access record as it was", remedy=receipts.TELL
            )

    # ── the way there and back ─────────────────────────────────────────────────────────────────────────────────────

    def _frame(self, path: str, why: Why, asked: Mapping[str, Any]) -> Served[pd.DataFrame]:
        import pyarrow as pa  # noqa: PLC0415 - 0.3 s

        response = self._recorded(path, why, asked, accept=ARROW)
        table = pa.ipc.open_stream(response.value.content).read_all()
        return Served(from_arrow(table), response.receipt)

    def _recorded(
        self, path: str, why: Why, asked: Mapping[str, Any], *, accept: str = "*/*"
    ) -> Served[httpx.Response]:
        said = {
            "purpose": why.purpose,
            "case_number": why.case_number,
            **{k: v for k, v in asked.items() if v is not None},
        }
        response = self._answered("POST", path, said, accept=accept)
        receipt = receipts.of_header(response.headers)
        self._book.follow(self.url, receipt.head, self._proofs())
        return Served(response, receipt)

    def _proofs(self) -> Proofs:
        return Proofs(
            newest=lambda: self._json("GET", "/api/record/head"),
            consistency=lambda old, new: self._json("GET", f"/api/record/consistency?old={old}&new={new}"),
        )

    def _json(self, method: str, path: str, said: Mapping[str, Any] | None = None) -> Any:
        return self._answered(method, path, said, accept="application/json").json()

    def _answered(
        self, method: str, path: str, said: Mapping[str, Any] | None = None, *, accept: str = "*/*"
    ) -> httpx.Response:
        try:
            response = self._http.request(method, path, json=said, headers={"Accept": accept})
        except httpx.TransportError as error:
            raise places.unreachable(self.url, error) from error
        if not response.is_success:
            raise error_of(response)
        return response


def _said(at: datetime | None) -> str | None:
    """An instant with its offset. Raises ValueError for a naive one: whose hour it is would be a guess."""
    if at is not None and at.utcoffset() is None:
        raise ValueError(f"{at.isoformat()} has no time zone; write it with its offset")
    return at.isoformat() if at is not None else None
