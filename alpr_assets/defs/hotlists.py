"""hotlists: files of the watched folder are imported whole or refused; a new version re-matches past days in one run."""

from datetime import timedelta

import dagster as dg
from dagster import AssetExecutionContext, SensorEvaluationContext
from sqlalchemy import func, select

from alpr_assets.defs.attempts import next_attempt
from alpr_assets.defs.checks import judge_suite
from alpr_assets.defs.plots import table
from alpr_assets.defs.store import OWNERS, StoreResource, governed, now
from alpr_assets.lifecycle.hotlists.imports import ImportReceipt, import_pending, pending_files, rematch_due
from alpr_assets.lifecycle.lookalikes import fold
from alpr_assets.partitions import START
from alpr_assets.policy import policy
from alpr_assets.quality import suites
from alpr_assets.settings import settings
from alpr_assets.store import schema
from alpr_assets.store.engine import reading
from alpr_assets.store.sealed import file_sha256, sha256_hex

BALANCED, ACCEPTED = "every_line_is_accounted_for", "every_file_was_accepted"


@dg.asset(
    group_name="hotlists",
    kinds={"sqlalchemy"},
    owners=OWNERS,
    check_specs=[
        dg.AssetCheckSpec(
            BALANCED, asset="hotlists", blocking=True, description="Each line is an entry, quarantined or counted."
        ),
        dg.AssetCheckSpec(
            ACCEPTED, asset="hotlists", description="No file was refused; a refused one leaves the list in force."
        ),
    ],
    description="Hot lists in force, each swapped whole; one receipt a file, every accepted version kept (422.3, 422.4).",
)
def hotlists(context: AssetExecutionContext, store: StoreResource) -> dg.MaterializeResult:
    with store.open() as opened:
        receipts = import_pending(opened, settings().path("hotlists"), policy=policy(), now=now())
        entry, hotlist = schema.hotlist_entry.c, schema.hotlist.c
        with reading(opened.engine) as connection:
            by_list: dict[str, int] = dict(
                connection.execute(
                    select(hotlist.name, func.count(entry.entry_id))
                    .join(schema.hotlist_entry, entry.list_id == hotlist.list_id)
                    .where(entry.to_import_id.is_(None))
                    .group_by(hotlist.name)
                )
                .tuples()
                .all()
            )
    refused = [receipt for receipt in receipts if not receipt.accepted]
    for receipt in refused:
        context.log.error(f"{receipt.file_name} refused ({receipt.code}): {receipt.reason}\n  → {receipt.remedy}")
    unbalanced = [receipt.import_id for receipt in receipts if receipt.accepted and not receipt.balances]
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": sum(by_list.values()),
            "entries by list": table(by_list, of="list"),
            "receipts": [receipt.import_id for receipt in receipts],
            "entries added": sum(receipt.n_added for receipt in receipts),
            "entries ended": sum(receipt.n_removed for receipt in receipts),
            "lines quarantined": sum(receipt.n_quarantined for receipt in receipts),
        },
        check_results=[
            dg.AssetCheckResult(
                check_name=BALANCED,
                passed=not unbalanced,
                metadata={"files": len(receipts), "unbalanced imports": unbalanced},
            ),
            dg.AssetCheckResult(
                check_name=ACCEPTED,
                passed=not refused,
                description="; ".join(f"{receipt.file_name} refused ({receipt.code})" for receipt in refused) or None,
                metadata={"files": len(receipts), "files refused": len(refused), **_refusals(refused)},
            ),
        ],
    )


def _refusals(refused: list[ImportReceipt]) -> dict[str, dg.MetadataValue]:
    rows = "".join(f"| {r.file_name} | {r.code} | {r.reason} | {r.remedy} |\n" for r in refused)
    return (
        {"refused": dg.MetadataValue.md(f"| file | code | reason | remedy |\n|---|---|---|---|\n{rows}")}
        if rows
        else {}
    )


@dg.asset_check(
    asset=hotlists, blocking=True, description="Every entry in force has a plate, a known category and one valid state."
)
def entries_are_sound(store: StoreResource) -> dg.AssetCheckResult:
    with store.open() as opened:
        return judge_suite(opened, suites.suite_hotlists(policy()), lambda c: suites.hotlists_frame(c, fold=fold))


import_hotlists = dg.define_asset_job(
    "import_hotlists", selection=dg.AssetSelection.assets("hotlists"), description="New hot-list files are imported."
)
rematch = dg.define_asset_job(
    "rematch",
    selection=dg.AssetSelection.assets("hotlist_matches"),
    description="A new list version is matched with past days, all in one run.",
)


@dg.sensor(
    jobs=[import_hotlists, rematch],
    minimum_interval_seconds=5,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="New hot-list files are imported; a new version is matched with the days that the policy says.",
)
def hotlist_files(context: SensorEvaluationContext, store: StoreResource) -> dg.SensorResult:
    requests = []
    with store.open() as opened:
        waiting = pending_files(opened, settings().path("hotlists"), policy=policy())
        with reading(opened.engine) as connection:
            due = rematch_due(connection) if governed(opened).in_force else {}
    if waiting:
        digest = sha256_hex("".join(f"{p.name}{file_sha256(p)}{p.stat().st_mtime_ns}" for p in waiting).encode())
        tags = {"alpr/files": digest}
        if (attempt := next_attempt(context, tags)) is not None:
            requests.append(dg.RunRequest(f"files:{digest}:{attempt}", job_name="import_hotlists", tags=tags))
    if due and not waiting:
        versions = ",".join(f"{name}={import_id}" for name, import_id in due.items())
        tags = {"alpr/lists": sha256_hex(versions.encode())}
        if (attempt := next_attempt(context, tags)) is not None:
            today = now().date()
            first = max(START, today - timedelta(days=policy().hotlists.rematch_days))
            requests.append(
                dg.RunRequest(
                    f"rematch:{versions}:{attempt}",
                    job_name="rematch",
                    tags={
                        **tags,
                        "dagster/asset_partition_range_start": first.isoformat(),
                        "dagster/asset_partition_range_end": today.isoformat(),
                    },
                )
            )
    if not requests:
        return dg.SensorResult(skip_reason="no new hot-list file, and past days are matched with the lists in force")
    return dg.SensorResult(run_requests=requests)
