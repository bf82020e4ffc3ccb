"""What the console works with, gathered once: tests build it over a temporary folder, `__main__` over the settings.

Not here: opening any of it (`opening`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from alpr_assets.access.acting import Office
from alpr_assets.access.exports import Exports
from alpr_assets.access.gate import Gate
from alpr_assets.access.record.entries import Recorder
from alpr_assets.access.secret_key import SecretKey
from alpr_assets.lifecycle.evidence.packing import Packer
from alpr_assets.policy import Policy
from alpr_assets.settings import Settings
from alpr_assets.store.engine import Store

if TYPE_CHECKING:
    from dagster._core.workspace.context import IWorkspaceProcessContext


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """All that the pages, the data API and the mounted Dagster need.

    case_key : seals the questions of case files, and makes the digests in them
    secret : of this process, 32 bytes or more: form tokens are made with it, and end with it
    workspace : Dagster's, made by `dagster.ConsoleWorkspace`; None: the console runs without the Dagster UI
    watch_seconds : how often an open websocket's session is looked at
    """

    store: Store
    recorder: Recorder
    gate: Gate
    office: Office
    exports: Exports
    packer: Packer
    case_key: SecretKey
    policy: Policy
    settings: Settings
    clock: Callable[[], datetime]
    secret: bytes
    workspace: IWorkspaceProcessContext[Any] | None = None
    watch_seconds: float = 3.0
