"""What every page needs: the services, the session, the form, and the frame around its content."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import wraps
from typing import Any, Final
from zoneinfo import ZoneInfo

from anyio.to_thread import run_sync
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from alpr_assets.access.people import Session
from alpr_assets.access.record.alarms import open_alarms
from alpr_assets.access.record.entries import Actor
from alpr_assets.access.roles import Action, Role
from alpr_assets.console import standing
from alpr_assets.console.forgery import FIELD, form_token
from alpr_assets.console.rates import address
from alpr_assets.console.responding import render
from alpr_assets.console.wiring import Services
from alpr_assets.errors import MalformedError

MAX_TEXT: Final = 500

MENU: Final[tuple[tuple[str, str, tuple[Action, ...]], ...]] = (
    ("/hits", "Hits", (Action.VIEW_HITS,)),
    ("/watches", "Watches", (Action.VIEW_HITS, Action.READ_RECORD)),
    ("/search/plate", "Plate history", (Action.PLATE_HISTORY,)),
    ("/search/canvass", "Canvass", (Action.CANVASS,)),
    ("/search/lineage", "Lineage", (Action.TRACE_READ,)),
    ("/incidents", "Incident numbers", (Action.CANVASS,)),
    ("/holds", "Holds", (Action.PLACE_HOLD,)),
    ("/evidence", "Evidence", (Action.BOOK_EVIDENCE,)),
    ("/unbooked", "Not booked", (Action.WAIVE_BOOKING,)),
    ("/purges", "Purges", (Action.PLAN_PURGE, Action.APPROVE_PURGE)),
    ("/releases", "Releases", (Action.VIEW_RELEASES,)),
    ("/exports", "Exports", (Action.EXPORT, Action.APPROVE_EXPORT, Action.PLATE_HISTORY)),
    ("/destinations", "Destinations", (Action.PROPOSE_DESTINATION, Action.APPROVE_DESTINATION)),
    ("/members", "Members", (Action.PROPOSE_MEMBER, Action.APPROVE_MEMBER, Action.UNLOCK_MEMBER)),
    ("/training", "Training", (Action.RECORD_TRAINING, Action.APPROVE_MEMBER)),
    ("/designee", "Designee", (Action.SET_DESIGNEE,)),
    ("/breaches", "Breaches", (Action.REPORT_BREACH, Action.DECIDE_BREACH, Action.READ_RECORD)),
    ("/policy/in-force", "Policy in force", (Action.PUT_POLICY_IN_FORCE,)),
    ("/record", "Record", (Action.READ_RECORD, Action.VERIFY_RECORD)),
    ("/audits", "Audits", (Action.PLAN_AUDIT, Action.APPROVE_AUDIT, Action.CONDUCT_AUDIT)),
    ("/reviews", "Signals", (Action.APPROVE_AUDIT, Action.CONDUCT_AUDIT)),
    ("/own-plates", "Own plates", (Action.LIST_OWN_PLATES,)),
    ("/dagster/overview", "Pipeline", (Action.VIEW_PIPELINE,)),
    ("/sessions", "Sessions", ()),
)
"""Where a role's work is: shown to who has one of the actions, to everybody where there are none."""


THEME_COOKIE: Final = "theme"
THEMES: Final = frozenset({"dark", "light"})
"""What a page's own button may have chosen, kept in a cookie of just that; else what the device prefers."""

ALARMED: Final = frozenset({Role.ADMINISTRATOR, Role.AUDITOR, Role.COMMANDER})
"""Who sees that something is wrong with the system itself."""


@dataclass(frozen=True, slots=True)
class Form:
    """One form as sent: its fields are text, stripped and bounded; its files are bytes."""

    data: FormData

    def text(self, name: str, *, limit: int = MAX_TEXT) -> str:
        """A field's text; empty where it was not sent. Raises MalformedError where it is longer than any page's field."""
        value = self.data.get(name, "")
        if not isinstance(value, str) or len(value) > limit or "\0" in value:
            raise MalformedError("field", f"{name}: at most {limit} characters", remedy="write less")
        return value.strip()

    def secret(self, name: str) -> str:
        """A password: not stripped."""
        value = self.data.get(name, "")
        return value if isinstance(value, str) else ""

    def flag(self, name: str) -> bool:
        return bool(self.text(name))

    def number(self, name: str) -> int:
        """An id. Raises MalformedError."""
        value = self.text(name, limit=18)
        if not (value.isascii() and value.isdigit()):
            raise MalformedError("field", f"{name}: a number", remedy="open the page again")
        return int(value)

    def day(self, name: str) -> date | None:
        """A date, or None where it was left out. Raises MalformedError."""
        value = self.text(name)
        try:
            return date.fromisoformat(value) if value else None
        except ValueError as error:
            raise MalformedError("field", f"{name}: a date such as 2026-06-15") from error

    def needed_day(self, name: str) -> date:
        if (value := self.day(name)) is None:
            raise MalformedError("field", f"{name}: a date is needed")
        return value

    def several(self, name: str) -> list[str]:
        return [value for value in self.data.getlist(name) if isinstance(value, str)]

    async def file(self, name: str) -> tuple[str, bytes]:
        """An uploaded file's name and content. Raises MalformedError where there is none."""
        value = self.data.get(name)
        if not isinstance(value, UploadFile) or not value.filename:
            raise MalformedError("file", f"{name}: a file is needed", remedy="choose one")
        return value.filename[:200], await value.read()


@dataclass(frozen=True, slots=True)
class Asked:
    """One request for a page."""

    request: Request

    @property
    def services(self) -> Services:
        services = self.request.app.state.services
        assert isinstance(services, Services)
        return services

    @property
    def session(self) -> Session:
        """The session; only public pages can be asked without one."""
        session = self.maybe_session
        assert session is not None
        return session

    @property
    def maybe_session(self) -> Session | None:
        session: Session | None = self.request.state.session
        return session

    @property
    def at(self) -> datetime:
        return self.services.clock()

    @property
    def on(self) -> date:
        """The department's date."""
        return self.at.astimezone(self.services.policy.zone).date()

    @property
    def address(self) -> str:
        return address(self.request.scope)

    def may(self, *actions: Action) -> bool:
        """Whether the session may one of these now; nothing is recorded by looking."""
        return any(standing.allowed(self.services.gate, self.session, action) for action in actions)

    async def require(self, *actions: Action) -> None:
        """Go on for who has one of these. Raises AccessRefusedError, recorded, for the rest."""
        if not await run_sync(self.may, *actions):
            await run_sync(standing.require, self.services.gate, self.session, actions[0])

    async def form(self) -> Form:
        return Form(await self.request.form(max_files=2, max_fields=200))

    async def page(self, name: str, *, status: int = 200, **context: Any) -> Response:
        """The page, with its frame; and with `refilled`, by which a page with several forms fills the one that was refused."""
        is_refused = bool(context.get("error")) and self.request.method == "POST"
        refilled = Refused(self.request.url.path, Typed(await self.request.form() if is_refused else None))
        return await run_sync(lambda: render(name, status=status, refilled=refilled, **self._frame(), **context))

    @property
    def by(self) -> Actor:
        """How the record names who asks."""
        return self.session.actor()

    def _frame(self) -> dict[str, Any]:
        session, services = self.maybe_session, self.services
        complete = session if session is not None and session.is_complete else None
        menu = [entry for entry in MENU if not entry[2] or self.may(*entry[2])] if complete else []
        return {
            "policy": services.policy,
            "session": complete,
            "menu": menu,
            "here": self.request.url.path,
            "theme": theme if (theme := self.request.cookies.get(THEME_COOKIE)) in THEMES else "",
            "form_field": FIELD,
            "form_token": form_token(services.secret, self.request.scope),
            "alarms": open_alarms(services.settings.path("data"))
            if complete and complete.member.role in ALARMED
            else [],
            "local": lambda at: at.astimezone(services.policy.zone),
        }


class Filled(dict[str, Any]):
    """What a form's fields hold; empty where nothing was given yet."""

    def __missing__(self, name: str) -> str:
        return ""


class Typed(Filled):
    """A refused form as it was sent, to be put right: its texts. No file, which a page cannot put back into its field."""

    def __init__(self, data: FormData | None = None) -> None:
        sent = [] if data is None else data.multi_items()
        self._sent = [(name, value) for name, value in sent if isinstance(value, str)]
        super().__init__(self._sent)

    def every(self, name: str) -> list[str]:
        """All values of a field that may be sent several times."""
        return [value for sent, value in self._sent if sent == name]


@dataclass(frozen=True, slots=True)
class Refused:
    """What a page with several forms asks for each of them: whether it was that one which was refused."""

    path: str
    sent: Typed

    def __call__(self, path: str, **fields: object) -> Typed:
        """What was typed into the form that goes to this address with these values; nothing where it was another."""
        is_it = path == self.path and all(self.sent[name] == str(value) for name, value in fields.items())
        return self.sent if is_it else Typed()


def instant(on: date | None, zone: ZoneInfo, *, after: bool = False) -> datetime | None:
    """The department's midnight before a date, or after it, in UTC: people give both ends of a time as dates that count."""
    if on is None:
        return None
    if not 1970 <= on.year <= 9000:
        raise MalformedError("field", "a date from 1970 to 9000")
    return datetime.combine(on + timedelta(days=after), time(), zone).astimezone(UTC)


Page = Callable[[Asked], Awaitable[Response]]


def page(handler: Page) -> Callable[[Request], Awaitable[Response]]:
    """A route's endpoint from a function on `Asked`."""

    @wraps(handler)
    async def endpoint(request: Request) -> Response:
        try:
            return await handler(Asked(request))
        finally:
            await request.close()  # uploaded files

    return endpoint


def back_to(path: str) -> Response:
    """After a form was taken: the page again, so that reloading does not send it twice."""
    return RedirectResponse(path, status_code=303)
