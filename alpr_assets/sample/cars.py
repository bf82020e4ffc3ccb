"""Cars: kinds, measures and paint.

Here: what a car is. Not here: how it is drawn (`rears`, `flanks`), where it stands (`staging`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from alpr_assets.sample.painting import Colour
from alpr_assets.sample.states import rgb

PAINTS = ("e9eaea", "dfe1e0", "b6babd", "8d9296", "55595d", "2b2d30", "17181a", "7a1c20", "27406b", "1d2b46", "6d7f93", "44503f", "b79f7c", "a33b22")  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """Measures of one kind of car, metres. `deck` is how far the rear window's foot stands in from the tail, `rake`
    how much further its head; `plate_z` the plate's middle.
    """

    half: float
    belt: float
    roof: float
    roof_half: float
    deck: float
    rake: float
    length: float
    plate_z: float
    lamps: tuple[str, ...]


KINDS = {
    "sedan": Kind(half=0.91, belt=1.02, roof=1.45, roof_half=0.58, deck=0.42, rake=0.75, length=4.7, plate_z=0.80, lamps=("wedge", "bar", "block")),
    "hatch": Kind(half=0.88, belt=1.00, roof=1.50, roof_half=0.60, deck=0.06, rake=0.42, length=4.1, plate_z=0.76, lamps=("block", "hook", "wedge")),
    "suv": Kind(half=0.96, belt=1.12, roof=1.74, roof_half=0.70, deck=0.03, rake=0.26, length=4.7, plate_z=0.86, lamps=("tall", "hook", "bar")),
    "pickup": Kind(half=1.00, belt=1.14, roof=1.86, roof_half=0.70, deck=1.75, rake=0.10, length=5.6, plate_z=0.52, lamps=("post",)),
    "van": Kind(half=1.00, belt=1.28, roof=2.35, roof_half=0.92, deck=0.02, rake=0.06, length=5.6, plate_z=0.80, lamps=("post",)),
}  # fmt: skip
CLEARANCE = 0.24


@dataclass(frozen=True, slots=True)
class Car:
    """One vehicle's looks; `style` seeds its details, `lamps` is off, tail or brake."""

    kind: str
    paint: str
    style: int
    lamps: str = "off"

    @property
    def measures(self) -> Kind:
        return KINDS[self.kind]

    @property
    def colour(self) -> Colour:
        return rgb(self.paint)

    def with_lamps(self, lamps: str) -> Car:
        return replace(self, lamps=lamps)


def draw_car(rng: np.random.Generator, *, kinds: tuple[str, ...] = ("sedan", "hatch", "suv", "pickup", "van")) -> Car:
    shares = np.array([{"sedan": 5, "hatch": 3, "suv": 5, "pickup": 3, "van": 1}[kind] for kind in kinds], float)
    kind = str(rng.choice(kinds, p=shares / shares.sum()))
    paint = "e9eaea" if kind == "van" else str(rng.choice(PAINTS))
    return Car(kind, paint, int(rng.integers(1 << 30)))
