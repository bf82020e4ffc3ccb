"""Consoles for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from alpr_assets.policy import Policy
from tests.console.consoles import Console, dagster_console, open_console


@pytest.fixture
def console(tmp_path: Path, policy: Policy) -> Iterator[Console]:
    """Without Dagster, and empty."""
    opened = open_console(tmp_path, policy)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory, policy: Policy) -> Iterator[Console]:
    """With Dagster and the pipeline's definitions; one for a whole module."""
    with dagster_console(tmp_path_factory.mktemp("behind"), policy, with_pipeline=True) as opened:
        yield opened
