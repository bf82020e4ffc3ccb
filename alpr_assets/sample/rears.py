"""The lower rear of a car as a flat sheet: tyres, bumper, boot lid or tailgate or doors, lamps, badges.

Here: bodywork and lettering up to the belt line. Not here: the cabin (`cabins`), the flanks, the plate.
Sheets: x from the car's middle to the right, z from the road; metres.
"""

from __future__ import annotations

import numpy as np

from alpr_assets.sample import lettering
from alpr_assets.sample.bodies import Sheet
from alpr_assets.sample.cars import CLEARANCE, Car
from alpr_assets.sample.painting import Colour, Points, mirrored, mix, rounded
from alpr_assets.sample.states import rgb

_MODELS = ("VELA 2.5", "SOLANO", "CRESTA GT", "MESA AWD", "LUMEN", "DELMAR", "ORO LX", "TULE")
_TRADES = (("DELTA", "PLUMBING", "(925) 555-0142"), ("RIO VISTA", "BAKERY", "EST 1987"), ("CONTRA COSTA", "ELECTRIC", "LIC 555120"))  # fmt: skip

_RED, _AMBER = rgb("8c1015"), rgb("b5661a")
_RUBBER = rgb("141414")


def lower_rear(car: Car, px_per_m: float) -> Sheet:
    """Tyres, bumper, boot lid or tailgate, lamps, plate recess, badges."""
    kind, rng = car.measures, np.random.default_rng(car.style)
    half, belt = kind.half, kind.belt
    sheet = Sheet(-1.12, 0.0, 1.12, belt + 0.07, px_per_m)
    for side in (-1, 1):
        tyre = [(side * x, z) for x, z in ((half * 0.71, 0.0), (half * 0.93, 0.0), (half * 0.95, 0.08), (half * 0.95, 0.4), (half * 0.69, 0.4), (half * 0.69, 0.08))]  # fmt: skip
        sheet.panel(rounded(tyre, 0.08), _RUBBER, edge_m=0.06, gloss=0.15)
    sheet.fill([(-half * 0.72, 0.17), (half * 0.72, 0.17), (half * 0.72, 0.4), (-half * 0.72, 0.4)], (9, 9, 9))
    square = car.kind in ("pickup", "van")
    shoulder = 0.985 if square else 0.925
    outline = mirrored([(0.0, CLEARANCE), (half * 0.84, CLEARANCE), (half * 0.95, 0.30), (half * 0.99, 0.46), (half, 0.62), (half * 0.995, belt - 0.2), (half * (shoulder + 0.03), belt - 0.05), (half * shoulder, belt), (half * 0.5, belt + 0.025), (0.0, belt + 0.03)])  # fmt: skip
    body = sheet.panel(rounded(outline, 0.14), car.colour, edge_m=0.13, bulge=0.42 if not square else 0.15, gloss=0.62)
    if car.kind == "pickup":
        _tailgate(sheet, car, rng)
    elif car.kind == "van":
        _doors(sheet, car, rng)
    else:
        _boot(sheet, car, rng)
        _bumper(sheet, car, rng)
    _lamps(sheet, car, str(rng.choice(kind.lamps)))
    _badges(sheet, car, rng)
    dirt = sheet.mask([(-1.1, 0.0), (1.1, 0.0), (1.1, 0.36), (-1.1, 0.36)])
    sheet.shade(np.minimum(dirt, body), 0.32, 0.14)
    return sheet


def _bumper(sheet: Sheet, car: Car, rng: np.random.Generator) -> None:
    half = car.measures.half
    top = 0.56 if car.kind != "suv" else 0.62
    outline = mirrored([(0.0, CLEARANCE), (half * 0.84, CLEARANCE), (half * 0.965, 0.32), (half * 1.0, 0.46), (half * 0.985, top), (half * 0.6, top + 0.012), (0.0, top + 0.015)])  # fmt: skip
    sheet.panel(rounded(outline), car.colour, edge_m=0.07, bulge=0.5, gloss=0.55)
    sheet.seam([(-half * 0.98, top), (-half * 0.6, top + 0.012), (half * 0.6, top + 0.012), (half * 0.98, top)])
    skirt = mirrored(
        [
            (0.0, CLEARANCE - 0.02),
            (half * 0.74, CLEARANCE - 0.02),
            (half * 0.80, 0.33),
            (half * 0.66, 0.385),
            (0.0, 0.39),
        ]
    )
    sheet.panel(rounded(skirt, 0.08), (34, 34, 34), edge_m=0.03, gloss=0.2)
    for side in (-1, 1):
        reflector = [
            (side * half * 0.68, 0.42),
            (side * half * 0.90, 0.43),
            (side * half * 0.89, 0.462),
            (side * half * 0.68, 0.452),
        ]
        sheet.panel(reflector, (22, 20, 120), edge_m=0.01, gloss=0.5)
    if rng.random() < 0.7:
        for side in (-1, 1) if rng.random() < 0.5 else (1,):
            pipe = rounded(
                [
                    (side * half * 0.52, 0.22),
                    (side * half * 0.66, 0.22),
                    (side * half * 0.66, 0.30),
                    (side * half * 0.52, 0.30),
                ]
            )
            sheet.panel(pipe, (170, 172, 176), edge_m=0.02, gloss=0.9)
            sheet.fill(rounded([(side * half * 0.54, 0.235), (side * half * 0.64, 0.235), (side * half * 0.64, 0.285), (side * half * 0.54, 0.285)]), (6, 6, 6))  # fmt: skip
    if rng.random() < 0.5:
        for x in (-0.55, -0.2, 0.2, 0.55):
            dot = rounded([(x - 0.014, 0.485), (x + 0.014, 0.485), (x + 0.014, 0.513), (x - 0.014, 0.513)])
            sheet.fill(dot, (30, 30, 30), 0.7)


def _boot(sheet: Sheet, car: Car, rng: np.random.Generator) -> None:
    kind = car.measures
    half, belt, z = kind.half, kind.belt, kind.plate_z
    lid = half * 0.70
    foot = 0.585 if car.kind != "suv" else 0.645
    sheet.seam([(-lid - 0.03, belt), (-lid, belt - 0.1), (-lid, foot + 0.07), (-lid + 0.07, foot), (lid - 0.07, foot), (lid, foot + 0.07), (lid, belt - 0.1), (lid + 0.03, belt)])  # fmt: skip
    if car.kind == "sedan":  # the lid's upper edge catches the sky
        lip = sheet.mask([(-lid, belt - 0.035), (lid, belt - 0.035), (lid, belt + 0.02), (-lid, belt + 0.02)])
        sheet.shade(lip, -0.16, 0.012)
    _recess(sheet, z, 0.27 + 0.12 * float(rng.random()), 0.112)
    bar = str(rng.choice(["chrome", "body", "black"]))
    colour = {"chrome": (190, 190, 190), "body": mix(car.colour, (0, 0, 0), 0.12), "black": (24, 24, 24)}[bar]
    strip = mirrored([(0.0, z + 0.115), (0.33, z + 0.112), (0.35, z + 0.125), (0.34, z + 0.15), (0.0, z + 0.158)])
    sheet.panel(rounded(strip), colour, edge_m=0.02, gloss=0.9)


def _recess(sheet: Sheet, z: float, half: float, tall: float) -> None:
    """The hollow a plate sits in: in shade above, light on its lower lip."""
    outline = [(-half - 0.05, z - tall), (half + 0.05, z - tall), (half + 0.03, z + tall), (-half - 0.03, z + tall)]
    mask = sheet.mask(rounded(outline, 0.04))
    sheet.shade(mask, 0.45, 0.004)
    upper = sheet.mask([(-half - 0.04, z), (half + 0.04, z), (half + 0.03, z + tall), (-half - 0.03, z + tall)])
    sheet.shade(np.minimum(upper, mask), 0.4, 0.03)
    sheet.stroke([(-half - 0.03, z - tall), (half + 0.03, z - tall)], 0.008, (255, 255, 255), 0.3)


def _tailgate(sheet: Sheet, car: Car, rng: np.random.Generator) -> None:
    half, belt = car.measures.half, car.measures.belt
    gate = rounded([(-half * 0.80, 0.66), (half * 0.80, 0.66), (half * 0.80, belt - 0.01), (-half * 0.80, belt - 0.01)])
    sheet.panel(gate, car.colour, edge_m=0.04, bulge=0.3, gloss=0.5)
    sheet.seam([(-half * 0.81, belt), (-half * 0.81, 0.66), (half * 0.81, 0.66), (half * 0.81, belt)], 0.012)
    hollow = rounded([(-half * 0.6, 0.76), (half * 0.6, 0.76), (half * 0.6, 0.95), (-half * 0.6, 0.95)])
    sheet.panel(hollow, mix(car.colour, (0, 0, 0), 0.12), edge_m=0.03, tilt=-0.12, gloss=0.4)
    _letter(
        sheet,
        str(rng.choice(["BANDERA", "TULE", "BISON", "MESA"])),
        (0.0, 0.855),
        tall_m=0.095,
        colour=mix(car.colour, (255, 255, 255), 0.35),
    )
    handle = rounded([(-0.12, 0.99), (0.12, 0.99), (0.12, 1.05), (-0.12, 1.05)])
    sheet.panel(handle, (26, 26, 26), edge_m=0.02, gloss=0.4)
    metal = (188, 186, 184) if rng.random() < 0.65 else (36, 36, 36)
    bumper = rounded(mirrored([(0.0, 0.40), (0.3, 0.40), (0.36, 0.43), (half * 0.94, 0.43), (half * 1.0, 0.50), (half * 1.0, 0.62), (half * 0.9, 0.64), (0.0, 0.64)]))  # fmt: skip
    sheet.panel(bumper, metal, edge_m=0.06, bulge=0.6, gloss=0.85)
    sheet.fill([(-0.3, 0.615), (0.3, 0.615), (0.3, 0.64), (-0.3, 0.64)], (22, 22, 22))
    sheet.shade(sheet.mask([(-0.19, 0.43), (0.19, 0.43), (0.19, 0.61), (-0.19, 0.61)]), 0.6, 0.01)
    sheet.fill(rounded([(-0.05, 0.28), (0.05, 0.28), (0.05, 0.38), (-0.05, 0.38)]), (20, 20, 20))


def _doors(sheet: Sheet, car: Car, rng: np.random.Generator) -> None:
    half, belt = car.measures.half, car.measures.belt
    bumper = rounded(mirrored([(0.0, 0.30), (half * 0.95, 0.30), (half * 1.0, 0.36), (half * 0.99, 0.50), (0.0, 0.50)]))
    sheet.panel(bumper, (40, 40, 40), edge_m=0.05, gloss=0.3)
    sheet.seam([(0.0, 0.52), (0.0, belt + 0.05)], 0.014)
    sheet.seam(
        [(-half * 0.86, belt + 0.04), (-half * 0.86, 0.53), (half * 0.86, 0.53), (half * 0.86, belt + 0.04)], 0.012
    )
    for side in (-1, 1):
        for z in (0.62, 1.15):
            hinge = [
                (side * half * 0.82, z),
                (side * half * 0.92, z),
                (side * half * 0.92, z + 0.04),
                (side * half * 0.82, z + 0.04),
            ]
            sheet.panel(hinge, (60, 60, 60), edge_m=0.01, gloss=0.4)
    words = _TRADES[int(rng.integers(len(_TRADES)))]
    for word, at, tall_m in zip(words, ((0.0, 1.19), (0.0, 1.07), (0.42, 0.60)), (0.10, 0.075, 0.07), strict=True):
        _letter(sheet, word, at, tall_m=tall_m, colour=rgb("1c3f7a"), max_half=0.36 if at[0] else 0.62)
    _recess(sheet, car.measures.plate_z, 0.2, 0.10)


def _letter(
    sheet: Sheet, word: str, at: tuple[float, float], *, tall_m: float, colour: Colour, max_half: float = 0.6
) -> None:
    """A word with its middle at a point."""
    height = max(3, round(tall_m * sheet.px_per_m))
    mask = lettering.text_mask(word, height, squeeze=1.05, max_width=round(max_half * 2 * sheet.px_per_m))
    centre = sheet.pixels([at])[0]
    top, left = round(centre[1] - height / 2), round(centre[0] - mask.shape[1] / 2)
    whole = np.zeros(sheet.paint.shape[:2], np.uint8)
    cut = whole[max(0, top) : top + height, max(0, left) : left + mask.shape[1]]
    cut[:] = mask[: cut.shape[0], : cut.shape[1]]
    sheet.lay(whole, colour, 0.9)


def _badges(sheet: Sheet, car: Car, rng: np.random.Generator) -> None:
    if car.kind in ("pickup", "van"):
        return
    kind = car.measures
    z = kind.belt - 0.055
    badge = rounded([(-0.06, z - 0.032), (0.055, z - 0.032), (0.055, z + 0.032), (-0.055, z + 0.032)], 0.03)
    sheet.panel(badge, (176, 178, 180), edge_m=0.02, gloss=0.95)
    sheet.stroke([(-0.03, z - 0.012), (0.0, z + 0.016), (0.03, z - 0.012)], 0.01, (40, 40, 40), 0.8)
    chrome = (70, 70, 70) if sum(car.colour) > 500 else (200, 200, 200)
    _letter(
        sheet,
        str(rng.choice(_MODELS)),
        (kind.half * 0.53 * (1 if rng.random() < 0.6 else -1), 0.66 if car.kind != "suv" else 0.70),
        tall_m=0.03,
        colour=chrome,
    )


def _lamps(sheet: Sheet, car: Car, shape: str) -> None:
    """Tail lamps: lit ones give off light."""
    kind = car.measures
    half, belt = kind.half, kind.belt
    outlines: dict[str, Points] = {
        "wedge": [(half * 0.985, belt - 0.26), (half * 0.99, belt - 0.10), (half * 0.93, belt - 0.045), (half * 0.48, belt - 0.10), (half * 0.46, belt - 0.15), (half * 0.74, belt - 0.24)],
        "bar": [(half * 0.99, belt - 0.22), (half * 0.985, belt - 0.10), (half * 0.90, belt - 0.07), (half * 0.40, belt - 0.085), (half * 0.40, belt - 0.145), (half * 0.82, belt - 0.22)],
        "block": [(half * 0.99, belt - 0.32), (half * 0.985, belt - 0.09), (half * 0.90, belt - 0.05), (half * 0.66, belt - 0.07), (half * 0.64, belt - 0.22), (half * 0.72, belt - 0.31)],
        "hook": [(half * 0.995, belt - 0.40), (half * 0.97, belt - 0.06), (half * 0.56, belt - 0.09), (half * 0.58, belt - 0.17), (half * 0.84, belt - 0.17), (half * 0.88, belt - 0.40)],
        "tall": [(half * 0.995, belt - 0.42), (half * 0.965, belt - 0.02), (half * 0.85, belt - 0.01), (half * 0.80, belt - 0.20), (half * 0.84, belt - 0.41)],
        "post": [(half * 0.99, belt - 0.46), (half * 0.985, belt - 0.04), (half * 0.84, belt - 0.04), (half * 0.84, belt - 0.46)],
    }  # fmt: skip
    for side in (-1, 1):
        outline = np.asarray(outlines[shape]) * (side, 1)
        smooth = rounded(outline, 0.06)
        mask = sheet.panel(smooth, _RED, edge_m=0.035, bulge=0.25, gloss=0.75)
        centre = outline.mean(axis=0)
        inner = rounded(centre + (outline - centre) * 0.66)
        sheet.panel(inner, rgb("b51a1f"), edge_m=0.02, gloss=0.4)
        for share, colour in ((0.30, rgb("d9d4d0")), (0.17, _AMBER)):
            core = centre + (outline - centre) * (share, share * 0.8) + (side * -0.03, -0.015)
            sheet.lay(np.minimum(sheet.mask(rounded(core, 0.03)), mask), colour)
        sheet.stroke(np.vstack([smooth, smooth[:1]]), 0.006, (20, 16, 30), 0.8)
        if car.lamps != "off":
            power = 1.0 if car.lamps == "brake" else 0.42
            lit = mask.astype(np.float32) / 255 * 0.45 + sheet.mask(inner).astype(np.float32) / 255 * 0.55
            sheet.glow += lit[..., None] * np.array((46, 40, 255), np.float32) * power
