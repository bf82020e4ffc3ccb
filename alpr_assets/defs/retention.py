"""retention_eligible, held_evidence, purge, purge_completions: what the law lets go, what evidence keeps, what two people approved.

Counts only. A purge is executed here once it has begun in the console; it is never tried again by itself.
"""

from collections import Counter
from datetime import date
from pathlib import Path

import dagster as dg
import pandas as pd
from dagster import AssetExecutionContext
from sqlalchemy import Connection

from alpr_assets.access import handovers
from alpr_assets.access.acting import open_office
from alpr_assets.access.record.alarms import end_alarm, raise_alarm
from alpr_assets.access.record.expiring import expired_months
from alpr_assets.access.record.places import place_of
from alpr_assets.access.record.serving import recorder
from alpr_assets.defs.captures import raw_captures
from alpr_assets.defs.checks import judge_suite
from alpr_assets.defs.plots import calendar, table
from alpr_assets.defs.store import OWNERS, StoreResource, explained, governed, now
from alpr_assets.lifecycle.captures.arrivals import SIMULATED
from alpr_assets.lifecycle.evidence import booking
from alpr_assets.lifecycle.holds.joining import join
from alpr_assets.lifecycle.holds.listing import overdue, standing
from alpr_assets.lifecycle.holds.selectors import TITLES, Ground
from alpr_assets.lifecycle.holds.settling import n_waiting
from alpr_assets.lifecycle.purge import due
from alpr_assets.lifecycle.purge.certificates import certificate
from alpr_assets.lifecycle.purge.clocks import look
from alpr_assets.lifecycle.purge.completing import complete, waiting
from alpr_assets.lifecycle.purge.drafting import asked, draft
from alpr_assets.lifecycle.purge.executing import execute, n_left
from alpr_assets.lifecycle.purge.planning import begun, key_of
from alpr_assets.lifecycle.retention.judging import judge_days
from alpr_assets.policy import policy
from alpr_assets.quality import bridge, suites
from alpr_assets.settings import settings
from alpr_assets.store.engine import open_store, reading, writing

VERIFIED = "nothing_is_left"
OVERDUE = "holds_overdue"
SOON: int = 14
"""Days that the next dates are told of."""


@dg.asset(
    group_name="retention",
    kinds={"sqlalchemy"},
    owners=OWNERS,
    deps=[raw_captures],
    description=(
        "Which capture days are past the law's minimum, judged anew each day by the department's dates: at least one calendar year from "
        "the later of capture and landing, but for what is held (422.5)."
    ),
)
def retention_eligible(store: StoreResource) -> dg.MaterializeResult:
    on = _today()
    with store.open() as opened:
        with reading(opened.engine) as connection:
            days = judge_days(connection, policy=policy(), on=on)
        with writing(opened.engine) as connection:
            n_forgotten = handovers.forget(connection, at=now())
    sums = {name: int(days[name].sum()) for name in ("n_captures", "n_young", "n_held", "n_eligible", "n_conflict")}
    return dg.MaterializeResult(
        metadata={
            "judged on": on.isoformat(),
            "captures": sums["n_captures"],
            "kept: too young": sums["n_young"],
            "kept: held as evidence": sums["n_held"],
            "may be destroyed": sums["n_eligible"],
            "in conflict: people decide": sums["n_conflict"],
            "days overdue": int(days["is_overdue"].sum()),
            "coming due": table(_coming(days, on), of=f"date, within {SOON} days"),
            "questions handed over and forgotten": n_forgotten,
            "why what is kept is kept": table(_reasons(days), of="reason, in days"),
            **(
                {"calendar": calendar(_shares(days), title="Share of each day that may be destroyed")}
                if len(days)
                else {}
            ),
        }
    )


@dg.asset_check(
    asset=retention_eligible, blocking=True, description="Nothing is due too soon, and every capture is counted once."
)
def retention_is_sound(store: StoreResource) -> dg.AssetCheckResult:
    on = _today()
    with store.open() as opened:
        return judge_suite(opened, suites.suite_retention(policy()), lambda connection: _frame(connection, on))


@dg.asset_check(
    asset=retention_eligible,
    description="Nothing that is kept in lots is past its class's maximum, nor what was searched for past its years.",
)
def nothing_is_past_its_maximum(store: StoreResource) -> dg.AssetCheckResult:
    """Told, never done: a purge takes its approvals, and `alpr record expire` a person."""
    configured, figures = settings(), policy()
    with store.open() as opened, reading(opened.engine) as connection:
        late = due.overdue(connection, figures, _today())
    months = expired_months(configured.path("keys"), now(), figures.record.elements_years)
    return dg.AssetCheckResult(
        passed=not late and not months,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            **{f"{title} past their maximum": late.get(kind, 0) for kind, title in due.TITLES.items()},
            "months of questions past their years": len(months),
        },
    )


def _frame(connection: Connection, on: date) -> tuple[pd.DataFrame, int]:
    return suites.retention_frame(connection, judge_days(connection, policy=policy(), on=on), policy=policy(), on=on)


@dg.asset(
    group_name="retention",
    kinds={"sqlalchemy"},
    owners=OWNERS,
    deps=[raw_captures],
    description="Holds that stand, by their ground, those that somebody should have looked at again, and what waits to be booked (422.5).",
)
def held_evidence(store: StoreResource) -> dg.MaterializeResult:
    configured, on = settings(), _today()
    with store.open() as opened:
        n_joined = join(opened.engine, place_of(configured), at=now())
        with reading(opened.engine) as connection:
            rows, n_unbooked = standing(connection), n_waiting(connection)
            n_unbooked_packages, n_changed = booking.n_unbooked(connection), booking.n_broken(connection)
            escalated = overdue(connection, on, days=policy().holds.escalate_days)
    _tell(configured.path("data"), escalated)
    by_ground = Counter(TITLES[Ground(row.ground)] for row in rows)
    late = [row.hold_id for row in rows if row.review_on < on]
    return dg.MaterializeResult(
        metadata={
            "holds": len(rows),
            "by ground": table(dict(by_ground), of="ground"),
            "captures named": sum(row.n_items for row in rows),
            "captures that joined held cases": n_joined,
            "reviews overdue": len(late),
            "holds overdue": late,
            "holds told higher up": escalated,
            "lifted, neither booked nor waived": n_unbooked,
            "packages not booked": n_unbooked_packages,
            "media that are not what left": n_changed,
        }
    )


def _tell(data: Path, escalated: list[int]) -> None:
    """Holds that nobody looks at for long are an alarm, until somebody does."""
    if not escalated:
        return end_alarm(data, OVERDUE)
    numbers = ", ".join(map(str, escalated))
    return raise_alarm(
        data, OVERDUE, f"holds whose review is long overdue, for the commander and the custodian: {numbers}"
    )


@dg.asset_check(
    asset=held_evidence, blocking=True, description="What is held is there, and its pictures are what landed."
)
def held_evidence_is_there(store: StoreResource) -> dg.AssetCheckResult:
    with store.open() as opened:
        frame, expected = suites.held_frame(opened, without_picture=SIMULATED)
    return bridge.to_check_result(bridge.evaluate(suites.suite_held(policy()), frame, expected))


@dg.asset_check(asset=held_evidence, description="Every hold is looked at again by its date.")
def every_hold_is_reviewed_in_time(store: StoreResource) -> dg.AssetCheckResult:
    on = _today()
    with store.open() as opened, reading(opened.engine) as connection:
        late = overdue(connection, on)
        escalated = overdue(connection, on, days=policy().holds.escalate_days)
    return dg.AssetCheckResult(
        passed=not late,
        severity=dg.AssetCheckSeverity.ERROR if escalated else dg.AssetCheckSeverity.WARN,
        metadata={"holds overdue": late, "reviews overdue": len(late), "holds told higher up": escalated},
    )


@dg.asset(
    group_name="retention",
    kinds={"sqlalchemy"},
    owners=OWNERS,
    deps=[retention_eligible, held_evidence],
    check_specs=[
        dg.AssetCheckSpec(
            VERIFIED, asset="purge", blocking=True, description="Of every day nothing is left but what was kept."
        )
    ],
    description=(
        "Purges that the commander and the custodian approved and somebody began: destroyed day by day, holds looked for again in each "
        "transaction, verified, certified (422.5, Gov. Code 34090.6)."
    ),
)
def purge(context: AssetExecutionContext, store: StoreResource) -> dg.MaterializeResult:
    configured = settings()
    key = key_of(configured)
    with store.open() as opened, recorder(configured) as kept:
        governed(opened).require()  # what is destroyed is destroyed by figures that are in force
        office = open_office(opened.engine, kept, policy(), configured)
        with reading(opened.engine) as connection:
            plans = begun(connection)
        join(
            opened.engine, place_of(configured), at=now()
        )  # what a search under a held case returned yesterday is held, too
        done = []
        for plan_id in plans:
            context.log.info(f"purge {plan_id}: begins, or goes on where it was stopped")
            told = execute(
                opened, plan_id, policy=policy(), key=key, office=office, clock=now,
                seen=lambda: look(opened.engine, configured, policy()),
                progress=lambda n, of, plan_id=plan_id: context.log.info(f"purge {plan_id}: {n} of {of} days"),  # type: ignore[misc]
            )  # fmt: skip
            done.append(told)
        issued = [certificate(opened.engine, one.plan_id).sha256 for one in done]
        with reading(opened.engine) as connection:
            left = {one.plan_id: n_left(connection, one.plan_id, key) for one in done}
    return dg.MaterializeResult(
        metadata={
            "purges": [one.plan_id for one in done],
            "captures destroyed": sum(one.n_destroyed for one in done),
            "kept after all": sum(one.n_kept for one in done),
            "days": sum(len(one.days) for one in done),
            "other items destroyed": sum(lot.n_destroyed for one in done for lot in one.lots),
            "certificates": issued,
        },
        check_results=[
            dg.AssetCheckResult(
                check_name=VERIFIED,
                passed=not any(left.values()),
                metadata={
                    "purges": len(done),
                    "captures left": sum(left.values()),
                    "purges in question": [of for of in left if left[of]],
                },
            )
        ],
    )


@dg.op(description="Draft the plans that were asked for: all that is due and not held; killed, it is drafted anew.")
def draft_plans(context: dg.OpExecutionContext, store: StoreResource) -> None:
    configured = settings()
    key = key_of(configured)
    with store.open() as opened, recorder(configured) as kept:
        office = open_office(opened.engine, kept, policy(), configured)
        with reading(opened.engine) as connection:
            requests = asked(connection)
        for request_id in requests:
            planned = draft(
                opened, request_id, policy=policy(), key=key, office=office, clock=now,
                progress=lambda n, of: context.log.info(f"{n} of {of} days") if n % 30 == 0 else None,
            )  # fmt: skip
            context.log.info(f"ask {request_id}: {f'purge {planned.plan_id}' if planned else 'no plan'}")


@dg.job(description="Purges that were asked for are planned: the exact captures and items that are due and not held.")
def draft_purge() -> None:
    draft_plans()


@dg.sensor(
    job=draft_purge,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="A plan that the custodian asked for is drafted, once; every other tick says why not.",
)
def purges_asked() -> dg.RunRequest | dg.SkipReason:
    with explained():
        opened = open_store()
    try:
        with reading(opened.engine) as connection:
            requests = asked(connection)
    finally:
        opened.engine.dispose()
    if not requests:
        return dg.SkipReason("no purge was asked for")
    # By the newest: its run drafts those before, too, should theirs have failed.
    return dg.RunRequest(run_key=f"purge-ask-{requests[-1]}")


execute_purge = dg.define_asset_job(
    "execute_purge",
    selection=dg.AssetSelection.assets("purge"),
    description="Destroys what approved purges name. One that failed is executed again by a person: it goes on where it was stopped.",
)


@dg.sensor(
    job=execute_purge,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="A purge that has begun is executed, once; every other tick says why not.",
)
def purges_begun() -> dg.RunRequest | dg.SkipReason:
    with explained():
        opened = open_store()
    try:
        why_not = governed(opened).why_not
        with reading(opened.engine) as connection:
            plans = begun(connection)
    finally:
        opened.engine.dispose()
    if not plans:
        return dg.SkipReason(
            "no purge has begun: it takes a plan, the commander's and the custodian's approval, and somebody who begins it"
        )
    if why_not:
        return dg.SkipReason(f"a purge waits: no policy is in force: {why_not}")
    return dg.RunRequest(run_key=f"purge-{plans[0]}")


@dg.asset(
    group_name="retention",
    kinds={"postgresql"},
    owners=OWNERS,
    deps=[purge],
    description=(
        "Certificates that say `removed` become `destroyed`: the tables that a purge deleted from are written anew, so that no byte of it is "
        "left in the server's files (422.5, NIST SP 800-88r2). With SQLite there is nothing to do."
    ),
)
def purge_completions(store: StoreResource) -> dg.MaterializeResult:
    configured = settings()
    with store.open() as opened, recorder(configured) as kept:
        done = complete(opened, office=open_office(opened.engine, kept, policy(), configured), clock=now)
    return dg.MaterializeResult(
        metadata={"purges": [one.plan_id for one in done], "completions": [one.sha256 for one in done]}
    )


rewrite_purged = dg.define_asset_job(
    "rewrite_purged",
    selection=dg.AssetSelection.assets("purge_completions"),
    description="Writes anew what purged rows were removed from. Each table is locked meanwhile.",
)


@dg.schedule(
    job=rewrite_purged,
    cron_schedule="30 11 * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="At 11:30 UTC, before dawn in California, where a purge waits for it.",
)
def purged_rewritten() -> dg.RunRequest | dg.SkipReason:
    with explained():
        opened = open_store()
    try:
        with reading(opened.engine) as connection:
            plans = waiting(connection)
    finally:
        opened.engine.dispose()
    return dg.RunRequest() if plans else dg.SkipReason("no purge waits to be rewritten")


judge_retention = dg.define_asset_job(
    "judge_retention",
    selection=dg.AssetSelection.assets("retention_eligible", "held_evidence"),
    description="What may be destroyed today, and what is held.",
)
retention_judged = dg.ScheduleDefinition(
    name="retention_judged",
    job=judge_retention,
    cron_schedule="30 6 * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Once a day: a day comes due by the department's date.",
)


def _today() -> date:
    """The department's date."""
    return now().astimezone(policy().zone).date()


def _coming(days: pd.DataFrame, on: date) -> dict[str, int]:
    """Captures by the date on which their day comes due whole."""
    coming: Counter[str] = Counter()
    for due_on, n in zip(days["eligible_on"], days["n_young"], strict=True):
        if due_on is not None and n and 0 <= (due_on - on).days <= SOON:
            coming[due_on.isoformat()] += int(n)
    return dict(coming)


def _reasons(days: pd.DataFrame) -> dict[str, int]:
    """Days by the authority for which some of them is kept; dates are left out, so that they add up."""
    kept: Counter[str] = Counter()
    for reasons in days["reasons"]:
        kept.update(
            {
                reason.partition(", through")[0] if ", through" in reason else reason.partition(" by ")[0]
                for reason in reasons
            }
        )
    return dict(kept)


def _shares(days: pd.DataFrame) -> dict[date, float]:
    return {
        day: n_eligible / n_captures
        for day, n_eligible, n_captures in zip(days["day"], days["n_eligible"], days["n_captures"], strict=True)
    }
