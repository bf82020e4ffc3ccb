"""hotlist_matches: a day's sightings against the lists in force, raised as hits with their reasons.

One run may hold a range of days (a new list version re-matches the past): the lists are loaded and indexed once, and each day has
its own counts and its own check result. Counts only, over all sources: who reads them sees no hit.
"""

from datetime import date, timedelta

import dagster as dg
from dagster import AssetExecutionContext

from alpr_assets.defs.checks import day_check, judge_suite
from alpr_assets.defs.hotlists import hotlists
from alpr_assets.defs.plots import shares
from alpr_assets.defs.reads import plate_reads
from alpr_assets.defs.store import OWNERS, StoreResource, governed, now
from alpr_assets.lifecycle.hits import precision
from alpr_assets.lifecycle.hits.ageing import waiting
from alpr_assets.lifecycle.hits.ending import end_what_is_over
from alpr_assets.lifecycle.hits.matched import lists_in_force
from alpr_assets.lifecycle.hits.raising import DayOfHits, raise_hits
from alpr_assets.lifecycle.hotlists.ages import list_ages
from alpr_assets.lifecycle.hotlists.imports import mark_rematched, versions_in_force
from alpr_assets.lifecycle.lookalikes import fold
from alpr_assets.lifecycle.watches.history import match_waiting
from alpr_assets.lifecycle.watches.raising import raise_watch_hits
from alpr_assets.lifecycle.watches.soundness import soundness
from alpr_assets.partitions import capture_day, day_of
from alpr_assets.policy import policy
from alpr_assets.quality import suites
from alpr_assets.store.engine import Store, reading, writing

WEEKS = 12  # of verdicts in the plot of precision
FEWEST = 10  # verdicts: a share of fewer says nothing, and could tell of one hit


@dg.asset(
    partitions_def=capture_day,
    deps=[plate_reads, hotlists],
    group_name="hotlists",
    kinds={"pandas", "sqlalchemy"},
    owners=OWNERS,
    description=(
        "Hits of one UTC day: which sighting is on which list, how it matched and in which characters it differs "
        "(422.4(f)). A hit asks a person to look; it is not yet a fact."
    ),
)
def hotlist_matches(context: AssetExecutionContext, store: StoreResource) -> dg.MaterializeResult:
    keys = context.partition_keys
    days: dict[str, DayOfHits] = {}
    with store.open() as opened:
        governed(opened).require()
        match_waiting(opened, policy=policy(), now=now())  # what neither the console nor the worker came to
        with reading(opened.engine) as connection:
            versions = versions_in_force(connection)
        lists = lists_in_force(opened, policy())
        for key in keys:
            # Watches first: matching the lists closes the day, and a run that was killed between the two would leave them out.
            raise_watch_hits(opened, day_of(key), policy=policy(), now=now())
            days[key] = raise_hits(opened, day_of(key), lists, policy=policy(), now=now())
            context.log.info(f"{key}: {sum(days[key].n_raised.values())} hits raised from {days[key].n_reads} reads")
        with writing(opened.engine) as connection:
            over = end_what_is_over(connection, now(), policy=policy())
            if _covers_the_past({day_of(key) for key in keys}):
                mark_rematched(connection, versions)
        with reading(opened.engine) as connection:
            judged = precision.by_week(connection, now().date() + timedelta(days=1), n_weeks=WEEKS)
    for key, day in days.items():
        context.add_asset_metadata(_metadata(day), partition_key=key)
    return dg.MaterializeResult(
        metadata={
            "entries in force": lists.n_entries,
            "list versions": {name: str(import_id) for name, import_id in versions.items()},
            "hits ended with their entry in this run": over.n_withdrawn,
            "hits lapsed in this run": over.n_lapsed,
            **_precision(judged),
        }
    )


def _precision(weeks: list[tuple[date, list[precision.Precision]]]) -> dict[str, dg.MetadataValue]:
    """Precision by match kind over the weeks, as a plot; nothing where no week has enough verdicts of a kind."""
    series: dict[str, list[tuple[int, float, float, float]]] = {}
    for place, (_, kinds) in enumerate(weeks):
        for kind in kinds:
            if kind.n >= FEWEST:
                series.setdefault(kind.match_kind, []).append((place, kind.share, *kind.interval))
    labels = [f"{first:%m-%d}" for first, _ in weeks]
    title = "share of right matches by kind, from verdicts (95 %)"
    return {"precision by match kind": shares(series, labels, title=title)} if series else {}


def _covers_the_past(days: set[date]) -> bool:
    """Whether these are all the days that a new list version must be matched with."""
    today = now().date()
    return all(today - timedelta(days=back) in days for back in range(policy().hotlists.rematch_days + 1))


def _metadata(day: DayOfHits) -> dict[str, object]:
    # Totals only: a count by category can be one car. Of lists only: one of watches would tell of a covert one (422.4(e)).
    return {
        "dagster/row_count": sum(day.n_standing.values()),
        "reads matched": day.n_reads,
        "hits raised in this run": sum(day.n_raised.values()),
        "hits strengthened in this run": day.n_strengthened,
        "hits by match kind": dict(sorted(day.n_standing.items())),
        "hits unsure": day.n_unsure,
        "nothing of the day waits": day.complete,
    }


@day_check(
    asset=hotlist_matches,
    description="Every hit of the day has a read, a sighting and an accepted entry, and its reason fits its kind.",
)
def hits_are_sound(store: Store, day: date) -> dg.AssetCheckResult:
    return judge_suite(store, suites.suite_matches(policy()), lambda c: suites.matches_frame(c, day, fold=fold))


@day_check(
    asset=hotlist_matches,
    description=(
        "Every watch in force has a hit for each pass of the day that it looks for, and no hit that it does not; what stopped "
        "raises nothing and leaves nothing open (422.4(c), 422.4(f))."
    ),
    blocking=False,
)
def watch_hits_are_sound(store: Store, day: date) -> dg.AssetCheckResult:
    found = soundness(store, day, policy=policy(), now=now())
    # Which of them, and how many, would tell of covert watches: the console shows each to whom it is for.
    wrong = {
        "a pass has no hit of a watch that looks for it": found.n_missing,
        "a hit is none that its watch looks for": found.n_unfounded,
        "a hit was raised while its watch did not run": found.n_outlived,
        "a hit is open whose watch stopped": found.n_left_open,
    }
    said = [text for text, n in wrong.items() if n]
    return dg.AssetCheckResult(
        passed=found.holds, severity=dg.AssetCheckSeverity.WARN, description="; ".join(said) or None
    )


@dg.asset_check(
    asset=hotlist_matches,
    description="No hit that alerted people waits longer for a verdict than the policy allows (422.4(f)).",
)
def every_hit_is_verified_in_time(store: StoreResource) -> dg.AssetCheckResult:
    hours = policy().hits.unverified_hours
    with store.open() as opened, reading(opened.engine) as connection:
        found = waiting(connection, now(), hours=hours)
    return dg.AssetCheckResult(
        passed=not found.n_late,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{found.n_late} hits wait for longer than {hours:g} h" if found.n_late else None,
        metadata={"unverified": found.n, "unverified for too long": found.n_late, "hours allowed": hours},
    )


@dg.asset_check(
    asset=hotlists,
    description="Every list in force is younger than the policy says; on an older one nobody acts unconfirmed (422.4(f)).",
)
def every_list_is_fresh(store: StoreResource) -> dg.AssetCheckResult:
    with store.open() as opened, reading(opened.engine) as connection:
        ages = list_ages(connection, now(), policy=policy())
    stale = [one.name for one in ages if one.is_stale]
    return dg.AssetCheckResult(
        passed=not stale,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"stale: {', '.join(stale)}" if stale else None,
        metadata={
            "lists": len(ages),
            "lists stale": len(stale),
            **{f"hours since {one.name} was made": round(one.age.total_seconds() / 3600, 1) for one in ages},
        },
    )
