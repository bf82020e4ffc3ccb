"""raw_captures: drops land in an unpartitioned run, then each day they touched is read and matched in a run of its own.

The sensor only lists manifests and compares two columns; it never opens a picture. A day's run key is its date, the digest of
the manifests that landed in it, and the attempt: the same state never runs twice, and a failure does not block a day for ever.
"""

from collections.abc import Iterator
from datetime import date

import dagster as dg
from dagster import AssetExecutionContext, OpExecutionContext, SensorEvaluationContext
from sqlalchemy import select

from alpr_assets.defs.attempts import next_attempt
from alpr_assets.defs.checks import day_check, judge_suite
from alpr_assets.defs.plots import bars, table
from alpr_assets.defs.store import OWNERS, StoreResource, governed, now
from alpr_assets.lifecycle.captures.landing import land_pending
from alpr_assets.lifecycle.captures.pending import PendingDrop, pending_drops
from alpr_assets.lifecycle.summaries import captures_of
from alpr_assets.partitions import capture_day, day_of
from alpr_assets.policy import policy
from alpr_assets.quality import suites
from alpr_assets.settings import settings
from alpr_assets.store import schema
from alpr_assets.store.engine import Store, reading
from alpr_assets.store.sealed import sha256_hex

DAY_TAG, DIGEST_TAG = "alpr/day", "alpr/landed_digest"


@dg.op(
    description="Land every closed drop of the watched folder that has no receipt yet; landing again changes nothing."
)
def land_drops(context: OpExecutionContext, store: StoreResource) -> None:
    with store.open() as opened:
        receipts, refused = land_pending(
            opened,
            settings().path("drops"),
            policy=policy(),
            now=now(),
            progress=lambda done, total: context.log.info(f"{done} of {total} files") if done % 500 == 0 else None,
        )
    for receipt in receipts:
        context.log.info(
            f"drop {receipt.drop_id}: {receipt.n_landed} landed, {receipt.n_duplicate} known, "
            f"{receipt.n_quarantined} quarantined, {receipt.n_missing} missing of {receipt.n_declared}"
        )
    for error in refused:
        context.log.error(error.diagnostics())
    if refused:
        raise dg.Failure(description="\n".join(error.diagnostics() for error in refused), allow_retries=False)


@dg.job(description="Captures arrive: drops of the watched folder land, whatever days they touch.")
def land_drop() -> None:
    land_drops()


@dg.asset(
    partitions_def=capture_day,
    group_name="captures",
    kinds={"jpeg", "sqlalchemy"},
    owners=OWNERS,
    description="Captures of one UTC day, as landed: one row an image, the image encrypted under the day's key (422.5).",
)
def raw_captures(context: AssetExecutionContext, store: StoreResource) -> dg.MaterializeResult:
    day = day_of(context.partition_key)
    with store.open() as opened, reading(opened.engine) as connection:
        counts = captures_of(connection, day)
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": counts.n,
            "flagged": counts.n_flagged,
            "by flag": table(dict(counts.by_flag), of="flag"),
            "without a place": counts.n_without_place,
            "by clock": table(dict(counts.by_clock), of="clock"),
            "by device": table(dict(counts.by_device), of="device"),
            "by hour": bars(counts.by_hour, [f"{hour}h" for hour in range(24)], title="captures by hour, UTC"),
        }
    )


@day_check(
    asset=raw_captures,
    description="Every capture of the day is dated, placed and identified as landing promises.",
)
def captures_are_sound(store: Store, day: date) -> dg.AssetCheckResult:
    return judge_suite(store, suites.suite_captures(policy()), lambda c: suites.captures_frame(c, day))


@day_check(asset=raw_captures, description="For every capture of the day its encrypted image is there.")
def every_capture_has_its_image(store: Store, day: date) -> dg.AssetCheckResult:
    capture = schema.capture.c
    with reading(store.engine) as connection:
        rows = connection.execute(select(capture.capture_id, capture.image_sha256).where(capture.day == day)).all()
    lost = [row.capture_id for row in rows if not store.images.path(day, row.image_sha256).is_file()]
    return dg.AssetCheckResult(
        passed=not lost, metadata={"captures": len(rows), "without image": len(lost), "first capture ids": lost[:20]}
    )


process_day = dg.define_asset_job(
    "process_day",
    selection=dg.AssetSelection.assets("raw_captures", "plate_reads", "hotlist_matches"),
    partitions_def=capture_day,
    description="One UTC day: count what landed, read the plates, match them with the lists in force.",
)


@dg.sensor(
    jobs=[land_drop, process_day],
    minimum_interval_seconds=5,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Closed drops land; then each day they touched is read and matched, late days included.",
)
def landing(context: SensorEvaluationContext, store: StoreResource) -> dg.SensorResult:
    with store.open() as opened:
        waiting = pending_drops(opened, settings().path("drops"), policy=policy())
        sealed = governed(opened).why_not
        days = [] if sealed else _day_requests(context, opened)
        requests = [*_landing_requests(context, waiting), *days]
    if not requests:
        if sealed:
            return dg.SensorResult(skip_reason=f"captures land sealed, and days wait: no policy is in force: {sealed}")
        return dg.SensorResult(skip_reason="no closed drop waits, and no day has unread captures")
    return dg.SensorResult(run_requests=requests)


def _landing_requests(context: SensorEvaluationContext, waiting: list[PendingDrop]) -> Iterator[dg.RunRequest]:
    if not waiting:
        return
    digest = sha256_hex("".join(drop.state for drop in waiting).encode())
    attempt = next_attempt(context, {DIGEST_TAG: digest})
    if attempt is not None:
        yield dg.RunRequest(f"land:{digest}:{attempt}", job_name="land_drop", tags={DIGEST_TAG: digest})


def _day_requests(context: SensorEvaluationContext, store: Store) -> Iterator[dg.RunRequest]:
    day = schema.capture_day.c
    with reading(store.engine) as connection:
        rows = connection.execute(
            select(day.day, day.landed_digest)
            .where(day.landed_digest.is_not(None), day.landed_digest.is_distinct_from(day.processed_digest))
            .order_by(day.day.desc())
        ).all()
    for row in rows:
        tags = {DAY_TAG: row.day.isoformat(), DIGEST_TAG: row.landed_digest}
        attempt = next_attempt(context, tags)
        if attempt is not None:
            key = f"{row.day}:{row.landed_digest}:{attempt}"
            yield dg.RunRequest(key, job_name="process_day", partition_key=row.day.isoformat(), tags=tags)
