"""Streets: sky, golden hills, houses and shops, trees, kerb, road and its markings, in daylight colours.

Lit windows and street lamps go into the stage's glow; `light` decides how much of either shows.
"""

from __future__ import annotations

import numpy as np

from alpr_assets.sample import lettering
from alpr_assets.sample.bodies import Sheet
from alpr_assets.sample.painting import Colour, blur, line_mask, mix, noise, paint_polygon, polygon_mask, tint
from alpr_assets.sample.staging import HEIGHT, WIDTH, Stage
from alpr_assets.sample.states import rgb

_STUCCO = ("cdbb9c", "b9a78c", "d8cfbd", "a8937a", "c4b6a6", "b0a89a", "8f9aa0", "c9a58a")
_ROOFS = ("6b4a3a", "55504c", "7a5a48", "4c4f55")
_SHOPS = ("TAQUERIA", "LIQUOR", "NAILS", "DONUTS", "LAUNDRY", "TIRES", "PHARMACY", "BAKERY")
_SKIES = {
    "day": ("5f8fc9", "cfdfee"),
    "dusk": ("3f4f86", "f0b184"),
    "grey": ("9aa3ab", "c3c8cb"),
    "night": ("0d1220", "2a2a34"),
}
_NEAR, _FAR = 1.2, 400.0  # metres of road drawn


def draw_street(stage: Stage, rng: np.random.Generator, sky: str) -> None:
    """Everything but the cars. `sky` is day, dusk, grey or night."""
    _sky(stage, rng, sky)
    if stage.camera.horizon > 20:
        _hills(stage, rng)
        for side in (-1, 1):
            _far_trees(stage, rng, side)
    _ground(stage, rng)
    for side in (-1, 1):
        _frontages(stage, rng, side)
    for side in (-1, 1):
        for _ in range(int(rng.integers(1, 4))):
            _tree(stage, rng, side * float(rng.uniform(6.2, 8.5)), float(rng.uniform(16, 60)))
        _lamp_post(stage, side * 6.0, float(rng.uniform(18, 40)))
    stage.frame = blur(stage.frame, 1.3)
    stage.glow = blur(stage.glow, 1.3)


def _sky(stage: Stage, rng: np.random.Generator, sky: str) -> None:
    horizon = max(1, int(stage.camera.horizon) + 2)
    above, below = (np.array(rgb(code), np.float32) for code in _SKIES[sky])
    share = np.linspace(0, 1, horizon, dtype=np.float32)[:, None, None] ** 1.3
    stage.frame[:horizon] = (above * (1 - share) + below * share)[:HEIGHT]
    if sky in ("day", "dusk", "grey") and horizon > 40:
        clouds = (
            noise(rng, (horizon, WIDTH), 150)
            + 0.6 * noise(rng, (horizon, WIDTH), 60)
            + 0.3 * noise(rng, (horizon, WIDTH), 22)
        )
        cover = (
            np.clip(clouds * 0.5 + (0.2 if sky == "grey" else -0.25), 0, 1)
            * np.linspace(1, 0.5, horizon)[:, None]
            * 255
        )
        tint(
            stage.frame[:horizon],
            cover.astype(np.float32),
            mix((248, 248, 248), below.tolist(), 0.4 if sky == "dusk" else 0.0),
            0.75,
        )


def _hills(stage: Stage, rng: np.random.Generator) -> None:
    horizon = stage.camera.horizon
    for tall, colour, haze in ((90, "9aa2ae", 0.2), (48, "b39f74", 0.3), (26, "8c8a5e", 0.15)):
        steps = np.cumsum(rng.normal(0, 1, 24))
        ridge = horizon - tall * (0.45 + 0.55 * (steps - steps.min()) / np.ptp(steps))
        outline = [
            *zip(np.linspace(-60, WIDTH + 60, 24), ridge, strict=True),
            (WIDTH + 60, horizon + 4),
            (-60, horizon + 4),
        ]
        sky = stage.frame[int(max(0, horizon - 4)), WIDTH // 2].tolist()
        paint_polygon(stage.frame, outline, mix(rgb(colour), sky, haze))


def _far_trees(stage: Stage, rng: np.random.Generator, side: int) -> None:
    horizon = stage.camera.horizon
    for _ in range(34):
        x = WIDTH / 2 + side * float(rng.uniform(30, WIDTH / 2))
        radius = float(rng.uniform(6, 16)) * (0.5 + abs(x - WIDTH / 2) / WIDTH)
        turn = np.linspace(0, 2 * np.pi, 12)
        blob = np.stack([x + np.cos(turn) * radius * 1.4, horizon - radius * 0.6 + np.sin(turn) * radius], axis=1)
        paint_polygon(stage.frame, blob, mix(rgb("3f4d33"), rgb("6d7458"), float(rng.random())))


def _quad(stage: Stage, corners: list[tuple[float, float, float]], colour: Colour, opacity: float = 1.0) -> None:
    paint_polygon(stage.frame, stage.camera.see(corners), colour, opacity)


def _strip(left: float, right: float, near: float, far: float, z: float = 0.0) -> list[tuple[float, float, float]]:
    """A level rectangle along the road: metres."""
    return [(left, near, z), (left, far, z), (right, far, z), (right, near, z)]


def _ground(stage: Stage, rng: np.random.Generator) -> None:
    """Verge, pavement and kerb, then the road."""
    camera = stage.camera
    horizon = max(0, int(camera.horizon) + 1)
    stage.frame[horizon:] = rgb("9a9274")
    rows = np.arange(horizon, HEIGHT, dtype=np.float32)
    stage.distance[horizon:] = (camera.focal * camera.height / np.maximum(rows - camera.horizon, 0.5))[:, None]
    for side in (-1, 1):
        _quad(stage, _strip(side * 7.6, side * 5.5, _NEAR, _FAR, 0.13), rgb("b5b0a6"))
        kerb = [
            (side * 5.5, _NEAR, 0.13),
            (side * 5.5, _FAR, 0.13),
            (side * 5.42, _FAR, 0.0),
            (side * 5.42, _NEAR, 0.0),
        ]
        _quad(stage, kerb, rgb("8f8b83"))
        for y in np.arange(8, 70, 1.6).tolist():
            _quad(stage, _strip(side * 7.6, side * 5.5, y, y + 0.03, 0.13), rgb("6f6b64"), 0.5)
    _asphalt(stage, rng, horizon)


def _asphalt(stage: Stage, rng: np.random.Generator, horizon: int) -> None:
    """The road's grain, lanes polished by tyres, tar lines and markings."""
    camera, base = stage.camera, float(rng.uniform(92, 122))
    below = stage.frame[horizon:]
    road = camera.see(_strip(-5.42, 5.42, _NEAR, _FAR)) - (0, horizon)
    grey = np.full(below.shape[:2], base, np.float32)
    for grain, weight in ((1.0, 5.0), (2.4, 3.5), (30.0, 3.0), (140.0, 5.0)):
        grey += noise(rng, (below.shape[0], WIDTH), grain) * np.float32(weight)
    tracks = np.zeros(below.shape[:2], np.uint8)
    for track in (-4.1, -2.5, -0.75, 0.75, 2.5, 4.1):
        tracks |= polygon_mask(below.shape, camera.see(_strip(track - 0.3, track + 0.3, _NEAR, _FAR)) - (0, horizon))
    grey -= tracks * np.float32(6 / 255)
    tint(below, polygon_mask(below.shape, road), np.repeat(grey[..., None], 3, axis=2))
    for _ in range(int(rng.integers(2, 6))):
        x, y = float(rng.uniform(-4, 4)), float(rng.uniform(3, 24))
        drift, long = np.cumsum(rng.normal(0, 0.09, 24)), float(rng.uniform(2, 9))
        points = [(x + off, y + step, 0.0) for off, step in zip(drift, np.linspace(0, long, 24), strict=True)]
        width = max(1.0, 0.022 * camera.focal / (y + long / 2))
        tint(stage.frame, line_mask(stage.frame.shape, camera.see(points), width), (base - 46,) * 3, 0.7)
    for x in (-1.75, 1.75):
        for y in np.arange(2, 90, 9).tolist():
            _quad(stage, _strip(x - 0.06, x + 0.06, y, y + 3.0), rgb("e6e4dc"), 0.75)
    _quad(stage, _strip(-5.06, -4.94, _NEAR, _FAR), rgb("e6e4dc"), 0.75)
    _quad(stage, _strip(5.09, 5.21, _NEAR, _FAR), rgb("c03a30"), 0.75)


def _frontages(stage: Stage, rng: np.random.Generator, side: int) -> None:
    """Houses, shops, fences along one side, the far ones first."""
    lots = []
    y = float(rng.uniform(8, 14))
    while y < 75:
        long = float(rng.uniform(9, 16))
        lots.append((y, long, str(rng.choice(["house", "shop", "fence"], p=[0.45, 0.35, 0.2]))))
        y += long + float(rng.uniform(0.5, 4))
    for start, long, what in reversed(lots):
        x = side * (9.5 if what != "fence" else 8.2)
        if stage.camera.focal * abs(x) / (start + long) > WIDTH / 2:
            continue  # beyond the picture's edge
        tall = {"house": 3.1, "shop": 5.0, "fence": 1.8}[what] + float(rng.uniform(-0.2, 0.6))
        sheet = Sheet(0.0, 0.0, long, tall + 0.2, 22)
        wall = rgb(str(rng.choice(_STUCCO)))
        sheet.fill([(0, 0), (long, 0), (long, tall), (0, tall)], wall)
        {"house": _house, "shop": _shop, "fence": _fence}[what](sheet, rng, long, tall)
        if what != "fence":  # the wall that faces us
            _quad(
                stage,
                [(x, start, tall), (x + side * 10, start, tall), (x + side * 10, start, 0), (x, start, 0)],
                mix(wall, (0, 0, 0), 0.3),
            )
        if what == "house":
            roof = rgb(str(rng.choice(_ROOFS)))
            ridge = x + side * 4
            _quad(
                stage,
                [(x, start, tall), (ridge, start, tall + 1.7), (x + side * 9, start, tall)],
                mix(wall, (0, 0, 0), 0.35),
            )
            _quad(stage, [(x - side * 0.5, start - 0.3, tall), (x - side * 0.5, start + long, tall), (ridge, start + long, tall + 1.7), (ridge, start - 0.3, tall + 1.7)], roof)  # fmt: skip
        left, right = (start, start + long) if side < 0 else (start + long, start)  # as read from the road
        corners = [(x, left, sheet.top), (x, right, sheet.top), (x, right, 0), (x, left, 0)]
        stage.hang(sheet.paint, corners, glow=sheet.glow)


def _pane(sheet: Sheet, rng: np.random.Generator, across: tuple[float, float], up: tuple[float, float]) -> None:
    (left, right), (bottom, top) = across, up
    outline = [(left, bottom), (right, bottom), (right, top), (left, top)]
    sheet.panel(outline, rgb("39434b"), edge_m=0.08, tilt=0.2, gloss=0.8)
    sheet.stroke([*outline, outline[0]], 0.09, (225, 225, 222), 0.9)
    if rng.random() < 0.45:
        warm = np.array((110, 190, 245), np.float32) * float(rng.uniform(0.35, 0.9))
        sheet.glow += (sheet.mask(outline).astype(np.float32) / 255)[..., None] * warm


def _house(sheet: Sheet, rng: np.random.Generator, long: float, tall: float) -> None:
    garage = [(0.8, 0), (5.4, 0), (5.4, 2.3), (0.8, 2.3)]
    sheet.fill(garage, mix(rgb("e4e0d6"), (0, 0, 0), 0.06))
    for z in (0.55, 1.1, 1.65):
        sheet.stroke([(0.8, z), (5.4, z)], 0.05, (120, 120, 120), 0.6)
    sheet.fill([(6.1, 0), (7.1, 0), (7.1, 2.1), (6.1, 2.1)], rgb("5a3b2a"))
    if long > 9.6:
        _pane(sheet, rng, (7.6, min(long - 0.5, 10.0)), (0.9, 2.1))
    shadow = sheet.mask([(0, tall - 0.35), (long, tall - 0.35), (long, tall), (0, tall)])
    sheet.shade(shadow, 0.5, 0.05)


def _shop(sheet: Sheet, rng: np.random.Generator, long: float, tall: float) -> None:
    for left in np.arange(0.5, long - 2.4, 2.9).tolist():
        _pane(sheet, rng, (left, left + 2.4), (0.35, 2.6))
    awning = [(0.2, 2.7), (long - 0.2, 2.7), (long - 0.2, 3.3), (0.2, 3.3)]
    sheet.fill(awning, mix(rgb(str(rng.choice(["8c2f2a", "2f5d4a", "2d4674", "a3762f"]))), (0, 0, 0), 0.1))
    word = lettering.text_mask(str(rng.choice(_SHOPS)), 18, squeeze=1.1, max_width=sheet.paint.shape[1] - 20)
    top, left = round((sheet.top - 4.5) * sheet.px_per_m), (sheet.paint.shape[1] - word.shape[1]) // 2
    whole = np.zeros(sheet.paint.shape[:2], np.uint8)
    whole[top : top + word.shape[0], left : left + word.shape[1]] = word
    sheet.lay(whole, (245, 245, 245) if rng.random() < 0.5 else (40, 40, 150))
    sheet.glow += (whole.astype(np.float32) / 255)[..., None] * np.array((120, 160, 235), np.float32)
    sheet.fill([(0, tall - 0.15), (long, tall - 0.15), (long, tall), (0, tall)], (90, 90, 90))


def _fence(sheet: Sheet, rng: np.random.Generator, long: float, tall: float) -> None:
    sheet.fill([(0, 0), (long, 0), (long, tall), (0, tall)], mix(rgb("8a6a4a"), (0, 0, 0), 0.2 * float(rng.random())))
    for y in np.arange(0, long, 0.18).tolist():
        sheet.stroke([(y, 0), (y, tall)], 0.03, (40, 50, 60), 0.5)


def _tree(stage: Stage, rng: np.random.Generator, x: float, y: float) -> None:
    """A trunk and a crown of leaves, dark below and light above."""
    size = float(rng.uniform(1.6, 2.8))
    trunk = stage.camera.see([(x - 0.15, y, 0), (x + 0.15, y, 0), (x + 0.1, y, 3), (x - 0.1, y, 3)])
    paint_polygon(stage.frame, trunk, rgb("4f4032"))
    crown = stage.camera.see([(x, y, 3.2 + size)])[0]
    radius = stage.camera.focal * size / y
    green = rgb(str(rng.choice(["4d5f38", "5c6b3a", "3f5236"])))
    for step in range(60):
        angle, reach = rng.uniform(0, 2 * np.pi), radius * np.sqrt(rng.uniform(0, 1)) * 0.85
        middle = (crown[0] + np.cos(angle) * reach, crown[1] + np.sin(angle) * reach * 0.8)
        leaf = radius * float(rng.uniform(0.10, 0.28))
        turn = np.linspace(0, 2 * np.pi, 9)
        blob = np.stack([middle[0] + np.cos(turn) * leaf, middle[1] + np.sin(turn) * leaf], axis=1)
        lift = float(np.clip(0.5 - np.sin(angle) * reach / radius * 0.6, 0, 1)) * step / 60
        paint_polygon(stage.frame, blob, mix(mix(green, (10, 20, 10), 0.45), rgb("9aa860"), lift * 0.7))


def _lamp_post(stage: Stage, x: float, y: float) -> None:
    reach = -1.6 if x > 0 else 1.6
    for points, width in (([(x, y, 0), (x, y, 7.0)], 0.14), ([(x, y, 7.0), (x + reach, y, 7.3)], 0.08)):
        stroke = line_mask(stage.frame.shape, stage.camera.see(points), max(1.0, width * stage.camera.focal / y))
        tint(stage.frame, stroke, rgb("6d7072"))
    head = stage.camera.see(
        [(x + reach - 0.3, y, 7.32), (x + reach + 0.3, y, 7.32), (x + reach + 0.3, y, 7.2), (x + reach - 0.3, y, 7.2)]
    )
    mask = polygon_mask(stage.frame.shape, head)
    tint(stage.frame, mask, rgb("8a8d90"))
    tint(stage.glow, mask, (225, 322, 382))
