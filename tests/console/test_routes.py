"""Every route of the console, Dagster's and the data API's included, driven by whom it must not answer (422.4(d), 422.6(a))."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocketDisconnect

from alpr_assets.access.people import SessionKind
from alpr_assets.access.record.entries import Outcome
from alpr_assets.access.roles import Action, Role, may
from alpr_assets.console.app import create_routes
from alpr_assets.console.door import Door
from alpr_assets.console.security import PUBLIC, PUBLIC_FILES, STEPS
from alpr_assets.search.freezing import Frozen
from tests.console.api.test_canvassing import incident
from tests.console.consoles import HOST, Browser, Console

VALUES = {"breach_id": "1", "name": "individuals", "audit_id": "1", "finding_id": "1", "review_id": "1", "plan_id": "1", "row": "11899", "column": "3910", "hold_id": "1", "package_id": "1", "booking_id": "1", "release_id": "1", "letter_id": "1", "agency_id": "1", "agreement_id": "1", "handover_id": "1", "path": "7ABC123", "run_id": "0", "asset_key": "raw_captures", "member_id": "1", "record_id": "0",
          "designee_id": "1", "watch_id": "1", "hit_id": "1", "ending": "json"}  # fmt: skip


def walked(routes: list[BaseRoute], prefix: str = "") -> Iterator[tuple[str, str]]:
    """(method or WEBSOCKET, path with example values) of every route below these."""
    for route in routes:
        if isinstance(route, Mount):
            app = route.app.app if isinstance(route.app, Door) else route.app
            if isinstance(app, StaticFiles):
                yield "GET", f"{prefix}{route.path}/console.css"
            else:
                yield from walked(list(getattr(app, "routes", [])), f"{prefix}{route.path}")
        elif isinstance(route, WebSocketRoute):
            yield "WEBSOCKET", filled(prefix + route.path)
        elif isinstance(route, Route):
            for method in sorted((route.methods or {"GET", "POST", "PUT", "DELETE"}) - {"HEAD"}):
                yield method, filled(prefix + route.path)
        else:
            # FastAPI nests what it includes; whatever else there may be is to be looked at by a person.
            nested = getattr(getattr(route, "original_router", None), "routes", None)
            assert nested, f"a route of a kind that this test does not know: {type(route)}"
            yield from walked(list(nested), prefix)


def filled(path: str) -> str:
    return re.sub(r"\{(\w+)(?::\w+)?\}", lambda found: VALUES[found.group(1)], path)


@pytest.fixture(scope="module")
def routes(behind: Console) -> list[tuple[str, str]]:
    return sorted(set(walked(list(create_routes(behind.services).routes))))


def asked(browser: Browser, method: str, path: str):
    """The status of a request, or the code that a websocket was closed with."""
    if method == "WEBSOCKET":
        with pytest.raises(WebSocketDisconnect) as closed, browser.websocket_connect(path, subprotocols=["graphql-ws"]):
            pass
        return closed.value.code, b""
    answer = browser.request(method, path, **({} if method == "GET" else {"content": b"{}"}))
    return answer.status_code, answer.content


def is_public(path: str) -> bool:
    return path in PUBLIC or path.startswith(PUBLIC_FILES)


def test_the_public_addresses_are_these_and_no_others():
    assert PUBLIC == (
        "/favicon.ico", "/healthz", "/policy", "/policy/text", "/transparency", "/transparency.json", "/transparency.schema.json", "/sign-in",
        "/sign-in/provider", "/sign-in/provider/back", "/api/sign-in",
    )  # fmt: skip
    assert PUBLIC_FILES == "/static/"
    assert STEPS == ("/sign-in/password", "/sign-in/second-factor", "/sign-in/notice", "/sign-out")


def test_the_enumeration_reaches_all_three_applications(routes: list[tuple[str, str]]):
    paths = {path for _, path in routes}
    assert {"/", "/members", "/api/plate-history", "/dagster/graphql", "/dagster/logs/7ABC123"} <= paths
    assert ("WEBSOCKET", "/dagster/graphql") in routes
    assert len(routes) > 60


@pytest.mark.clause("422.6(a)")
@pytest.mark.parametrize("navigates", [True, False])
@pytest.mark.parametrize("token", ["", "wrong", "'; DROP TABLE member_session; --"])
def test_nothing_but_the_public_addresses_answers_nobody(behind: Console, routes, navigates: bool, token: str):
    browser = Browser(behind.app, token=token, navigates=navigates)
    behind.recorder.entries.clear()
    for method, path in routes:
        if is_public(path):
            continue
        status, content = asked(browser, method, path)
        assert status in {303, 401, 403, 4401}, (method, path, status)
        assert status != 303 or not content
    assert not behind.recorder.entries


@pytest.mark.parametrize("how", ["revoked", "idle", "expired", "suspended", "locked"])
def test_an_ended_session_reaches_nothing(behind: Console, routes, how: str):
    who = behind.member(Role.ENGINEER)
    browser = behind.browser(who)
    assert browser.get("/").status_code == 200
    behind.end(who, how)
    for method, path in routes:
        if not is_public(path):
            assert asked(browser, method, path)[0] in {303, 401, 403, 4401}, (method, path)


def test_an_unfinished_sign_in_reaches_its_steps_only(behind: Console, routes):
    browser = Browser(behind.app, token=behind.token(behind.member(Role.COMMANDER), complete=False))
    for method, path in routes:
        if not is_public(path) and path not in STEPS:
            assert asked(browser, method, path)[0] in {303, 401, 403, 4401}, (method, path)


ALWAYS = {"/", "/sessions", "/sessions/revoke", "/sessions/token", *STEPS}
"""A member's own: his role does not matter."""

NEEDED = {
    "/search/plate": {Action.PLATE_HISTORY}, "/search/canvass": {Action.CANVASS}, "/hits": {Action.VIEW_HITS}, "/hits/1": {Action.VIEW_HITS},
    "/watches": {Action.VIEW_HITS, Action.READ_RECORD}, "/watches/1": {Action.VIEW_HITS, Action.READ_RECORD},
    "/watches/new": {Action.PLACE_WATCH}, "/hits/banner": {Action.VIEW_HITS}, "/hits/stream": {Action.VIEW_HITS}, "/search/picture": {Action.OPEN_IMAGE}, "/search/lineage": {Action.TRACE_READ},
    "/evidence": {Action.BOOK_EVIDENCE}, "/evidence/new": {Action.PACK_EVIDENCE}, "/unbooked": {Action.WAIVE_BOOKING},
    "/releases": {Action.VIEW_RELEASES}, "/releases/1": {Action.VIEW_RELEASES}, "/releases/recipients": {Action.VIEW_RELEASES},
    "/releases/1/letters/1": {Action.VIEW_RELEASES}, "/releases/new": {Action.ENTER_RELEASE}, "/releases/exigent": {Action.REVIEW_RELEASE},
    "/releases/order": {Action.ORDER_RELEASE}, "/agencies": {Action.VIEW_RELEASES}, "/agencies/agreements/1": {Action.VIEW_RELEASES},
    "/purges": {Action.PLAN_PURGE, Action.APPROVE_PURGE}, "/due": {Action.PLAN_PURGE},
    "/purges/1/certificate": {Action.PLAN_PURGE, Action.APPROVE_PURGE, Action.READ_RECORD}, "/holds": {Action.PLACE_HOLD}, "/holds/new": {Action.PLACE_HOLD}, "/incidents": {Action.CANVASS},
    "/exports": {Action.EXPORT, Action.APPROVE_EXPORT, Action.PLATE_HISTORY}, "/exports/take": {Action.EXPORT},
    "/exports/decide": {Action.APPROVE_EXPORT}, "/record": {Action.READ_RECORD, Action.VERIFY_RECORD},
    "/record/verify": {Action.VERIFY_RECORD}, "/record/head.json": {Action.READ_RECORD, Action.VERIFY_RECORD},
    "/audits": {Action.PLAN_AUDIT, Action.CONDUCT_AUDIT, Action.APPROVE_AUDIT},
    "/audits/1": {Action.PLAN_AUDIT, Action.CONDUCT_AUDIT, Action.APPROVE_AUDIT},
    "/audits/1/report.json": {Action.PLAN_AUDIT, Action.CONDUCT_AUDIT, Action.APPROVE_AUDIT},
    "/reviews": {Action.CONDUCT_AUDIT, Action.APPROVE_AUDIT}, "/own-plates": {Action.LIST_OWN_PLATES},
    "/destinations": {Action.PROPOSE_DESTINATION, Action.APPROVE_DESTINATION},
    "/breaches": {Action.REPORT_BREACH, Action.DECIDE_BREACH, Action.READ_RECORD},
    "/breaches/1": {Action.REPORT_BREACH, Action.DECIDE_BREACH, Action.READ_RECORD},
    "/breaches/1/notice/individuals": {Action.REPORT_BREACH, Action.DECIDE_BREACH},
    "/record/0": {Action.READ_RECORD}, "/members/onboarding": {
        Action.PROPOSE_MEMBER, Action.APPROVE_MEMBER, Action.SUSPEND_MEMBER, Action.UNLOCK_MEMBER, Action.GRANT_SOURCES, Action.RECORD_TRAINING,
    },
    "/members/reviews": {Action.REVIEW_ACCOUNT}, "/policy/in-force": {Action.PUT_POLICY_IN_FORCE}, "/designee": {Action.SET_DESIGNEE}, "/designee/1": {Action.SET_DESIGNEE},
    "/members/batch": {Action.PROPOSE_MEMBER, Action.APPROVE_MEMBER}, "/training": {Action.RECORD_TRAINING, Action.APPROVE_MEMBER},
}  # fmt: skip


@pytest.mark.clause("422.4(d)")
@pytest.mark.parametrize("role", list(Role))
def test_the_wrong_role_gets_no_page(behind: Console, routes, role: Role):
    browser = behind.browser(role)
    for method, path in routes:
        if is_public(path) or path in ALWAYS or path.startswith("/api/"):
            continue
        if path.startswith("/dagster"):
            expected = may(role, Action.VIEW_PIPELINE)
        elif path in NEEDED and method == "GET":
            expected = any(may(role, action) for action in NEEDED[path])
        else:
            continue
        if method == "WEBSOCKET":
            if not expected:
                assert asked(browser, method, path)[0] == 4403, path
            continue
        status, _ = asked(browser, method, path)
        assert (status == 403) or expected, (method, path, status)


@pytest.mark.parametrize("role", [Role.OFFICER, Role.ENGINEER, Role.AUDITOR, Role.ATTORNEY])
def test_no_form_does_anything_for_the_wrong_role(behind: Console, routes, role: Role):
    """With a right token and fields that would do: what is refused is recorded as refused, and nothing is done."""
    browser = behind.browser(role)
    fields = {
        "form_token": behind.form_token(browser), "proposal_id": "1", "batch_id": "1", "request_id": "1", "approve": "1",
        "note": "because", "name": "Lee Chan", "user_name": "lchan", "title": "Detective", "agency": "CA0000000",
        "act": "separate", "member_id": "1", "completed_on": "2026-06-01", "from_on": "2026-06-01", "designee_id": "1",
        "to_on": "2026-06-30", "purpose": "stolen_vehicle", "case_number": "26-01234", "notice_id": "1",
    }  # fmt: skip
    own = {"/sessions/revoke", "/sessions/token", "/exports/destroyed", "/exports/kept", *STEPS}
    for method, path in routes:
        if (
            method != "POST"
            or is_public(path)
            or path in own
            or path.startswith(("/api/", "/dagster", "/search", "/record"))
            or (path.startswith("/hits") and may(role, Action.VERIFY_HIT))
            or (path.startswith("/watches") and may(role, Action.PLACE_WATCH))
            or (path.startswith("/holds") and may(role, Action.PLACE_HOLD))
            or (path.startswith("/evidence") and may(role, Action.BOOK_EVIDENCE))
            or (path == "/breaches/1/decide" and may(role, Action.DECIDE_BREACH))
            or (path.startswith("/releases") and may(role, Action.VIEW_RELEASES))
            or (path.startswith("/unbooked") and may(role, Action.WAIVE_BOOKING))
            or (path.startswith("/incidents") and may(role, Action.CANVASS))
            or (path.startswith(("/audits", "/findings", "/reviews")) and may(role, Action.CONDUCT_AUDIT))
            or (path.startswith(("/audits", "/findings", "/reviews")) and may(role, Action.APPROVE_AUDIT))
            or (
                path in {"/watches", "/watches/1"} and may(role, Action.READ_RECORD)
            )  # shows, as reading the record does
        ):
            continue
        behind.recorder.entries.clear()
        told = fields | ({"act": "record"} if path == "/training" else {})
        answer = browser.post(path, data=told, files={"file": ("x.csv", b"%PDF-", "text/csv")})
        assert answer.status_code in {400, 403}, (path, answer.status_code)
        assert not [e for e in behind.recorder.entries if e.outcome in {Outcome.DONE, Outcome.ANSWERED}], path


@pytest.mark.clause("422.4(d)")
@pytest.mark.parametrize("trained", ["never", "expired"])
@pytest.mark.parametrize("role", [Role.ANALYST, Role.ENGINEER, Role.AUDITOR])
def test_nobody_without_current_training_reaches_data_by_any_path(behind: Console, routes, role: Role, trained: str):
    """Web, API, Dagster, pictures: with a form that is right in all else."""
    until = None if trained == "never" else behind.clock().date().replace(month=1)
    who = behind.member(role, trained_until=until)
    browser = behind.browser(who)
    api = Browser(behind.app, navigates=False)
    api.headers["authorization"] = f"Bearer {behind.token(who, kind=SessionKind.NOTEBOOK)}"
    asks = {"purpose": "stolen_vehicle", "case_number": "26-01234", "plate": "7ABC123", "day": "2026-06-15",
            "capture_id": "1", "read_id": "1", "notice_id": "1", "search": "plate_history", "format": "csv",
            "form_token": behind.form_token(browser)}  # fmt: skip
    for method, path in routes:
        entries = (method, path) in {("POST", "/record"), ("POST", "/record/0")}  # its heads hold nobody's data
        if entries or path.startswith(
            (
                "/search",
                "/hits",
                "/watches",
                "/holds",
                "/evidence",
                "/incidents",
                "/purges",
                "/dagster",
                "/exports/take",
            )
        ):
            if method == "WEBSOCKET":
                assert asked(browser, method, path)[0] == 4403
                continue
            answer = browser.request(method, path, **({"data": asks} if method == "POST" else {}))
            assert answer.status_code == 403, (method, path, answer.status_code)
    files = {"/api/reproduce": {"file": case_file(behind)}}
    for path, body in API_ASKS.items():
        answer = api.post(path, json={**body, **files.get(path, {})})
        assert answer.status_code == 403, (path, answer.text)
        assert set(answer.json()["codes"]) & {"untrained", "training_expired"}


def case_file(console: Console) -> str:
    """An answer frozen earlier, by somebody who might: in it a question that the route will ask again."""
    key = console.services.case_key
    asked = json.dumps({"search": "plate_history", "plate": "7ABC123"}).encode()
    frozen = Frozen(
        search="plate_history", parameters=key.seal(asked, belongs_to="frozen answer 0"), record_id=0,
        purpose="stolen_vehicle", case_number="26-01234", frozen_at=console.clock(), columns=("plate",), rows=(),
    )  # fmt: skip
    return frozen.to_bytes(key).decode()


WHY = {"purpose": "stolen_vehicle", "case_number": "26-01234"}
API_ASKS: dict[str, dict[str, Any]] = {
    "/api/plate-history": {**WHY, "plate": "7ABC123"},
    "/api/hits": WHY,
    "/api/images/open": {**WHY, "day": "2026-06-15", "capture_id": 1},
    "/api/hit": {**WHY, "hit_id": 1},
    "/api/watches": WHY,
    "/api/exports": {**WHY, "of": {"search": "plate_history", "plate": "7ABC123"}, "format": "csv"},
    "/api/partial-plates": {**WHY, "pattern": "7ABC*"},
    "/api/possible-plates": {**WHY, "plate": "7ABC123"},
    "/api/plate-path": {**WHY, "plate": "7ABC123"},
    "/api/co-travel": {**WHY, "plate": "7ABC123"},
    "/api/counts": WHY,
    "/api/canvass": {**WHY, "incidents": [incident(0)]},
    "/api/locate/requests": {**WHY, "plate": "7ABC123"},
    "/api/locate": {**WHY, "plate": "7ABC123"},
    "/api/freeze": {**WHY, "of": {"search": "plate_history", "plate": "7ABC123"}},
    "/api/reproduce": WHY,
    "/api/lineage": {**WHY, "read_id": 1},
    "/api/evidence/pack": {**WHY, "hold_id": 1},
    "/api/evidence/packages": WHY,
    "/api/evidence/stamp": {**WHY, "package_id": 1},
    "/api/evidence/book": {
        **WHY,
        "package_id": 1,
        "item_number": "26-1-1",
        "media": "drive",
        "media_serial": "4711",
        "to_whom": "locker 7",
        "checked": {"sha256": "0" * 64, "is_whole": True},
    },
    "/api/evidence/follow": {
        **WHY,
        "booking_id": 1,
        "reason": "check",
        "checked": {"sha256": "0" * 64, "is_whole": True},
    },
    "/api/releases/enter": {
        **WHY,
        "agency_id": 1,
        "person": "Dana Cole",
        "person_title": "Detective",
        "asked_for": "robbery",
        "statute": "Penal Code 211",
        "scope": {"pattern": "7ABC123", "since": "2026-06-14T00:00:00Z", "until": "2026-06-15T00:00:00Z"},
        "came_by": "mail",
        "came_at": "2026-06-15T00:00:00Z",
        "letter": {"file_name": "letter.pdf", "content": "JVBERi0xLjc="},
    },
    "/api/read-versions": {**WHY, "day": "2026-06-15", "capture_id": 1},
    "/api/version-differences": {**WHY, "since": "2026-06-15T00:00:00Z", "until": "2026-06-16T00:00:00Z"},
}


def test_every_question_of_the_data_api_is_among_those_driven_above(routes):
    """A new route of the API must be added here, or be one that returns nothing about vehicles."""
    others = {"/api/base-layer", "/api/places", "/api/me", "/api/purposes", "/api/sign-in", "/api/sign-out", "/api/openapi.json", "/api/record/head", "/api/releases/list",
              "/api/record/0/inclusion", "/api/record/consistency"}  # fmt: skip
    assert {path for _, path in routes if path.startswith("/api/")} == set(API_ASKS) | others


def test_a_programs_token_is_no_session_of_the_pages_nor_the_other_way_round(behind: Console):
    who = behind.member(Role.ANALYST)
    page, program = behind.token(who), behind.token(who, kind=SessionKind.NOTEBOOK)
    assert Browser(behind.app, token=program).get("/").status_code == 303
    api = Browser(behind.app, navigates=False)
    assert api.get("/api/me", headers={"authorization": f"Bearer {page}"}).status_code == 401
    assert api.get("/api/me", headers={"authorization": f"Bearer {program}"}).status_code == 200
    assert api.get("/dagster/graphql", headers={"authorization": f"Bearer {program}"}).status_code == 401


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "", "localhost:8422@evil"]
)
def test_another_hosts_name_is_answered_by_nothing(behind: Console, routes, host: str):
    browser = behind.browser(Role.ENGINEER)
    browser.headers["host"] = host
    for path in ("/policy", "/", "/dagster/overview", "/api/me"):
        assert browser.get(path).status_code == 400
    assert host != HOST
