"""How often a sensor may ask for the same work: `run_key` alone would block a failed run for ever, or repeat it for ever."""

import dagster as dg
from dagster import SensorEvaluationContext

from alpr_assets.policy import policy

UNDER_WAY = frozenset(
    {
        dg.DagsterRunStatus.QUEUED,
        dg.DagsterRunStatus.NOT_STARTED,
        dg.DagsterRunStatus.STARTING,
        dg.DagsterRunStatus.STARTED,
        dg.DagsterRunStatus.CANCELING,
    }
)


def next_attempt(context: SensorEvaluationContext, tags: dict[str, str]) -> int | None:
    """The number of runs with these tags so far: the next one's attempt, counted from 0.

    None while one is under way, and when the policy's attempts are used up: then a person must look.
    """
    runs = context.instance.get_runs(dg.RunsFilter(tags=tags), limit=policy().pipeline.attempts + 1)
    if any(run.status in UNDER_WAY for run in runs):
        return None
    if len(runs) >= policy().pipeline.attempts:
        context.log.error(f"{len(runs)} runs with {tags} did not finish the work: look at them, then launch it by hand")
        return None
    return len(runs)
