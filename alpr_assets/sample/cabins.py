"""The upper rear of a car as a flat sheet that leans forward: roof edge, rear window, third brake lamp.

Here: what stands above the belt line. Sheet: x from the car's middle to the right, z from the road; metres.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alpr_assets.sample.bodies import Sheet
from alpr_assets.sample.cars import Car
from alpr_assets.sample.painting import Points, mirrored, mix, rounded
from alpr_assets.sample.states import rgb

_GLASS = rgb("1b2023")


def upper_rear(car: Car, px_per_m: float) -> Sheet:
    """Rear window and roof edge; the sheet leans forward on the car."""
    kind, rng = car.measures, np.random.default_rng(car.style + 1)
    belt, roof = kind.belt - 0.02, kind.roof
    half, top = kind.half * (0.90 if car.kind not in ("van", "pickup") else 0.96), kind.roof_half
    sheet = Sheet(-1.12, belt, 1.12, roof + 0.06, px_per_m)
    cabin = mirrored([(0.0, belt), (half, belt), (half * 0.99, belt + 0.05), (top + 0.035, roof - 0.10), (top - 0.03, roof - 0.01), (top * 0.6, roof + 0.025), (0.0, roof + 0.035)])  # fmt: skip
    sheet.panel(rounded(cabin, 0.12), car.colour, edge_m=0.08, tilt=0.25, bulge=0.2, gloss=0.6)
    if car.kind == "van":
        for side in (-1, 1):
            door = [(side * 0.09, 1.42), (side * 0.76, 1.42), (side * 0.73, 2.02), (side * 0.09, 2.02)]
            _glass(sheet, rounded(door, 0.09), rng)
        sheet.seam([(0.0, belt), (0.0, roof - 0.06)], 0.014)
    else:
        low, high = belt + (0.05 if car.kind != "sedan" else 0.03), roof - 0.085
        slope = (half - top) / (roof - belt)
        inset = 0.10 if car.kind != "suv" else 0.13
        pane = mirrored(
            [(0.0, low), (half - inset - 0.02, low), (half - inset - (high - low) * slope, high), (0.0, high + 0.015)]
        )
        _glass(sheet, rounded(pane, 0.09), rng)
        brake = [(-0.13, high - 0.035), (0.13, high - 0.035), (0.13, high - 0.01), (-0.13, high - 0.01)]
        sheet.fill(brake, (24, 16, 110))
        if car.lamps == "brake":
            sheet.glow += (sheet.mask(brake).astype(np.float32) / 255)[..., None] * np.array((50, 40, 255), np.float32)
        if car.kind in ("suv", "hatch"):
            sheet.stroke([(0.0, low + 0.02), (0.36, low + 0.05)], 0.014, (12, 12, 12))
            visor = mirrored(
                [(0.0, roof - 0.06), (top - 0.05, roof - 0.07), (top - 0.04, roof + 0.0), (0.0, roof + 0.03)]
            )
            sheet.panel(rounded(visor), mix(car.colour, (0, 0, 0), 0.08), edge_m=0.03, tilt=0.4, gloss=0.5)
    return sheet


def _glass(sheet: Sheet, pane: Points | NDArray[np.float64], rng: np.random.Generator) -> None:
    """A dark pane with head-rests behind it and the sky on its upper part."""
    outline = np.asarray(pane, float)
    low, high = outline[:, 1].min(), outline[:, 1].max()
    mask = sheet.panel(outline, _GLASS, edge_m=0.02, tilt=0.02, bulge=0.25, gloss=0.5)
    if outline[:, 0].min() < 0 < outline[:, 0].max():
        for x in (-0.38, 0.0, 0.38):
            seat = rounded([(x - 0.13, low), (x + 0.13, low), (x + 0.10, low + 0.15), (x - 0.10, low + 0.15)])
            sheet.lay(np.minimum(sheet.mask(seat), mask), (10, 11, 12), 0.75)
    bright = np.linspace(0.42, 0.03, sheet.paint.shape[0], dtype=np.float32)[:, None] * mask
    sheet.lay(bright.astype(np.float32), (214, 205, 190))
    x = float(rng.uniform(-0.4, 0.3))
    streak = sheet.mask([(x, low), (x + 0.22, low), (x + 0.42, high), (x + 0.2, high)])
    sheet.lay(np.minimum(streak, mask), (235, 228, 220), 0.10)
    sheet.stroke(np.vstack([outline, outline[:1]]), 0.012, (14, 14, 14), 0.9)
