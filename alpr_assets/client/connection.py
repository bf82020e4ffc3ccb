"""One connection to the console: signing in, sending a question, the receipt that comes with its answer.

Here: the way there and back, and proving what was recorded; errors are ours. Not here: any question (`asking`), following the
record (`heads`), the address (`places`). No plate is part of a URL or of an error.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Generic, Self, TypeVar

import httpx

from alpr_assets.access.record import verifying
from alpr_assets.access.record.entries import Receipt
from alpr_assets.access.roles import Action
from alpr_assets.client import places, receipts
from alpr_assets.client.heads import HeadBook, Proofs
from alpr_assets.client.refusals import error_of
from alpr_assets.client.tables import from_arrow
from alpr_assets.errors import VerificationError

if TYPE_CHECKING:
    import pandas as pd

ARROW: Final = "application/vnd.apache.arrow.stream"

Value = TypeVar("Value")


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


class Connection:
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
        self.waiting: Callable[[], AbstractContextManager[None]] = nullcontext
        """Around each request: what shows that one is under way."""
        if token:
            self.bear(token)

    # ── coming and going ───────────────────────────────────────────────────────────────────────────────────────────

    def notice(self) -> dict[str, Any]:
        """How to sign in here, and the notice that whoever signs in has read. Answers everybody."""
        found: dict[str, Any] = self._json("GET", "/api/sign-in")
        return found

    def sign_in(
        self,
        user: str,
        password: str,
        code: str,
        *,
        label: str = "",
        minutes: int | None = None,
        actions: frozenset[Action] | None = None,
    ) -> datetime:
        """Sign in; until when. Whoever calls this has shown the notice before.

        Parameters
        ----------
        actions : what the token is for; None: questions about vehicles

        Raises AccessRefusedError: wrong, locked, or something is still owed in the console.
        """
        said = {
            "user": user, "password": password, "code": code, "notice_acknowledged": True, "label": label,
            "minutes": minutes, "actions": sorted(actions) if actions else None,
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

    # ── who asks, and what for ─────────────────────────────────────────────────────────────────────────────────────

    def me(self) -> dict[str, Any]:
        """Who this session is, as the register has him now, and what he may ask."""
        found: dict[str, Any] = self._json("GET", "/api/me")
        return found

    def purposes(self) -> dict[str, str]:
        """Code → title of what a question may be for."""
        return {purpose["code"]: purpose["title"] for purpose in self._json("GET", "/api/purposes")["purposes"]}

    def places(self, text: str) -> list[dict[str, Any]]:
        """Places that words may mean, exact ones first: label, latitude_deg, longitude_deg, is_exact."""
        found: list[dict[str, Any]] = self._json("POST", "/api/places", {"text": text})["places"]
        return found

    def base_layer(self, south: float, west: float, north: float, east: float) -> list[dict[str, Any]]:
        """The department's streets in a box of degrees: kind, name, places [[latitude, longitude], …], is_area."""
        box = {"south": south, "west": west, "north": north, "east": east}
        found: list[dict[str, Any]] = self._json("POST", "/api/base-layer", box)["lines"]
        return found

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
            with self.waiting():
                response = self._http.request(method, path, json=said, headers={"Accept": accept})
        except httpx.TransportError as error:
            raise places.unreachable(self.url, error) from error
        if not response.is_success:
            raise error_of(response)
        return response


def file_name(response: httpx.Response) -> str:
    """The name of a file that came, without any folder that somebody may have put before it."""
    return Path(response.headers["Content-Disposition"].partition('filename="')[2].rstrip('"')).name
