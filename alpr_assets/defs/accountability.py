"""record_heads, member_standing and transparency_report: what the department owes outsiders and itself, on a schedule.

Counts only: Dagster's metadata is seen by whoever may see the pipeline, and outlives what it counts.
"""

from collections import Counter
from datetime import datetime

import dagster as dg
from dagster import ScheduleEvaluationContext
from sqlalchemy import Connection

from alpr_assets.access import exports, governing, members, register, reviews
from alpr_assets.access.acting import open_office
from alpr_assets.access.people import Status
from alpr_assets.access.record import alarms
from alpr_assets.access.record.exporting import snapshot
from alpr_assets.access.record.places import place_of
from alpr_assets.access.record.serving import recorder
from alpr_assets.access.record.witnesses import send_heads, witnesses_of
from alpr_assets.defs.store import OWNERS, StoreResource, explained, governed, now
from alpr_assets.lifecycle.transparency import pages, publishing
from alpr_assets.policy import policy
from alpr_assets.settings import settings
from alpr_assets.store.engine import reading

TICK_MINUTES = 10
WITNESSED = "every_witness_has_a_head_in_time"
GONE = "every_export_is_gone_in_time"
PUBLISHED = "every_month_is_published"
GOVERNED = "the_policy_at_work_is_in_force"


@dg.asset(
    group_name="accountability",
    kinds={"sqlalchemy"},
    owners=OWNERS,
    description=(
        "Signed heads of the access record, given to witnesses outside the administrator's control: whoever changes the "
        "record afterwards is found out (Civ. Code 1798.90.52)."
    ),
    check_specs=[
        dg.AssetCheckSpec(WITNESSED, asset="record_heads", description="No witness is behind or unreachable.")
    ],
)
def record_heads() -> dg.MaterializeResult:
    configured = settings()
    with explained():
        sent = send_heads(configured, now(), all_now=True)
    behind = [alarm for alarm in alarms.open_alarms(configured.path("data")) if alarm.name.startswith("witness ")]
    n_witnesses = len(witnesses_of(configured, policy()))
    return dg.MaterializeResult(
        metadata={
            "witnesses": n_witnesses,
            "heads given in this run": sum(not one.trouble for one in sent),
            "entries that the newest one covers": max((one.size for one in sent), default=0),
        },
        check_results=[
            dg.AssetCheckResult(
                check_name=WITNESSED,
                passed=bool(n_witnesses) and not behind,
                severity=dg.AssetCheckSeverity.ERROR if n_witnesses else dg.AssetCheckSeverity.WARN,
                metadata={"witnesses behind": len(behind), "witnesses": n_witnesses},
                description=None
                if n_witnesses
                else "No witness is named: set ALPR_WITNESSES, or record.witness_emails.",
            )
        ],
    )


@dg.asset(
    group_name="accountability",
    kinds={"sqlalchemy"},
    owners=OWNERS,
    description=(
        "Who may use the system today, in counts: accounts that nobody used are suspended, training that ended is counted, "
        "exported files that should be gone are named as late (422.4(d), 422.6(a))."
    ),
    check_specs=[dg.AssetCheckSpec(GONE, asset="member_standing", description="No exported file is past its day.")],
)
def member_standing(store: StoreResource) -> dg.MaterializeResult:
    at = now()
    on = at.astimezone(policy().zone).date()
    with store.open() as opened, recorder(settings()) as kept:
        suspended = members.suspend_inactive(open_office(opened.engine, kept, policy(), settings()), at=at)
        with reading(opened.engine) as connection:
            late = exports.overdue(connection, on)
            counts = _counts(connection, at)
    return dg.MaterializeResult(
        metadata={"suspended in this run for want of use": len(suspended), **counts},
        check_results=[
            dg.AssetCheckResult(
                check_name=GONE,
                passed=not late,
                severity=dg.AssetCheckSeverity.WARN,
                metadata={"exports past their day": len(late)},
            )
        ],
    )


def _counts(connection: Connection, at: datetime) -> dict[str, int]:
    on = at.astimezone(policy().zone).date()
    everybody = register.members(connection)
    by_status = Counter(one.status for one in everybody)
    active = [one for one in everybody if one.status is Status.ACTIVE]
    return {
        **{f"members {status}": by_status.get(status, 0) for status in Status},
        "active members without current training": sum(
            one.trained_until is None or one.trained_until < on for one in active
        ),
        "accounts locked": sum(one.locked_at is not None for one in active),
        "account reviews overdue": sum(one.is_overdue for one in reviews.due(connection, policy(), on)),
    }


@dg.asset(
    group_name="accountability",
    kinds={"html", "json", "sqlalchemy"},
    owners=OWNERS,
    description=(
        "What the public sees: the policy in force and its versions, and each month's figures, counted once and for all with small "
        "counts hidden; as pages of the console and as files for the department's website (422.2, 422.3.1(g))."
    ),
    check_specs=[
        dg.AssetCheckSpec(
            PUBLISHED, asset="transparency_report", description="No month that is due waits to be published."
        ),
        dg.AssetCheckSpec(
            GOVERNED,
            asset="transparency_report",
            description="The policy file at work says what the version in force says.",
        ),
    ],
)
def transparency_report(store: StoreResource) -> dg.MaterializeResult:
    at, configured, place = now(), settings(), place_of(settings())
    with store.open() as opened, recorder(configured) as kept, snapshot(place.engine) as recorded:
        office = open_office(opened.engine, kept, policy(), configured)
        months = publishing.due(opened.engine, recorded, policy(), at)
        for month in months:
            publishing.publish(office, recorded, month, at=at)
        left = publishing.due(opened.engine, recorded, policy(), at)
        made = pages.files(opened.engine, policy(), at)
        n_written = pages.write(configured.path("public"), made)
        n_published = len(publishing.published(opened.engine))
        standing = governed(opened)
        governing.tell(configured.path("data"), standing)
    place.engine.dispose()
    return dg.MaterializeResult(
        metadata={
            "months published in this run": [month.name for month in months],
            "months published": n_published,
            "files": len(made),
            "files written in this run": n_written,
        },
        check_results=[
            dg.AssetCheckResult(check_name=PUBLISHED, passed=not left, metadata={"months due": [m.name for m in left]}),
            dg.AssetCheckResult(check_name=GOVERNED, passed=standing.in_force, description=standing.why_not or None),
        ],
    )


send_record_heads = dg.define_asset_job(
    "send_record_heads",
    selection=dg.AssetSelection.assets("record_heads"),
    description="The newest head of the access record goes to every witness.",
)
review_members = dg.define_asset_job(
    "review_members",
    selection=dg.AssetSelection.assets("member_standing"),
    description="Accounts that nobody uses are suspended.",
)

publish_report = dg.define_asset_job(
    "publish_report",
    selection=dg.AssetSelection.assets("transparency_report"),
    description="Months that are at an end are counted and published.",
)


@dg.schedule(
    job=send_record_heads,
    cron_schedule=f"*/{TICK_MINUTES} * * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="As often as the policy says, and again soon where a witness was not reached.",
)
def heads_to_witnesses(context: ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    configured = settings()
    if not witnesses_of(configured, policy()):
        return dg.SkipReason("no witness is named: set ALPR_WITNESSES, or record.witness_emails in the policy")
    minute = int(context.scheduled_execution_time.timestamp()) // 60
    late = any(alarm.name.startswith("witness ") for alarm in alarms.open_alarms(configured.path("data")))
    if late or minute % policy().record.head_minutes < TICK_MINUTES:
        return dg.RunRequest()
    return dg.SkipReason(f"heads go out every {policy().record.head_minutes} minutes")


members_reviewed = dg.ScheduleDefinition(
    name="members_reviewed",
    job=review_members,
    cron_schedule="15 8 * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Once a day.",
)
report_published = dg.ScheduleDefinition(
    name="report_published",
    job=publish_report,
    cron_schedule="45 8 * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Once a day: a month is published as soon as it is due, and the pages follow the policy.",
)
