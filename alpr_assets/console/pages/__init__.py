"""The pages that people see, one module a subject; all rendered here, none needs JavaScript.

With it, pages of hits change in place and tell of new ones.
"""

from __future__ import annotations

from starlette.routing import BaseRoute

from alpr_assets.console.pages import (
    agencies,
    audit_entries,
    audits,
    base,
    batches,
    breaches,
    canvass,
    corrections,
    designees,
    destinations,
    due,
    evidence,
    exports,
    handing,
    hits,
    hits_banner,
    holds,
    home,
    incidents,
    lineage,
    members,
    misuse,
    policy,
    provider,
    purges,
    record,
    releases,
    releases_entering,
    searches,
    sessions,
    signing_in,
    streams,
    training,
    verdicts,
    watches,
    watches_placing,
)

_SUBJECTS = (
    base, signing_in, provider, home, policy, hits, hits_banner, streams, verdicts, watches, watches_placing, searches, lineage, canvass, handing, incidents, holds, evidence, purges, releases, releases_entering, agencies, corrections, exports, members, batches, due, training, designees, destinations, sessions, record, audits, audit_entries, misuse, breaches,
)  # fmt: skip


def routes() -> list[BaseRoute]:
    """Every page of ours, in no order that matters."""
    return [route for subject in _SUBJECTS for route in subject.ROUTES]
