"""A street with residents, a commuter and strangers, around one evening."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest

from alpr_assets.access.roles import Action
from alpr_assets.lifecycle.watches.areas import Circle
from alpr_assets.search.canvass.incidents import Incident
from alpr_assets.search.canvass.vehicles import canvass
from alpr_assets.search.reads import Window
from tests.people import ask, member
from tests.search.traffic import AT, Pass, place

HALF = timedelta(minutes=30)


def incident(name="A", *, at=AT, east_m=0.0, north_m=0.0, radius_m=500.0, **more):
    """A circle at a place, half an hour either side."""
    more.setdefault("areas", (Circle(*place(east_m, north_m), radius_m),))
    if "windows" not in more:
        more["windows"] = (Window(at - HALF, at + HALF),)
    return Incident(name=name, at=at, **more)


def weekly(plate, weeks, *, at=AT, **more):
    """A pass at the same hour of the week, so many weeks before and after, the week itself left out."""
    return [Pass(plate, at + timedelta(weeks=w), **more) for w in weeks if w]


@pytest.fixture
def run(through, store, policy):
    def searched(*incidents, action=Action.CANVASS, who=None, **more):
        search = partial(canvass, engine=store.engine, incidents=incidents, policy=policy, **more)
        return through(who or member(), ask(action, elements={}), search).rows

    return searched
