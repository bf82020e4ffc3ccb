"""plate_reads: every capture of a day read once by the recogniser in use, and the reads grouped into sightings."""

from collections.abc import Callable
from datetime import date

import dagster as dg
from dagster import AssetExecutionContext

from alpr_assets.defs.captures import raw_captures
from alpr_assets.defs.checks import day_check, judge_suite
from alpr_assets.defs.plots import bars
from alpr_assets.defs.store import OWNERS, StoreResource, governed, now
from alpr_assets.lifecycle.lookalikes import fold
from alpr_assets.lifecycle.recognition.comparing import EDITS, Comparison, compare_day
from alpr_assets.lifecycle.recognition.configured import recogniser_factory
from alpr_assets.lifecycle.recognition.pool import executor
from alpr_assets.lifecycle.recognition.reads import recognise_day
from alpr_assets.lifecycle.recognition.sightings import group_day
from alpr_assets.lifecycle.summaries import reads_of
from alpr_assets.partitions import capture_day, day_of
from alpr_assets.policy import policy
from alpr_assets.quality import suites
from alpr_assets.settings import settings
from alpr_assets.store.engine import Store, reading


@dg.asset(
    # What makes a day's reads out of date: another recogniser would read them otherwise. Asking for it loads no model.
    code_version=recogniser_factory().version.version_id,
    partitions_def=capture_day,
    deps=[raw_captures],
    group_name="recognition",
    kinds={"onnx", "paddleocr", "sqlalchemy"},
    owners=OWNERS,
    description=(
        "Reads of one UTC day: plate, raw text, candidates and confidence per character, by recogniser version, "
        "never overwritten; and the sightings they group into. No plate in a picture is a result."
    ),
)
def plate_reads(context: AssetExecutionContext, store: StoreResource) -> dg.MaterializeResult:
    day = day_of(context.partition_key)
    factory, configured = recogniser_factory(), settings()
    with (
        store.open() as opened,
        executor(configured.workers, configured.dask or None, factory) as pool,
    ):
        governed(opened).require()
        figures = policy().recognition
        done = recognise_day(
            opened, day, pool, factory.version,
            sure_confidence=figures.sure_confidence, clock=now, progress=_progress(context),
        )  # fmt: skip
        n_sightings = group_day(opened, day, pass_seconds=figures.pass_seconds)
        with reading(opened.engine) as connection:
            counts = reads_of(connection, day)
            compared = compare_day(connection, day)
    tenths = [f"{tenth / 10:.1f}" for tenth in range(10)]
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": counts.n_reads,
            "unsure": counts.n_unsure,
            "recogniser version": factory.version.version_id,
            "captures read in this run": done.n_captures,
            "captures": counts.n_captures,
            "captures without a plate": counts.n_without_plate,
            "captures unreadable": counts.n_unreadable,
            "captures that storage could not open": done.n_unopened,
            "sightings": counts.n_sightings,
            "sightings changed in this run": n_sightings,
            "distinct plates": counts.n_plates,
            "milliseconds a picture": round(counts.ms_per_picture, 1),
            "confidence": bars(counts.confidences, tenths, title="reads by confidence (from)"),
            **_compared(compared),
        }
    )


def _compared(counts: Comparison) -> dict[str, int]:
    """Side by side with the version before, for a day that was read again. Counts only: plates belong behind the gate."""
    if not counts.n_captures:
        return {}
    return {
        "read again: captures": counts.n_captures,
        "read again: reads unchanged": counts.n_unchanged,
        "read again: reads changed": counts.n_changed,
        **{f"read again: changed by {text}": counts.n_by_edits.get(n, 0) for n, text in EDITS.items()},
        "read again: reads gained": counts.n_gained,
        "read again: reads lost": counts.n_lost,
    }


def _progress(context: AssetExecutionContext) -> Callable[[int, int], None]:
    def report(done: int, waiting: int) -> None:
        context.log.info(f"{done} of {waiting} captures read")

    return report


@day_check(
    asset=plate_reads,
    description="Every read of the day has a plate, a place in its picture and honest confidences, and none is lost.",
)
def reads_are_sound(store: Store, day: date) -> dg.AssetCheckResult:
    return judge_suite(store, suites.suite_reads(), lambda c: suites.reads_frame(c, day, fold=fold))
