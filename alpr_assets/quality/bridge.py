"""The one bridge from a Great Expectations suite to an asset check.

Here: running a suite over a frame, and the check result. Not here: suites, which run or asset a check belongs to.
A verdict holds ids, counts, names of columns and expectations, and never a value: check metadata outlives a purge, and
Great Expectations by itself hands on sample values and the texts of exceptions.
Invariant: what was not checked has failed. An empty suite, a frame with another number of rows than expected, an
expectation that could not be evaluated: none of them passes.
"""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any

import dagster as dg
import pandas as pd

from alpr_assets.quality.quiet import batch_of

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite

COUNTS_ONLY = {"result_format": "BASIC", "exclude_unexpected_values": True, "partial_unexpected_count": 0}
COLUMNS_OF = ("column", "column_A", "column_B", "column_list")
COLUMNS = ("meaning", "expectation", "column", "unexpected rows")
NOT_EVALUATED = "could not be evaluated"

# Great Expectations keeps the last context in a variable of its own: one evaluation at a time in a process.
_one_at_a_time = Lock()


@dataclass(frozen=True, slots=True)
class Failure:
    """One expectation that does not hold. `n_unexpected` counts rows; None: it could not be evaluated."""

    expectation: str
    column: str
    n_unexpected: int | None
    meaning: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a suite says of a frame. `error`: why it could not be run as a whole; holds no value."""

    n_rows: int
    n_expected_rows: int
    n_expectations: int
    failed: tuple[Failure, ...] = ()
    error: str | None = None

    @property
    def passed(self) -> bool:
        return (
            self.error is None and self.n_expectations > 0 and self.n_rows == self.n_expected_rows and not self.failed
        )

    def summary(self) -> str:
        """One sentence for a person."""
        if self.error is not None:
            return self.error
        if self.n_expectations == 0:
            return "the suite is empty: nothing was checked"
        if self.n_rows != self.n_expected_rows:
            return f"{self.n_rows} rows, expected {self.n_expected_rows}; {self._n_failed()}"
        return f"{self.n_rows} rows, {self._n_failed()}"

    def _n_failed(self) -> str:
        return f"{len(self.failed)} of {self.n_expectations} expectations failed"


def evaluate(suite: ExpectationSuite, frame: pd.DataFrame, expected_rows: int) -> Verdict:
    """Run a suite over a frame.

    Parameters
    ----------
    expected_rows : counted another way than the frame was loaded; 0 where there is truly nothing

    An exception inside Great Expectations is a failed verdict that names its type, never its text.
    """
    expectations = list(suite.expectations)
    if not expectations:
        return Verdict(len(frame), expected_rows, 0)
    try:
        with _one_at_a_time, batch_of(frame) as batch:
            results = batch.validate(suite, result_format="BOOLEAN_ONLY").results
            held = sum(bool(result.success) for result in results)
            # Only what failed is run again, for its count.
            again = [result.expectation_config.to_domain_obj() for result in results if not result.success]
            failed = [_failure(batch.validate(expectation, result_format=COUNTS_ONLY)) for expectation in again]
    except Exception as error:  # noqa: BLE001 - whatever broke, nothing was checked, and its text may quote a plate
        reason = f"the suite {NOT_EVALUATED}: {type(error).__name__}"
        return Verdict(len(frame), expected_rows, len(expectations), error=reason)
    # An expectation that neither held nor failed was dropped on the way.
    complete = held + len(failed) == len(expectations)
    lost = None if complete else f"{len(expectations)} expectations, {held} held and {len(failed)} failed"
    ordered = sorted(failed, key=lambda failure: (failure.expectation, failure.column))
    return Verdict(len(frame), expected_rows, len(expectations), tuple(ordered), lost)


def to_check_result(
    verdict: Verdict,
    *,
    asset_key: dg.AssetKey | None = None,
    check_name: str | None = None,
    severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.ERROR,
) -> dg.AssetCheckResult:
    """The verdict as Dagster keeps it: counts, and a table of what failed."""
    metadata: dict[str, Any] = {
        "rows": verdict.n_rows,
        "expected rows": verdict.n_expected_rows,
        "expectations": verdict.n_expectations,
        "failed expectations": len(verdict.failed),
    }
    if verdict.failed:
        metadata["failed"] = dg.MetadataValue.md(_table(verdict.failed))
    return dg.AssetCheckResult(
        passed=verdict.passed,
        asset_key=asset_key,
        check_name=check_name,
        severity=severity,
        description=verdict.summary(),
        metadata=metadata,
    )


def _failure(result: Any) -> Failure:
    """The names and the count of one result; nothing else of it is looked at."""
    config = result.expectation_config
    named = [config.kwargs[key] for key in COLUMNS_OF if key in config.kwargs]
    columns = [column for name in named for column in (name if isinstance(name, list) else [name])]
    count = (result.result or {}).get("unexpected_count")
    n_unexpected = None if count is None else int(count)
    return Failure(config.type, ", ".join(columns), n_unexpected, config.description or "")


def _table(failed: tuple[Failure, ...]) -> str:
    rows = [
        (f.meaning, f.expectation, f.column, NOT_EVALUATED if f.n_unexpected is None else str(f.n_unexpected))
        for f in failed
    ]
    lines = [COLUMNS, ("---",) * len(COLUMNS), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
