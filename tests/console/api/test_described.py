"""The API is what its description says: schemathesis asks everything that OpenAPI allows, and no answer is a server error."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from alpr_assets.access.roles import Role
from alpr_assets.console.api import create_api
from alpr_assets.store import schema
from tests.console.api.conftest import WHY, program
from tests.console.consoles import HOST
from tests.live import STOLEN, Live

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
BOUNDED = settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
    database=None,
)


def description(live: Live) -> dict[str, Any]:
    return program(live).get("/api/openapi.json").json()


OPERATIONS = [
    ("GET", "/sign-in"), ("POST", "/sign-in"), ("POST", "/sign-out"), ("GET", "/me"), ("GET", "/purposes"),
    ("POST", "/plate-history"), ("POST", "/hits"), ("POST", "/images/open"), ("POST", "/exports"), ("POST", "/hit"),
    ("POST", "/watches"), ("POST", "/partial-plates"), ("POST", "/possible-plates"), ("POST", "/plate-path"),
    ("POST", "/canvass"), ("POST", "/co-travel"), ("POST", "/counts"),
    ("POST", "/freeze"), ("POST", "/reproduce"), ("POST", "/locate"), ("POST", "/locate/requests"), ("GET", "/locate/requests"),
    ("POST", "/read-versions"), ("POST", "/version-differences"), ("POST", "/lineage"),
    ("POST", "/evidence/pack"), ("POST", "/evidence/packages"), ("POST", "/evidence/stamp"), ("POST", "/evidence/book"), ("POST", "/evidence/follow"),
    ("POST", "/releases/enter"), ("POST", "/releases/list"),
    ("POST", "/base-layer"), ("POST", "/places"),
    ("GET", "/record/head"),
    ("GET", "/record/consistency"), ("GET", "/record/{record_id}/inclusion"),
]  # fmt: skip

ASKS = [
    "PlateHistoryAsk", "HitsAsk", "ImageAsk", "ExportAsk", "HitAsk", "WatchesAsk", "SignIn", "PartialPlatesAsk",
    "PossiblePlatesAsk", "PlatePathAsk", "CanvassAsk", "CoTravelAsk", "CountsAsk",
    "FreezeAsk", "ReproduceAsk", "LocateAsk", "LocateRequestAsk",
    "PackAsk", "PackagesAsk", "StampAsk", "BookAsk", "FollowAsk", "EnterReleaseAsk", "ReadVersionsAsk", "VersionDifferencesAsk", "LineageAsk",
]  # fmt: skip


@pytest.mark.parametrize(("method", "path"), OPERATIONS, ids=lambda part: part)
def test_nothing_that_the_description_allows_is_a_server_error(recorded: Live, method: str, path: str) -> None:
    """Through the whole console, by a member who may ask everything, and each answer of the form that is described."""
    token = recorded.token(Role.ANALYST)
    bearer = {"Authorization": f"Bearer {token}"}
    api = schemathesis.openapi.from_asgi("/api/openapi.json", recorded.console.app, headers={**bearer, "Host": HOST})

    (capture, *_) = recorded.patrol.rows(schema.capture)
    picture = {"day": capture.day.isoformat(), "capture_id": capture.capture_id}
    (hit, *_) = recorded.patrol.hits()
    there = {
        "/images/open": picture, "/read-versions": picture, "/plate-history": {"plate": STOLEN}, "/hit": {"hit_id": hit.hit_id},
        "/partial-plates": {"pattern": "7A?C1*"}, "/possible-plates": {"plate": STOLEN}, "/plate-path": {"plate": STOLEN},
        "/co-travel": {"plate": STOLEN}, "/locate": {"plate": STOLEN}, "/locate/requests": {"plate": STOLEN},
        "/freeze": {"of": {"search": "plate_path", "plate": STOLEN}}, "/lineage": {"read_id": hit.read_id, "capture_id": None},
    }.get(path, {})  # fmt: skip

    @BOUNDED
    @given(case=api[path][method].as_strategy())
    def asked(case: Any) -> None:
        for _ in range(2):
            headers = bearer if path != "/sign-out" else {"Authorization": f"Bearer {recorded.token()}"}
            case.call_and_validate(base_url=f"http://{HOST}/api", headers=headers, checks=CHECKS)
            if not (isinstance(case.body, dict) and "purpose" in case.body):
                return
            case.body = {**case.body, **WHY, **there}  # again with what the gate lets pass and the store holds

    asked()


def addresses(routes: list[Any]) -> set[str]:
    """Every address, those of included routers too."""
    found: set[str] = set()
    for route in routes:
        inner = getattr(route, "original_router", None)
        found |= {route.path} if inner is None else addresses(inner.routes)
    return found


def test_the_description_is_of_exactly_these_operations(recorded: Live) -> None:
    paths = description(recorded)["paths"]
    found = {(method.upper(), path) for path, operations in paths.items() for method in operations}
    assert found == set(OPERATIONS)
    assert addresses(create_api(recorded.console.services).routes) == {*paths, "/openapi.json"}


def test_everything_in_the_description_is_described(recorded: Live) -> None:
    found = description(recorded)
    for path, operations in found["paths"].items():
        for method, operation in operations.items():
            assert operation["description"], (method, path)
    for name in ASKS:
        model = found["components"]["schemas"][name]
        assert model["additionalProperties"] is False
        for key in ("purpose", "case_number") if name != "SignIn" else ("user", "code"):
            assert model["properties"][key]["description"]
    history = found["paths"]["/plate-history"]["post"]["responses"]["200"]
    assert "degrees, 0 north, 90 east" in history["description"]
    assert set(history["content"]) == {
        "application/json", "application/vnd.apache.arrow.stream", "application/vnd.apache.parquet"
    }  # fmt: skip


def test_the_description_needs_a_sign_in_and_no_page_loads_from_elsewhere(recorded: Live) -> None:
    assert program(recorded, None).get("/api/openapi.json").status_code == 401
    client = program(recorded)
    for path in ("docs", "redoc", "docs/oauth2-redirect"):
        assert client.get(f"/api/{path}").status_code == 404
