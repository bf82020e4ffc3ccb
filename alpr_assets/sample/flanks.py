"""The sides and tops of a car as flat sheets: what a camera sees beside and above the rear.

Sheets: y from the tail forwards, z from the road; metres.
"""

from __future__ import annotations

import numpy as np

from alpr_assets.sample.bodies import Sheet
from alpr_assets.sample.cars import CLEARANCE, Car
from alpr_assets.sample.painting import Colour, mix, rounded
from alpr_assets.sample.states import rgb

_WHEEL = 0.33  # radius


def lower_flank(car: Car, px_per_m: float) -> Sheet:
    """Body side below the windows, with wheels, door seams and handles."""
    kind = car.measures
    long, belt = kind.length, kind.belt
    sheet = Sheet(0.0, 0.0, long, belt + 0.03, px_per_m)
    body = [(0.0, CLEARANCE + 0.04), (0.25, CLEARANCE - 0.02), (long, CLEARANCE - 0.02), (long, 0.6), (long - 0.1, belt - 0.2), (long * 0.74, belt - 0.06), (long * 0.66, belt), (0.0, belt)]  # fmt: skip
    sheet.panel(rounded(body, 0.06), car.colour, edge_m=0.10, bulge=0.45, gloss=0.6)
    sheet.stroke([(0.05, belt - 0.24), (long * 0.8, belt - 0.30)], 0.02, (255, 255, 255), 0.14)
    sheet.stroke([(0.05, belt - 0.27), (long * 0.8, belt - 0.33)], 0.025, (0, 0, 0), 0.18)
    sheet.fill([(0.3, CLEARANCE - 0.02), (long, CLEARANCE - 0.02), (long, 0.32), (0.3, 0.32)], (24, 24, 24), 0.8)
    for y in (0.92, long - 0.90):
        _wheel(sheet, y)
    for y in (1.45, 2.35, 3.25):
        if y < long - 1.2 and not (car.kind == "pickup" and y < 2):
            sheet.seam([(y, belt), (y - 0.05, 0.36)], 0.012)
            sheet.panel(rounded([(y + 0.06, belt - 0.16), (y + 0.24, belt - 0.16), (y + 0.24, belt - 0.12), (y + 0.06, belt - 0.12)], 0.02), car.colour, edge_m=0.015, bulge=0.9, gloss=0.9)  # fmt: skip
    lamp = [(0.0, belt - 0.27), (0.10, belt - 0.22), (0.09, belt - 0.13), (0.0, belt - 0.11)]
    mask = sheet.panel(rounded(lamp, 0.03), rgb("9a1318"), edge_m=0.03, gloss=0.7)
    if car.lamps != "off":
        power = 0.8 if car.lamps == "brake" else 0.35
        sheet.glow += (mask.astype(np.float32) / 255)[..., None] * np.array((46, 40, 255), np.float32) * power
    return sheet


def _wheel(sheet: Sheet, y: float) -> None:
    turn = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    circle = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    centre = np.array((y, _WHEEL))
    sheet.fill(centre + circle * (_WHEEL + 0.07) + (0, 0.02), (8, 8, 8))
    sheet.panel(centre + circle * _WHEEL, (26, 26, 26), edge_m=0.06, gloss=0.2)
    sheet.panel(centre + circle * 0.22, (150, 152, 154), edge_m=0.03, gloss=0.7)
    for angle in np.arange(5) * 2 * np.pi / 5:
        away = np.array((np.cos(angle), np.sin(angle)))
        side = np.array((-away[1], away[0]))
        gap = [centre + away * 0.09 + side * 0.015, centre + away * 0.19 + side * 0.06, centre + away * 0.19 - side * 0.06, centre + away * 0.09 - side * 0.015]  # fmt: skip
        sheet.fill(np.array(gap), (30, 30, 30))


def upper_flank(car: Car, px_per_m: float) -> Sheet:
    """Side windows, pillars and roof rail."""
    kind = car.measures
    belt, roof = kind.belt, kind.roof
    tail, head = kind.deck, kind.length * (0.70 if car.kind != "van" else 0.85)
    sheet = Sheet(tail, belt - 0.02, head, roof + 0.03, px_per_m)
    cabin = [(tail, belt - 0.02), (head, belt - 0.02), (head - 0.75, roof), (tail + kind.rake, roof)]
    sheet.panel(rounded(cabin, 0.06), car.colour, edge_m=0.06, tilt=0.3, gloss=0.6)
    if car.kind == "van":
        return sheet
    low, high = belt + 0.03, roof - 0.07
    lean = kind.rake / (roof - belt)
    start = tail + 0.16 + (0.25 if car.kind == "sedan" else 0.12)
    panes = [(start, start + (head - start) * 0.44), (start + (head - start) * 0.47, head - 0.12)]
    for left, right in panes:
        front = right - (0.0 if right < head - 0.2 else (high - low) * 1.55)
        back = left + (lean * (high - low) if left == start else 0.02)
        pane = rounded([(left, low), (right, low), (front, high), (back, high)], 0.05)
        mask = sheet.panel(pane, rgb("1d2225"), edge_m=0.02, tilt=0.1, gloss=0.7)
        bright = np.linspace(0.5, 0.05, mask.shape[0], dtype=np.float32)[:, None] * mask
        sheet.lay(bright.astype(np.float32), (216, 206, 192))
    return sheet


def top(colour: Colour, width: float, long: float, px_per_m: float) -> Sheet:
    """A roof, a boot lid's top or a load bed, seen from above: x across, y forwards."""
    sheet = Sheet(-width / 2, 0.0, width / 2, long, px_per_m)
    outline = [(-width / 2, 0.0), (width / 2, 0.0), (width * 0.46, long), (-width * 0.46, long)]
    sheet.panel(rounded(outline, 0.16), mix(colour, (236, 222, 208), 0.15), edge_m=0.1, tilt=0.5, bulge=0.3, gloss=0.6)
    return sheet
