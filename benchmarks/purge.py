"""Retention at size: what judging all days costs, and destroying one, beside the plain DELETE that forgets holds and dictionary.

    python -m benchmarks.purge --database sqlite:///…/city.sqlite [--days 3] [--out bench-out/purge.json]

The database holds a simulated city (`python -m benchmarks.search` builds one) and nothing else: days of it ARE DESTROYED, the oldest first.
Timed are: judging every day on the date on which the oldest is due; the exact plan of one day; destroying it with its verification
by key (the pictures of a simulated city do not exist); then a plain DELETE of the same tables for the day after it. A tenth of a per cent of
the day is held. Writes JSON and prints a table.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine, delete, insert, select

from alpr_assets.access.secret_key import SecretKey
from alpr_assets.lifecycle.purge.destroying import destroy_day
from alpr_assets.lifecycle.purge.drafting import manifests
from alpr_assets.lifecycle.purge.manifests import Manifest, digest_of
from alpr_assets.lifecycle.retention.judging import judge_days
from alpr_assets.lifecycle.retention.rules import years_after
from alpr_assets.policy import Policy, load
from alpr_assets.settings import ROOT
from alpr_assets.store import schema
from alpr_assets.store.engine import migrate, open_engine, reading, writing
from alpr_assets.store.holds import hold, hold_item
from alpr_assets.store.purges import purge_day, purge_decision, purge_plan

LIMITS = {"judge all days": 1.0, "destroy a day": 3.0}
HELD = 1_000  # one in so many


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", required=True)
    parser.add_argument("--days", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path("bench-out") / "purge.json")
    options = parser.parse_args()
    policy, engine = load(ROOT / "policy" / "422.yaml"), open_engine(options.database)
    migrate(engine)
    before = os.getloadavg()[0]
    with TemporaryDirectory() as folder:
        told = measured(engine, policy, SecretKey(Path(folder) / "key"), options.days)
    told["machine"] = {
        "cpus": os.cpu_count(),
        "python": platform.python_version(),
        "load before": before,
        "load after": os.getloadavg()[0],
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(told, indent=1) + "\n")
    show(told)


def measured(engine: Engine, policy: Policy, key: SecretKey, n_days: int) -> dict[str, Any]:
    """Median seconds of each step."""
    table = schema.capture_day.c
    with reading(engine) as connection:
        days = connection.scalars(
            select(table.day).where(table.n_captures > 1_000, table.n_destroyed == 0).order_by(table.day)
        ).all()
    on = years_after(days[2 * n_days], 1) + timedelta(days=5)  # the first days are due
    took: dict[str, list[float]] = {
        name: [] for name in ("judge all days", "plan a day", "destroy a day", "plain DELETE")
    }
    for _ in range(3):
        began = perf_counter()
        with reading(engine) as connection:
            judged = judge_days(connection, policy=policy, on=on)
        took["judge all days"].append(perf_counter() - began)
    n_captures = 0
    for day, after in zip(days[: 2 * n_days : 2], days[1 : 2 * n_days : 2], strict=True):
        began = perf_counter()
        (of,) = manifests(engine, [day], policy=policy, on=on, key=key)
        took["plan a day"].append(perf_counter() - began)
        plan_id, planned = begun(engine, of, key), of.captures(key)
        keep(engine, day, sorted(planned)[::HELD])
        began = perf_counter()
        with writing(engine) as connection:
            done = destroy_day(connection, plan_id, of, planned, policy=policy, on=on, at=datetime.now(UTC))
        left = looked_for(engine, day, planned)
        took["destroy a day"].append(perf_counter() - began)
        assert left == done.n_kept, (left, done)
        n_captures = max(n_captures, done.n_destroyed)
        began = perf_counter()
        with writing(engine) as connection:
            for one in (schema.sighting_read, schema.sighting, schema.read, schema.recognition, schema.capture):
                connection.execute(delete(one).where(one.c.day == after))
        took["plain DELETE"].append(perf_counter() - began)
        with writing(engine) as connection:  # so that the day's own row says it
            gone = {"n_destroyed": schema.capture_day.c.n_captures}
            connection.execute(schema.capture_day.update().where(table.day == after).values(gone))
    return {
        "days": len(judged), "captures": int(judged["n_captures"].sum()), "captures of a day, at most": n_captures,
        "database": engine.dialect.name, "median s": {name: statistics.median(values) for name, values in took.items()},
        "all s": took, "limits s": LIMITS,
    }  # fmt: skip


def begun(engine: Engine, of: Manifest, key: SecretKey) -> int:
    """A plan of one day as it is once two people approved and one began it; people are not measured."""
    at = datetime.now(UTC)
    with writing(engine) as connection:
        row = {
            "made_at": at, "member_id": 1, "judged_on": at.date(), "stale_at": at + timedelta(days=1), "digest": digest_of([of], [], key),
            "n_captures": of.n, "resolution": "benchmark", "consent": "benchmark", "resolution_on": at.date(), "consent_on": at.date(), "status": "planned", "n_decisions": 0,
        }  # fmt: skip
        plan_id: int = connection.execute(insert(purge_plan).returning(purge_plan.c.plan_id), row).scalar_one()
        connection.execute(
            insert(purge_day),
            {"plan_id": plan_id, "day": of.day, "n_planned": of.n, "manifest": of.content, "digest": of.digest},
        )
        for seq, capacity in enumerate(("commander", "custodian"), start=1):
            decided = {
                "plan_id": plan_id, "seq": seq, "kind": "approved", "capacity": capacity, "decided_at": at, "member_id": seq,
                "reason": "benchmark",
            }  # fmt: skip
            connection.execute(insert(purge_decision), decided)
        for status in ("approved", "executing"):
            connection.execute(purge_plan.update().where(purge_plan.c.plan_id == plan_id).values(status=status))
    return plan_id


def keep(engine: Engine, day: date, captures: list[int]) -> None:
    """Hold some captures of a day."""
    row = {
        "ground": "criminal_evidence", "purpose": "benchmark", "case_number": "benchmark", "reason": "benchmark", "member_id": 1,
        "placed_at": datetime.now(UTC), "n_items": len(captures), "status": "standing", "review_on": date(2100, 1, 1), "n_decisions": 0,
    }  # fmt: skip
    with writing(engine) as connection:
        number = connection.execute(insert(hold).returning(hold.c.hold_id), row).scalar_one()
        connection.execute(insert(hold_item), [{"hold_id": number, "day": day, "capture_id": one} for one in captures])


def looked_for(engine: Engine, day: date, planned: set[int]) -> int:
    """Captures of a plan that are left, looked up by their keys."""
    with reading(engine) as connection:
        left = connection.scalars(select(schema.capture.c.capture_id).where(schema.capture.c.day == day))
        return len(planned & set(left))


def show(told: dict[str, Any]) -> None:
    title = f"{told['captures']:,} captures of {told['days']} days, {told['database']}; medians"
    table = Table("what", "seconds", "limit", title=title)
    for name, seconds in told["median s"].items():
        limit = LIMITS.get(name)
        table.add_row(
            name, f"{seconds:.2f}", "" if limit is None else f"{limit:g} {'kept' if seconds <= limit else 'MISSED'}"
        )
    Console().print(table)


if __name__ == "__main__":
    main()
