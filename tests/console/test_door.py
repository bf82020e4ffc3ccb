"""The door to Dagster: who enters, what each may do, what is recorded, and what does not reach Dagster."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from dagster_graphql.schema import create_schema
from starlette.websockets import WebSocketDisconnect

from alpr_assets.access.record.entries import Kind, Outcome
from alpr_assets.access.roles import Action, Role, may
from alpr_assets.console import graphql
from alpr_assets.console.dagster import NEVER, permissions_of
from tests.console.consoles import Console

VERSION = {"query": "{ version }"}
WIPE = 'mutation { wipeAssets(assetPartitionRanges: [{assetKey: {path: ["raw_captures"]}}]) { __typename } }'
LAUNCH = """mutation { launchRun(executionParams: {selector: {repositoryLocationName: "alpr_assets",
  repositoryName: "__repository__", jobName: "rematch"}, runConfigData: {}}) { __typename } }"""
START = """mutation { startSensor(sensorSelector: {repositoryLocationName: "alpr_assets",
  repositoryName: "__repository__", sensorName: "landing"}) { __typename } }"""


def ask(console: Console, who, payload, **more):
    browser = console.browser(who, navigates=False)
    return browser.post("/dagster/graphql", json=payload, **more)


def entries(console: Console):
    return [(e.kind, e.action, e.outcome, e.reasons, dict(e.details)) for e in console.recorder.entries]


@pytest.mark.parametrize("role", list(Role))
def test_only_who_may_see_the_pipeline_enters(behind: Console, role: Role):
    browser = behind.browser(role)
    allowed = may(role, Action.VIEW_PIPELINE)
    assert browser.get("/dagster/overview").status_code == (200 if allowed else 403)
    assert browser.get("/dagster/favicon.png").status_code == (200 if allowed else 403)
    assert ask(behind, role, VERSION).status_code == (200 if allowed else 403)


def test_an_opened_page_is_recorded_once_and_its_polls_are_not(behind: Console):
    browser = behind.browser(Role.ENGINEER)
    page = browser.get("/dagster/assets/raw_captures?view=lineage")
    assert page.status_code == 200
    assert "nonce" in page.headers["content-security-policy"]
    browser.headers.update({"accept": "*/*", "sec-fetch-mode": "cors"})
    assert browser.post("/dagster/graphql", json=VERSION).json()["data"]["version"]
    (entry,) = behind.recorder.entries
    assert (entry.kind, entry.action, entry.outcome) == (Kind.PIPELINE, "view_pipeline", Outcome.ANSWERED)
    assert entry.details == {"page": "assets"}
    assert entry.elements == {"path": "/assets/raw_captures"}


def test_what_people_type_into_an_address_is_sealed(behind: Console):
    behind.browser(Role.AUDITOR).get("/dagster/7ABC123")
    (entry,) = behind.recorder.entries
    assert entry.details == {"page": "other"}


def test_an_engineer_operates_and_the_record_comes_first(behind: Console):
    answer = ask(behind, Role.ENGINEER, {"query": START})
    assert answer.json()["data"]["startSensor"]["__typename"] == "Sensor"
    (told,) = entries(behind)
    assert told == (Kind.PIPELINE, "operate_pipeline", Outcome.DONE, (), {"mutations": ["startSensor"]})


def test_what_cannot_be_recorded_is_not_done(behind: Console):
    token = behind.token(behind.members.setdefault(Role.ENGINEER, behind.member(Role.ENGINEER)))
    browser = behind.browser()
    browser.headers["cookie"] = f"alpr={token}"
    behind.recorder.broken = True
    try:
        assert browser.post("/dagster/graphql", json={"query": START}).status_code == 503
        assert browser.get("/dagster/overview").status_code == 503
    finally:
        behind.recorder.broken = False


@pytest.mark.parametrize("query", [WIPE, LAUNCH, START])
def test_an_auditor_only_reads(behind: Console, query: str):
    answer = ask(behind, Role.AUDITOR, {"query": query})
    assert answer.status_code == 403
    assert answer.json()["errors"][0]["extensions"]["code"] == "UnauthorizedError"
    (told,) = entries(behind)
    assert told[2:4] == (Outcome.REFUSED, ("role",))


@pytest.mark.parametrize("role", [Role.ENGINEER, Role.AUDITOR])
@pytest.mark.parametrize("query", [WIPE, LAUNCH])
def test_dagsters_own_permissions_refuse_too(behind: Console, role: Role, query: str, monkeypatch: pytest.MonkeyPatch):
    """Were our reading of a request wrong, Dagster would still refuse."""
    monkeypatch.setattr("alpr_assets.console.door.Door._may_mutate", lambda *_: None)
    (answer,) = ask(behind, role, {"query": query}).json()["data"].values()
    refused = query == WIPE or role is Role.AUDITOR
    assert (answer["__typename"] == "UnauthorizedError") == refused


def test_no_role_has_a_permission_that_destroys_or_invents_history():
    for may_operate in (True, False):
        granted = permissions_of(may_operate)
        assert not any(granted[name].enabled for name in NEVER)
    assert not any(result.enabled for result in permissions_of(may_operate=False).values())


def test_every_mutation_that_dagster_has_is_judged():
    """An upgrade that brings another mutation fails here until somebody has looked at it."""
    mutations = create_schema().graphql_schema.mutation_type
    assert mutations is not None
    assert set(mutations.fields) == graphql.OPERATE | graphql.REFUSED
    assert not graphql.OPERATE & graphql.REFUSED


@pytest.mark.parametrize(
    "payload",
    [
        {"query": WIPE},
        {"query": "mutation { version: wipeAssets(assetPartitionRanges: []) { __typename } }"},
        {"query": 'mutation { ...f } fragment f on Mutation { ...g } fragment g on Mutation { deleteRun(runId: "x") { __typename } }'},
        {"query": 'mutation { ... on Mutation { deleteRun(runId: "x") { __typename } } }'},
        {"query": 'mutation ($no: Boolean = false) { deleteRun(runId: "x") @include(if: $no) { __typename } }'},
        {"query": 'query a { version } mutation b { logTelemetry(action: "x", clientTime: "1", clientId: "1", metadata: "{}") { __typename } }', "operationName": "b"},
        {"query": "mutation { inventedLater(x: 1) }"},
    ],
)  # fmt: skip
def test_a_forbidden_mutation_is_found_wherever_it_hides(behind: Console, payload):
    for sent in (payload, [VERSION, payload]):
        behind.recorder.entries.clear()
        answer = ask(behind, Role.ENGINEER, sent)
        refused = answer.json()[1] if isinstance(sent, list) else answer.json()
        assert refused["data"] is None
        assert refused["errors"][0]["extensions"]["code"] == "UnauthorizedError"
        (told,) = entries(behind)
        assert told[2:4] == (Outcome.REFUSED, ("forbidden_mutation",))


def test_a_batch_is_answered_one_by_one(behind: Console):
    answer = ask(behind, Role.ENGINEER, [VERSION, {"query": "{ nothing }"}, {"query": "{ v: version }"}])
    first, second, third = answer.json()
    assert first["data"]["version"] == third["data"]["v"]
    assert second["errors"]


@pytest.mark.parametrize(
    "payload",
    [
        [], [VERSION] * 21, "version", 7, None, {}, {"query": 7}, {"query": "{"}, {"query": "{ ...missing }"},
        {"query": "query a { version } query b { version }"}, {"query": "{ version }", "operationName": "other"},
        {"query": "subscription { locationStateChangeEvents { __typename } }"}, {"query": "{ version }", "variables": [1]},
        {"query": "{ version }", "variables": "{"}, {"extensions": {"persistedQuery": {"sha256Hash": "0"}}},
        {"query": "{ a" * 9000}, {"query": "{ version }", "operationName": {"a": 1}},
    ],
)  # fmt: skip
def test_what_is_not_understood_is_refused(behind: Console, payload):
    answer = ask(behind, Role.ENGINEER, payload)
    assert answer.status_code == 400
    assert answer.json()["errors"]


def test_a_get_asks_and_never_changes(behind: Console):
    browser = behind.browser(Role.ENGINEER, navigates=False)
    assert browser.get("/dagster/graphql", params={"query": "{ version }"}).json()["data"]["version"]
    assert browser.get("/dagster/graphql", params={"query": START}).status_code == 400
    assert not behind.recorder.entries


@pytest.mark.parametrize(
    "kind",
    ["application/graphql", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "text/plain"],
)
def test_only_json_is_read(behind: Console, kind: str):
    browser = behind.browser(Role.ENGINEER, navigates=False)
    answer = browser.post("/dagster/graphql", params=VERSION, content=b"{ version }", headers={"content-type": kind})
    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/report_asset_materialization/raw_captures"), ("POST", "/report_asset_check/raw_captures"),
        ("POST", "/report_asset_observation/raw_captures"), ("GET", "/notebook?path=x.ipynb&repoLocName=a"),
        ("GET", "/dagit/notebook?path=x.ipynb&repoLocName=a"),
    ],
)  # fmt: skip
def test_paths_that_write_history_or_render_files_answer_nobody(behind: Console, method: str, path: str):
    answer = behind.browser(Role.ENGINEER, navigates=False).request(method, f"/dagster{path}", json={})
    assert answer.status_code == 403
    (told,) = entries(behind)
    assert told[2:4] == (Outcome.REFUSED, ("closed_path",))


@pytest.mark.parametrize("path", ["/logs/a/compute_logs/b.err", "/download_debug/0"])
def test_a_download_is_recorded_even_by_a_script(behind: Console, path: str):
    behind.browser(Role.AUDITOR, navigates=False).get(f"/dagster{path}")
    (entry,) = behind.recorder.entries
    assert entry.details == {"page": path.split("/")[1]}


def test_expired_training_closes_the_door_at_once(behind: Console):
    yesterday = behind.services.clock().date() - timedelta(days=1)
    lapsed = behind.member(Role.ENGINEER, trained_until=yesterday)
    assert behind.browser(lapsed).get("/dagster/overview").status_code == 403
    (told,) = entries(behind)
    assert told[3] == ("training_expired",)
    assert ask(behind, lapsed, VERSION).status_code == 403
    assert ask(behind, lapsed, {"query": START}).status_code == 403


# ── websocket ──────────────────────────────────────────────────────────────────────────────────────────────────────


def socket(console: Console, who, **more):
    return console.browser(who).websocket_connect("/dagster/graphql", subprotocols=["graphql-ws"], **more)


def closing(opened) -> int:
    """The code that the other end closes with, which it does next."""
    message = opened.receive()
    assert message["type"] == "websocket.close"
    return message["code"]


SUBSCRIBE = {"query": "subscription { locationStateChangeEvents { event { eventType } } }"}


def test_a_subscription_is_open_to_who_may_see_the_pipeline(behind: Console):
    with socket(behind, Role.AUDITOR) as opened:
        opened.send_json({"type": "connection_init", "payload": {}})
        assert opened.receive_json() == {"type": "connection_ack"}
        opened.send_json({"type": "start", "id": "1", "payload": SUBSCRIBE})
        opened.send_json({"type": "stop", "id": "1"})


@pytest.mark.parametrize("role", [role for role in Role if not may(role, Action.VIEW_PIPELINE)])
def test_a_websocket_is_closed_to_the_rest(behind: Console, role: Role):
    with pytest.raises(WebSocketDisconnect) as closed, socket(behind, role):
        pass
    assert closed.value.code == 4403


@pytest.mark.parametrize("kind", ["start", "subscribe"])
@pytest.mark.parametrize("query", [WIPE, "{ version }", START, "{"])
def test_a_websocket_carries_subscriptions_only(behind: Console, kind: str, query: str):
    with socket(behind, Role.ENGINEER) as opened:
        opened.send_json({"type": kind, "id": "1", "payload": {"query": query}})
        told = opened.receive_json()
        assert (told["type"], told["id"]) == ("error", "1")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "7",
        '{"type": "start"}',
        '{"type": "evil", "id": "1"}',
        '{"type": "start", "id": 7}',
        '{"type": ["start"]}',
    ],
)
def test_a_message_that_is_none_closes_the_socket(behind: Console, text: str):
    with socket(behind, Role.ENGINEER) as opened:
        opened.send_text(text)
        assert closing(opened) == 4400


def test_bytes_close_the_socket(behind: Console):
    with socket(behind, Role.ENGINEER) as opened:
        opened.send_bytes(json.dumps({"type": "connection_init"}).encode())
        assert closing(opened) == 4400


@pytest.mark.parametrize("how", ["session", "training"])
def test_an_open_socket_ends_with_what_allowed_it(behind: Console, how: str):
    who = behind.member(Role.ENGINEER)
    with socket(behind, who) as opened:
        opened.send_json({"type": "connection_init"})
        opened.receive_json()
        (behind.revoke if how == "session" else behind.withdraw_training)(who)
        assert closing(opened) == 4401
