"""The good day, made once."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from alpr_assets.policy import Policy
from alpr_assets.quality.quiet import great_expectations
from tests.conftest import make_store
from tests.quality.days import defective_engine, run_good_day


@pytest.fixture(scope="session", autouse=True)
def _imported_once() -> None:
    """Its hundred thousands of objects stay: collecting among them took a quarter of the time of these tests."""
    great_expectations()
    gc.freeze()


@pytest.fixture(scope="session")
def good_day(tmp_path_factory: pytest.TempPathFactory, policy: Policy) -> Iterator[Engine]:
    """The good day on SQLite; tests plant in transactions that they take back."""
    folder = tmp_path_factory.mktemp("good_day")
    (folder / "data").mkdir()
    store = make_store(f"sqlite:///{folder / 'data' / 'alpr.sqlite'}", folder)
    run_good_day(store, folder, policy)
    store.engine.dispose()
    engine = defective_engine(folder / "data" / "alpr.sqlite")
    yield engine
    engine.dispose()
