"""The Dagster UI behind the console's sign-in.

Here: Dagster's application, its permissions by role (an auditor reads; an engineer operates, without wiping, deleting or
inventing history) and its content policy. Not here: who enters, and what is recorded (`door`): that asks before Dagster does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from dagster import DagsterInstance, __version__
from dagster._core.workspace.context import IWorkspaceProcessContext, WorkspaceProcessContext, WorkspaceRequestContext
from dagster._core.workspace.load_target import WorkspaceFileTarget, WorkspaceLoadTarget
from dagster._core.workspace.permissions import (
    EDITOR_PERMISSIONS,
    LOCATION_SCOPED_PERMISSIONS,
    VIEWER_PERMISSIONS,
    PermissionResult,
    Permissions,
)
from dagster_webserver.webserver import DagsterWebserver
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.routing import BaseRoute, Mount
from starlette.types import Message, Send

from alpr_assets.access.people import Session

PREFIX: Final = "/dagster"

NEVER: Final = frozenset(
    {
        Permissions.WIPE_ASSETS,
        Permissions.DELETE_PIPELINE_RUN,
        Permissions.REPORT_RUNLESS_ASSET_EVENTS,
        Permissions.EDIT_DYNAMIC_PARTITIONS,
        Permissions.EDIT_APP_MANAGED_COMPONENTS,
        Permissions.REFRESH_COMPONENT_STATE,
    }
)
"""Permissions that no role has: history is destroyed by a purge only, and made by runs only."""


def permissions_of(may_operate: bool) -> dict[str, PermissionResult]:
    """Dagster's permissions of an engineer or an auditor."""
    granted = EDITOR_PERMISSIONS if may_operate else VIEWER_PERMISSIONS
    return {
        name: PermissionResult(enabled=enabled, disabled_reason=None)
        if (enabled := granted.get(name, False) and name not in NEVER)
        else PermissionResult(enabled=False, disabled_reason="not part of your role")
        for name in EDITOR_PERMISSIONS
    }


class RoleContext(WorkspaceRequestContext):
    """Dagster's view of one request, with the permissions of who sent it."""

    def __init__(self, *, may_operate: bool, session: Session | None, **workspace: Any) -> None:
        super().__init__(read_only=not may_operate, **workspace)
        self._granted = permissions_of(may_operate)
        self._session = session

    @property
    def permissions(self) -> Mapping[str, PermissionResult]:
        return self._granted

    def permissions_for_location(self, *, location_name: str) -> Mapping[str, PermissionResult]:  # noqa: ARG002
        return {name: result for name, result in self._granted.items() if name in LOCATION_SCOPED_PERMISSIONS}

    def get_viewer_tags(self) -> dict[str, str]:
        """What a backfill carries about who launched it: his number, never his name."""
        return {"alpr/member": str(self._session.member.member_id)} if self._session else {}


class ConsoleWorkspace(WorkspaceProcessContext):
    """Dagster's workspace, which gives each request the permissions that the door found for it."""

    def __init__(self, instance: DagsterInstance, target: WorkspaceLoadTarget) -> None:
        super().__init__(instance, target, version=__version__)

    def create_request_context(self, source: object | None = None) -> WorkspaceRequestContext:
        state = source.scope.get("state", {}) if isinstance(source, HTTPConnection) else {}
        return RoleContext(
            may_operate=state.get("may_operate", False) is True,
            session=state.get("session"),
            instance=self._instance,
            current_workspace=self.get_current_workspace(),
            process_context=self,
            version=self.version,
            source=source,
        )


class _Ui(DagsterWebserver[Any, Any]):
    """Dagster's routes without their prefix: the mount gives it."""

    def build_routes(self) -> list[BaseRoute]:
        mount, *_ = super().build_routes()  # type: ignore[no-untyped-call]
        assert isinstance(mount, Mount)
        return list(mount.routes)


def open_workspace(instance: DagsterInstance, workspace_file: str) -> ConsoleWorkspace:
    """Dagster's workspace over one workspace.yaml; to be entered and left as a context."""
    return ConsoleWorkspace(instance, WorkspaceFileTarget([workspace_file]))


def dagster_app(workspace: IWorkspaceProcessContext[Any]) -> Starlette:
    """Dagster's own application, as it answers behind the door."""
    return _Ui(workspace, PREFIX).create_asgi_app()


def tightened(send: Send) -> Send:
    """Dagster's own content policy lets pages talk to any host; keep its nonce, and nothing else of it."""

    async def tightening(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            found = re.search(r"'nonce-([0-9a-f]{32})'", headers.get("content-security-policy", ""))
            if found:
                headers["content-security-policy"] = content_policy(found.group(1))
        await send(message)

    return tightening


def content_policy(nonce: str) -> str:
    """Scripts by nonce, styles as Dagster writes them, and no other host."""
    return (
        f"default-src 'self'; script-src 'nonce-{nonce}' 'strict-dynamic'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; media-src 'self'; "
        "manifest-src 'self'; form-action 'self'; base-uri 'none'; object-src 'none'; frame-src 'none'; frame-ancestors 'none'"
    )
