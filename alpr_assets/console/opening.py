"""Opening everything that the console works with, from the settings; and closing it again."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from dagster import DagsterInstance

from alpr_assets.access import governing, provisional, register
from alpr_assets.access.acting import open_office
from alpr_assets.access.exports import Exports
from alpr_assets.access.gate import Gate
from alpr_assets.access.record.serving import recorder
from alpr_assets.access.secret_key import SecretKey
from alpr_assets.console.dagster import open_workspace
from alpr_assets.console.wiring import Services
from alpr_assets.lifecycle.evidence.packing import Packer
from alpr_assets.policy import Policy
from alpr_assets.settings import ROOT, Settings
from alpr_assets.store.engine import open_store


def utc_now() -> datetime:
    return datetime.now(UTC)


@contextmanager
def opened(
    configured: Settings, policy: Policy, *, workspace_file: Path = ROOT / "workspace.yaml"
) -> Iterator[Services]:
    """The services of this process.

    Raises ConfigurationError, StorageError; RecordUnavailableError when the record can be written neither through its process nor
    by this one.
    """
    with ExitStack() as stack:
        store = open_store(configured)
        stack.callback(store.engine.dispose)
        record = stack.enter_context(recorder(configured))
        instance = stack.enter_context(DagsterInstance.get())
        numbers = partial(provisional.known, store.engine)
        governed = partial(governing.standing, store.engine, policy)
        governing.tell(configured.path("data"), governed(utc_now()))
        gate = Gate(partial(register.member, store.engine), record, policy, utc_now, numbers, governed)
        office = open_office(store.engine, record, policy, configured)
        yield Services(
            store=store,
            recorder=record,
            gate=gate,
            office=office,
            packer=Packer.of(store, gate, office, policy, configured),
            exports=Exports(gate, store.engine, SecretKey(configured.path("keys") / "exports.key")),
            case_key=SecretKey(configured.path("keys") / "cases.key"),
            policy=policy,
            settings=configured,
            clock=utc_now,
            secret=secrets.token_bytes(32),
            workspace=open_workspace(instance, str(workspace_file)),
        )
