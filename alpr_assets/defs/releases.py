"""releases: what other agencies asked for and got, in counts; and that nothing left which was not approved (422.7).

Counts and ids only: Dagster's metadata is seen by whoever may see the pipeline, and outlives what it counts.
"""

import dagster as dg

from alpr_assets.defs.captures import raw_captures
from alpr_assets.defs.plots import table
from alpr_assets.defs.store import OWNERS, StoreResource, now
from alpr_assets.lifecycle.releases import fulfilling, listing
from alpr_assets.lifecycle.releases.agencies import KINDS, AgencyKind
from alpr_assets.policy import policy
from alpr_assets.store.engine import reading

WITHIN = "nothing_left_outside_its_approval"
IN_TIME = "every_request_is_answered_in_time"


@dg.asset(
    group_name="accountability",
    kinds={"sqlalchemy"},
    owners=OWNERS,
    deps=[raw_captures],
    description=(
        "What other agencies asked for and got, by the kind of agency, and what is overdue: requests by phone without their letter, "
        "requests in the records process, data that a recipient should have destroyed (422.7, Civ. Code 1798.90.55)."
    ),
    check_specs=[
        dg.AssetCheckSpec(
            WITHIN,
            asset="releases",
            description="Every package for another agency holds only captures of its approved scope, counted anew.",
        ),
        dg.AssetCheckSpec(
            IN_TIME, asset="releases", description="No request by phone or in the records process is overdue."
        ),
    ],
)
def releases(store: StoreResource) -> dg.MaterializeResult:
    at = now()
    with store.open() as opened, reading(opened.engine) as connection:
        told = listing.counts(connection, at=at, on=at.astimezone(policy().zone).date())
        outside = fulfilling.outside(connection)
    late = [*told["overdue_exigent"], *told["overdue_records"]]
    by_kind = {KINDS[AgencyKind(kind)]: n for kind, n in told["fulfilled_by_kind"].items()}
    return dg.MaterializeResult(
        metadata={
            "by state": table(told["by_status"], of="state"),
            "fulfilled, by kind of agency": table(by_kind, of="kind of agency"),
            "by phone, without their letter": len(told["overdue_exigent"]),
            "in the records process, not answered in time": len(told["overdue_records"]),
            "not confirmed to be destroyed": len(told["overdue_destruction"]),
        },
        check_results=[
            dg.AssetCheckResult(
                check_name=WITHIN,
                passed=not outside,
                metadata={"packages in question": sorted(outside), "captures outside": sum(outside.values())},
            ),
            dg.AssetCheckResult(
                check_name=IN_TIME,
                passed=not late,
                severity=dg.AssetCheckSeverity.WARN,
                metadata={"releases overdue": late},
            ),
        ],
    )


look_at_releases = dg.define_asset_job(
    "look_at_releases",
    selection=dg.AssetSelection.assets("releases"),
    description="What is overdue, and whether every package holds only what was approved.",
)
releases_looked_at = dg.ScheduleDefinition(
    name="releases_looked_at",
    job=look_at_releases,
    cron_schedule="45 6 * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Once a day: requests come due by the day.",
)
