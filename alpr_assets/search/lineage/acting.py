"""What people did on the ground of a read: hits with every verdict, holds with every decision (422.4(e), 422.4(f), 422.5)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from sqlalchemy import and_, false, or_, select

from alpr_assets.access.record.entries import ResultId
from alpr_assets.lifecycle.hits.entitlement import named, visible
from alpr_assets.lifecycle.holds.covering import holds_covering
from alpr_assets.search.lineage.steps import Step, Traced, known
from alpr_assets.store import schema, verdicts
from alpr_assets.store.holds import hold, hold_decision


def hits(traced: Traced) -> Iterator[Step]:
    """The hits of the passes that the member may see, each followed by its moves. Hits of other sources are left out."""
    hit = schema.hit.c
    of_passes = [and_(hit.day == day, hit.sighting_id == number) for day, number in traced.passes]
    rows = traced.connection.execute(
        select(schema.hit).where(or_(false(), *of_passes), *visible(traced.grant)).order_by(hit.hit_id)
    ).all()
    for row in rows:
        of = f"watch {row.watch_id}" if row.watch_id is not None else f"entry {row.entry_id} of import {row.import_id}"
        yield Step(
            what=f"Hit {row.hit_id} raised from read {row.read_id}: {row.category.replace('_', ' ')}",
            at=row.raised_at,
            facts=traced.told(listed_plate=row.plate, listed_state=row.state)
            | known(
                hit=row.hit_id, list_of=row.source, of=of, match=row.match_kind, state_agrees=row.state_agrees,
                version=row.version_id, correction=row.correction_id, restricted=row.restricted or None,
                alerted=row.alerted, status=row.status, actionable_until=row.actionable_until,
            ),
            ids=(named(row.hit_id, row.read_day, restricted=row.restricted),),
        )  # fmt: skip
        yield from _moves(traced, row.hit_id)


def _moves(traced: Traced, hit_id: int) -> Iterator[Step]:
    move = verdicts.hit_move.c
    rows = traced.connection.execute(select(verdicts.hit_move).where(move.hit_id == hit_id).order_by(move.seq))
    for row in rows:
        yield Step(
            what=f"Hit {hit_id}: {row.kind.replace('_', ' ')}, now {row.to_status.replace('_', ' ')}",
            at=row.moved_at,
            by=traced.name(row.member_id) or "the system",
            facts=known(
                plate_agrees=row.plate_agrees, state_agrees=row.state_agrees, vehicle_agrees=row.vehicle_agrees,
                clets_result=row.clets_result, clets_at=row.clets_at, duplicate_of=row.duplicate_of,
            )
            | traced.told(
                clets_reference=row.clets_reference, clets_operator=row.clets_operator, reason=row.reason, note=row.note
            ),
        )  # fmt: skip


def holds(traced: Traced) -> Iterator[Step]:
    """The holds that cover the picture, lifted ones too, each followed by its decisions; and those that may have, and are forgotten."""
    assert traced.capture_id is not None
    for hold_id in holds_covering(traced.connection, traced.day, traced.capture_id):
        row = traced.connection.execute(select(hold).where(hold.c.hold_id == hold_id)).one()
        yield Step(
            what=f"Hold {hold_id} covers it: {row.status}", at=row.placed_at, by=traced.name(row.member_id),
            facts=known(
                hold=hold_id, ground=row.ground, case_number=row.case_number, named_one_by_one=row.n_items > 0,
                review_on=row.review_on,
            ) | traced.told(reason=row.reason),
            ids=(ResultId("hold", None, hold_id),),
        )  # fmt: skip
        decisions = select(hold_decision).where(hold_decision.c.hold_id == hold_id, hold_decision.c.seq > 1)
        for one in traced.connection.execute(decisions.order_by(hold_decision.c.seq)):
            yield Step(
                what=f"Hold {hold_id}: {one.kind.replace('_', ' ')}", at=one.decided_at, by=traced.name(one.member_id),
                facts=known(disposition=one.disposition, review_on=one.review_on) | traced.told(reason=one.reason),
            )  # fmt: skip
    yield from _forgotten(traced)


def _forgotten(traced: Traced) -> Iterator[Step]:
    """Settled holds of which a purge destroyed what they held. Which pictures that was is not known any more; not those from later on."""
    begin = datetime.combine(traced.day, datetime.min.time(), UTC)
    rows = traced.connection.execute(
        select(hold).where(hold.c.forgotten_at.is_not(None), hold.c.settled_at >= begin).order_by(hold.c.hold_id)
    )
    for row in rows:
        yield Step(
            what=f"Hold {row.hold_id} may have covered it: what it held was destroyed by purge {row.forgotten_by}",
            at=row.placed_at, by=traced.name(row.member_id),
            facts=known(hold=row.hold_id, ground=row.ground, case_number=row.case_number, forgotten_at=row.forgotten_at),
            ids=(ResultId("hold", None, row.hold_id),),
        )  # fmt: skip
