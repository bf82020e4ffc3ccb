"""misuse_signals and audit_report: each Monday who is to be looked at, and the report of each audit once it is signed off.

Counts and numbers only: who is on the list, and why, is read in the console by who audits; Dagster's metadata is seen by whoever may see the
pipeline. An audit itself is people's work, in the console.
"""

from datetime import date

import dagster as dg

from alpr_assets.access.acting import open_office
from alpr_assets.access.audits import listing, report, reviewing
from alpr_assets.access.record.serving import recorder
from alpr_assets.defs.plots import ages, table
from alpr_assets.defs.store import OWNERS, StoreResource, now
from alpr_assets.lifecycle.plate_digests import source_of
from alpr_assets.policy import policy
from alpr_assets.settings import settings
from alpr_assets.store.engine import reading

DECIDED = "every_signal_is_decided_in_time"
AUDITED = "an_audit_is_signed_in_time"
CLOSED = "every_finding_is_closed_in_time"


class Week(dg.Config):
    """Which week's list is made. monday : its first day; empty: the newest week that is over."""

    monday: str = ""


@dg.asset(
    group_name="accountability",
    kinds={"sqlalchemy", "pandas"},
    owners=OWNERS,
    description=(
        "The weekly list of members whose searches gave signals of misuse, each with its reason and entries, for the auditor to decide in the "
        "console (422.6(c), State Auditor 2019-118)."
    ),
    check_specs=[
        dg.AssetCheckSpec(DECIDED, asset="misuse_signals", description="No signal waits longer than the policy says.")
    ],
)
def misuse_signals(config: Week, store: StoreResource) -> dg.MaterializeResult:
    at = now()
    on = at.astimezone(policy().zone).date()
    week_on = date.fromisoformat(config.monday) if config.monday else reviewing.week_before(on)
    if week_on.weekday() or week_on > reviewing.week_before(on):
        raise dg.Failure(description=f"{week_on} is not the Monday of a week that is over", allow_retries=False)
    with store.open() as opened:
        made = reviewing.make(opened.engine, source_of(settings(), policy()), week_on, policy=policy(), at=at)
        with reading(opened.engine) as connection:
            late = reviewing.late(connection, at=at, policy=policy())
    reads = policy().retention["reads"]
    return dg.MaterializeResult(
        metadata={
            "week from": week_on.isoformat(),
            "looks gone through": made.n_looks,
            "of them, whose query can no longer be opened": made.n_unopened,
            "members listed": made.n_listed,
            "members behind the end of the list": made.n_beyond,
            "signals": table(made.signals, of="signal"),
            "age of what was looked at": ages(
                made.ages,
                minimum=12 * reads.minimum_years,
                maximum=12 * reads.maximum_years,
                title="Reads looked at, by their age, and the retention period",
            ),
        },
        check_results=[
            dg.AssetCheckResult(
                check_name=DECIDED,
                passed=not late,
                severity=dg.AssetCheckSeverity.WARN,
                metadata={"numbers on lists that wait": late},
            )
        ],
    )


@dg.asset(
    group_name="accountability",
    kinds={"sqlalchemy"},
    owners=OWNERS,
    description=(
        "Reports of audits that were signed off, as HTML and PDF: the same bytes from the same audit, their hashes here and in the access "
        "record (422.6(c))."
    ),
    check_specs=[
        dg.AssetCheckSpec(
            AUDITED, asset="audit_report", description="An audit was signed off as lately as the policy wants."
        ),
        dg.AssetCheckSpec(CLOSED, asset="audit_report", description="No finding is open after its date."),
    ],
)
def audit_report(store: StoreResource) -> dg.MaterializeResult:
    at = now()
    configured = settings()
    with store.open() as opened, recorder(configured) as kept:
        office = open_office(opened.engine, kept, policy(), configured)
        with reading(opened.engine) as connection:
            numbers = report.due(connection)
        made = [report.issue(office, audit_id, at=at) for audit_id in numbers]
        with reading(opened.engine) as connection:
            is_due = listing.is_due(connection, at=at, policy=policy())
            late = listing.overdue(connection, at.astimezone(policy().zone).date())
    return dg.MaterializeResult(
        metadata={
            "issued in this run": len(made),
            **{f"audit {one.audit_id}, PDF, SHA-256": one.pdf_sha256 for one in made},
            **{f"audit {one.audit_id}, HTML, SHA-256": one.html_sha256 for one in made},
        },
        check_results=[
            dg.AssetCheckResult(
                check_name=AUDITED,
                passed=not is_due,
                severity=dg.AssetCheckSeverity.WARN,
                metadata={"days within which one is wanted": policy().audits.frequency_days},
            ),
            dg.AssetCheckResult(
                check_name=CLOSED,
                passed=not late,
                severity=dg.AssetCheckSeverity.WARN,
                metadata={"findings overdue": late},
            ),
        ],
    )


review_signals = dg.define_asset_job(
    "review_signals",
    selection=dg.AssetSelection.assets("misuse_signals"),
    description="The newest week's list of signals.",
)
report_audits = dg.define_asset_job(
    "report_audits",
    selection=dg.AssetSelection.assets("audit_report"),
    description="The report of each audit that was signed off.",
)
signals_reviewed = dg.ScheduleDefinition(
    name="signals_reviewed",
    job=review_signals,
    cron_schedule="0 13 * * 1",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Each Monday, when the week before is over in every zone of the country.",
)
audits_reported = dg.ScheduleDefinition(
    name="audits_reported",
    job=report_audits,
    cron_schedule="50 * * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Once an hour: a report follows its signature.",
)
