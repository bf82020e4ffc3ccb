"""What a GraphQL request would do, read before Dagster sees it.

Here: one request read into its operation and root fields, whatever aliases, fragments or batches hide them, and which mutations
an engineer may send. Not here: who sends it, recording, passing it on (`dagster`).
Invariant: what is not understood is refused, and what is passed on is written anew from what was understood, so that Dagster
cannot read another request out of the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationType,
    SelectionSetNode,
    get_operation_ast,
    parse,
)

from alpr_assets.errors import AlprError

MAX_TOKENS: Final = 20_000  # the largest that Dagster's own pages send has about 4,000
MAX_BATCH: Final = 20

OPERATE: Final = frozenset(
    {
        "launchPipelineExecution", "launchRun", "launchMultipleRuns", "launchPipelineReexecution", "launchRunReexecution",
        "launchPartitionBackfill", "resumePartitionBackfill", "reexecutePartitionBackfill", "cancelPartitionBackfill",
        "terminatePipelineExecution", "terminateRun", "terminateRuns",
        "startSchedule", "stopRunningSchedule", "resetSchedule", "scheduleDryRun",
        "startSensor", "stopSensor", "resetSensor", "sensorDryRun", "setSensorCursor",
        "reloadRepositoryLocation", "reloadWorkspace", "setAutoMaterializePaused",
        "setConcurrencyLimit", "deleteConcurrencyLimit", "freeConcurrencySlots", "freeConcurrencySlotsForRun",
    }
)  # fmt: skip
"""Mutations that run the pipeline."""

REFUSED: Final = frozenset(
    {
        # they destroy the history of what was done, outside of every purge
        "wipeAssets", "deletePipelineRun", "deleteRun", "deleteDynamicPartitions",
        # they write history that nothing did
        "reportRunlessAssetEvents", "reportAssetCheckEvaluations", "addDynamicPartition",
        # they change or end the software
        "setAppManagedComponent", "deleteAppManagedComponent", "refreshComponentState", "shutdownRepositoryLocation",
        # they report to others
        "logTelemetry", "setNuxSeen",
    }
)  # fmt: skip
"""Mutations that nobody sends. What is in neither set is refused too; a test holds both against Dagster's schema."""


class UnreadableQueryError(AlprError):
    """A GraphQL request that does not say plainly what it would do."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One request as understood. `fields` are the root fields by their names in the schema, in the order met."""

    kind: OperationType
    fields: tuple[str, ...]
    query: str
    variables: Mapping[str, Any] | None
    name: str | None

    @property
    def is_mutation(self) -> bool:
        return self.kind is OperationType.MUTATION

    @property
    def is_subscription(self) -> bool:
        return self.kind is OperationType.SUBSCRIPTION

    def forbidden(self) -> tuple[str, ...]:
        """Its mutations that nobody sends."""
        return tuple(field for field in self.fields if field not in OPERATE) if self.is_mutation else ()

    def payload(self) -> dict[str, Any]:
        """The request, written anew. The websocket reads the operation's name under its other spelling."""
        return {
            "query": self.query,
            "variables": dict(self.variables) if self.variables is not None else None,
            "operationName": self.name,
            "operation_name": self.name,
        }


def read_operation(payload: object) -> Operation:
    """Understand one request.

    Parameters
    ----------
    payload : `{"query": …, "variables": …, "operationName": …}`, as parsed from JSON or a query string

    Raises
    ------
    UnreadableQueryError : no document, not GraphQL, or more than one operation and none of them named
    """
    if not isinstance(payload, Mapping):
        raise UnreadableQueryError("a GraphQL request is one object")
    query, name = payload.get("query"), payload.get("operationName") or None
    if not isinstance(query, str):
        raise UnreadableQueryError("a GraphQL request carries its query in full")
    if name is not None and not isinstance(name, str):
        raise UnreadableQueryError("an operation's name is text")
    document = _document(query)
    operation = get_operation_ast(document, name)
    if operation is None:
        raise UnreadableQueryError("the request does not name exactly one operation")
    return Operation(
        operation.operation, _root_fields(document, operation.selection_set), query, _variables(payload), name
    )


def read_batch(payload: object) -> list[object]:
    """The requests of a batch, or the one request.

    Raises UnreadableQueryError for an empty batch or one of more than MAX_BATCH.
    """
    if not isinstance(payload, list):
        return [payload]
    if not 0 < len(payload) <= MAX_BATCH:
        raise UnreadableQueryError(f"a batch holds 1 to {MAX_BATCH} requests")
    return payload


def refusal(message: str) -> dict[str, Any]:
    """A refused request's answer, in GraphQL's own form."""
    return {"data": None, "errors": [{"message": message, "extensions": {"code": "UnauthorizedError"}}]}


def _document(query: str) -> DocumentNode:
    try:
        return parse(query, no_location=True, max_tokens=MAX_TOKENS)
    except (GraphQLError, RecursionError) as error:
        raise UnreadableQueryError("the request is not GraphQL") from error


def _variables(payload: Mapping[str, Any]) -> Mapping[str, Any] | None:
    variables = payload.get("variables")
    if isinstance(variables, str):  # in a query string
        try:
            variables = json.loads(variables)
        except (ValueError, RecursionError) as error:
            raise UnreadableQueryError("the request's variables are not JSON") from error
    if variables is not None and not isinstance(variables, Mapping):
        raise UnreadableQueryError("the request's variables are one object")
    return variables


def _root_fields(document: DocumentNode, selected: SelectionSetNode) -> tuple[str, ...]:
    """Every root field, those under @skip and @include too: a directive's variable must not hide one."""
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    found: dict[str, None] = {}
    seen: set[str] = set()
    pending = [selected]
    while pending:
        for node in pending.pop().selections:
            if isinstance(node, FieldNode):
                found[node.name.value] = None
            elif isinstance(node, InlineFragmentNode):
                pending.append(node.selection_set)
            elif isinstance(node, FragmentSpreadNode):
                name = node.name.value
                if name not in fragments:
                    raise UnreadableQueryError("the request spreads a fragment that it does not hold")
                if name not in seen:
                    seen.add(name)
                    pending.append(fragments[name].selection_set)
    return tuple(found)
