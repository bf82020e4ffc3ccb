"""Great Expectations, kept quiet: the only module that imports it, late, and without files, network, bars or logs.

Here: the import and a context for one frame. Not here: what is expected (suites.py), what becomes of the answer (bridge.py).
Importing takes 6–11 s, so it happens when a check first runs. Its log lines hold the text of exceptions, which may quote a
value: they are switched off, because logs outlive a purge.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import pandas as pd

PACKAGE = "great_expectations"
NO_BARS = {"globally": False, "metric_calculations": False}


def great_expectations() -> Any:
    """The package, imported once a process."""
    logger = logging.getLogger(PACKAGE)
    logger.setLevel(logging.CRITICAL + 1)
    logger.propagate = False  # one of its modules sets a level of its own
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    return import_module(PACKAGE)


@contextmanager
def batch_of(frame: pd.DataFrame) -> Iterator[Any]:
    """`frame` as a batch of a context of its own, which forgets the frame when the block is left: it holds plates."""
    ge = great_expectations()
    types = import_module(f"{PACKAGE}.data_context.types.base")
    # Without documentation sites: the default makes a temporary folder for them.
    config = types.DataContextConfig(
        store_backend_defaults=types.InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
        progress_bars=NO_BARS,
        analytics_enabled=False,
    )
    context = ge.get_context(project_config=config, mode="ephemeral")
    source = context.data_sources.add_pandas("store")
    try:
        definition = source.add_dataframe_asset("frame").add_batch_definition_whole_dataframe("whole")
        yield definition.get_batch({"dataframe": frame})
    finally:
        context.data_sources.delete("store")
