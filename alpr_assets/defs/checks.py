"""Asset checks by day, in one place: one function judges a day, whether a run holds one day or a range of them.

A run over a range writes one evaluation a day, besides one over the whole range: Dagster by itself would write only the latter.
"""

from collections.abc import Callable
from datetime import date
from typing import Any

import dagster as dg
import pandas as pd
from dagster import AssetCheckExecutionContext
from sqlalchemy import Connection

from alpr_assets.defs.store import StoreResource
from alpr_assets.partitions import capture_day, day_of
from alpr_assets.quality import bridge
from alpr_assets.store.engine import Store, reading

JudgeDay = Callable[[Store, date], dg.AssetCheckResult]


def day_check(
    *, asset: dg.AssetsDefinition, description: str, blocking: bool = True
) -> Callable[[JudgeDay], dg.AssetChecksDefinition]:
    """Make an asset check, named as the function, of a function that judges one UTC day."""

    def decorate(judge: JudgeDay) -> dg.AssetChecksDefinition:
        name = judge.__name__

        @dg.asset_check(asset=asset, name=name, description=description, blocking=blocking, partitions_def=capture_day)
        def check(context: AssetCheckExecutionContext, store: StoreResource) -> dg.AssetCheckResult:
            with store.open() as opened:
                if context.has_partition_key:
                    return judge(opened, day_of(context.partition_key))
                days = {key: judge(opened, day_of(key)) for key in context.partition_keys}
            for key, result in days.items():
                context.op_execution_context.log_event(
                    dg.AssetCheckEvaluation(
                        asset_key=asset.key,
                        check_name=name,
                        passed=result.passed,
                        metadata=result.metadata,
                        severity=result.severity,
                        description=result.description,
                        blocking=blocking,
                        partition=key,
                    )  # type: ignore[arg-type]
                )
            failed = [key for key, result in days.items() if not result.passed]
            return dg.AssetCheckResult(passed=not failed, metadata={"days": len(days), "days failed": failed})

        return check

    return decorate


def judge_suite(
    store: Store, suite: Any, frame: Callable[[Connection], tuple[pd.DataFrame, int]]
) -> dg.AssetCheckResult:
    """Hold one Great Expectations suite against what `frame` loads: (rows, number of rows there must be)."""
    with reading(store.engine) as connection:
        rows, expected = frame(connection)
    return bridge.to_check_result(bridge.evaluate(suite, rows, expected))
