"""docs/data_api.md says what the API is: its tables are those that the code gives."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from alpr_assets.console.api import (
    canvassing,
    cases,
    counting,
    evidence,
    exporting,
    freezing,
    lineage,
    locating,
    members,
    plates,
    proofs,
    recognising,
    releases,
    searching,
)
from alpr_assets.console.api.columns import documented, schema_of
from alpr_assets.lifecycle.watches import listing
from alpr_assets.search import differences, history, hits, locator, partial, path, statistics, tolerant, versions
from alpr_assets.search.canvass import coverage, gathering, vehicles
from alpr_assets.search.convoy import companions
from alpr_assets.settings import ROOT

PAGE = ROOT / "docs" / "data_api.md"
HEADINGS = {
    "Columns of a plate's history": history.COLUMNS,
    "Columns of possible plates": tolerant.COLUMNS,
    "Columns of a plate's path": path.COLUMNS,
    "Columns of partial plates": partial.COLUMNS,
    "Columns of a canvass's vehicles": vehicles.COLUMNS,
    "Columns of a canvass's reads": gathering.COLUMNS,
    "Columns of a canvass's coverage": coverage.COLUMNS,
    "Columns of companions": companions.COLUMNS,
    "Columns of passes close by": companions.PASSES,
    "Columns of counts": statistics.COLUMNS,
    "Columns of located places": locator.PLACES,
    "Columns of located hours": locator.HOURS,
    "Columns of a picture's versions": versions.COLUMNS,
    "Columns of two versions' differences": differences.COLUMNS,
    "Columns of hits": hits.COLUMNS,
    "Columns of watches": listing.COLUMNS,
}


def routes_table() -> str:
    rows = [
        f"| {' '.join(sorted(route.methods))} `/api{route.path}` | {route.description.splitlines()[0]} |"
        for router in (
            members.router,
            searching.router,
            plates.router,
            canvassing.router,
            counting.router,
            locating.router,
            recognising.router,
            exporting.router,
            freezing.router,
            evidence.router,
            releases.router,
            cases.router,
            lineage.router,
            proofs.router,
        )
        for route in router.routes
    ]
    return "\n".join(["| route | what it answers |", "|---|---|", *rows])


def columns_table(described: Mapping[str, str]) -> str:
    rows = [
        f"| `{column['name']}` | {column['type']} | {column['unit']} | {column['description']} |"
        for column in documented(schema_of(described))
    ]
    return "\n".join(["| column | type | unit | meaning |", "|---|---|---|---|", *rows])


def test_the_page_lists_every_route() -> None:
    assert routes_table() in PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("heading", HEADINGS)
def test_the_page_lists_every_column_with_its_unit(heading: str) -> None:
    assert f"## {heading}\n{columns_table(HEADINGS[heading])}\n" in PAGE.read_text(encoding="utf-8")
