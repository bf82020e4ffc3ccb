"""What assets and sensors share: the store, the policy, and how a run may fail with a remedy."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import dagster as dg

from alpr_assets.access import governing
from alpr_assets.errors import AlprError
from alpr_assets.policy import policy
from alpr_assets.store.engine import Store, open_store
from alpr_assets.store.trouble import files_explained

OWNERS = ["team:information-systems"]


class StoreResource(dg.ConfigurableResource):
    """The store that the environment names; opened, and its schema brought up to date, when a step first asks."""

    @contextmanager
    def open(self) -> Iterator[Store]:
        with explained():
            store = open_store()
            try:
                yield store
            finally:
                store.engine.dispose()


@contextmanager
def explained() -> Iterator[None]:
    """Turn our errors, and what the file system refuses, into a failed step that says what to do.

    Not retried: a person, or the next tick, decides.
    """
    try:
        with files_explained():
            yield
    except AlprError as error:
        raise dg.Failure(description=error.diagnostics(), allow_retries=False) from error


def now() -> datetime:
    return datetime.now(UTC)


def governed(store: Store) -> governing.Standing:
    """Whether the policy at work is in force now; its `require` keeps a run from working without one (422.2)."""
    return governing.standing(store.engine, policy(), now())
