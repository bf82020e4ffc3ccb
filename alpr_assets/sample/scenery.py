"""The printed pictures of the plates' papers, one painter a motif. Each paints on a (240, 480, 3) face in place.

An emblem stands in the serial's gap: its painter is told the gap's middle, in pixels from the left.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from alpr_assets.sample.painting import Picture, blur, polygon_mask, tint
from alpr_assets.sample.states import Colour, rgb

BOTTOM_BAND: dict[str, Colour] = {"desert": rgb("f3ead8")}  # motifs dark at the bottom: the slogan's colour there


def _fade(face: Picture, top: str, middle: str, bottom: str) -> None:
    """Vertical gradient through three colours."""
    stops = np.array([rgb(top), rgb(middle), rgb(bottom)], np.float32)
    rows = np.linspace(0, 1, face.shape[0])
    face[:] = np.stack([np.interp(rows, (0, 0.5, 1), stops[:, i]) for i in range(3)], axis=1)[:, None].astype(
        np.float32
    )


def _ridge(face: Picture, heights: list[float], colour: str, opacity: float, base: float = 240) -> None:
    """A range of hills: peaks given from left to right as y in pixels."""
    xs = np.linspace(0, face.shape[1], len(heights))
    outline = [*zip(xs, heights, strict=True), (face.shape[1], base), (0, base)]
    tint(face, polygon_mask(face.shape, outline), rgb(colour), opacity)


def _plain(face: Picture) -> None:
    face[:40] += np.linspace(6, 0, 40, dtype=np.float32)[:, None, None]


def _ranges(face: Picture) -> None:
    _fade(face, "b9d3ea", "f0f2f4", "e9dcc4")
    _ridge(face, [176, 150, 172, 140, 165, 152, 138, 170, 150, 178], "8ea3c4", 0.45)
    _ridge(face, [196, 205, 186, 200, 190, 208, 192, 204, 188, 198], "b8743f", 0.75)
    _ridge(face, [222, 214, 220, 210, 218, 224, 212, 220, 216, 222], "5a3a2c", 0.85)


def _fir(face: Picture) -> None:
    _fade(face, "c8d8ec", "ece8f0", "d9cfe4")
    _ridge(face, [150, 120, 140, 96, 128, 150, 110, 138, 124, 146], "9a8fc0", 0.45)
    _ridge(face, [212, 205, 214, 202, 210, 206, 214, 204, 210, 208], "3f7a4e", 0.75)
    for row in range(9):
        y, half = 66 + row * 14, 4 + row * 2.6
        tint(face, polygon_mask(face.shape, [(240, y - 12), (240 - half, y + 12), (240 + half, y + 12)]), rgb("23693f"))
    cv2.rectangle(face, (237, 190), (243, 208), rgb("4a3320"), -1)


def _volcano(face: Picture) -> None:
    _fade(face, "dfeaf4", "f1f4f6", "f1f4f6")
    _ridge(face, [226, 215, 196, 172, 138, 108, 92, 96, 122, 158, 188, 208, 220, 228], "8fb1d6", 0.5)
    _ridge(face, [226, 222, 215, 206, 196, 190, 184, 188, 196, 204, 212, 220, 224, 228], "a9c4df", 0.6)


def _desert(face: Picture) -> None:
    _fade(face, "4b3f8c", "f2e6d0", "efb072")
    soft = blur(face, 14)
    face[:] = soft
    _ridge(face, [204, 198, 206, 196, 196, 208, 200, 192, 192, 206], "8a4f86", 0.8)
    _ridge(face, [214, 212, 208, 214, 210, 212, 206, 212, 214, 210], "4a2f5e", 0.95)
    for x, tall in ((34, 52), (452, 44)):
        for left, top, right, bottom in ((-4, -tall, 4, 0), (-15, -tall + 14, -10, -tall + 30), (-15, -tall + 26, 0, -tall + 31), (10, -tall + 8, 15, -tall + 26), (0, -tall + 22, 15, -tall + 27)):  # fmt: skip
            cv2.rectangle(face, (x + left, 216 + top), (x + right, 216 + bottom), rgb("2f5b46"), -1)


def _star(face: Picture) -> None:
    _plain(face)
    cv2.rectangle(face, (8, 226), (472, 228), rgb("2a2a2e"), -1)


def _star_emblem(face: Picture, x: float) -> None:
    _five_point(face, x, 122, 19, "2a2a2e")


def _five_point(face: Picture, x: float, y: float, radius: float, colour: str) -> None:
    angles = np.arange(10) * np.pi / 5 - np.pi / 2
    lengths = np.where(np.arange(10) % 2, radius * 0.4, radius)
    outline = np.stack([x + np.cos(angles) * lengths, y + np.sin(angles) * lengths], axis=1)
    tint(face, polygon_mask(face.shape, outline), rgb(colour))


def _bands(face: Picture) -> None:
    face[:50] = rgb("1a2552")
    face[226:] = rgb("1a2552")


def _oranges(face: Picture) -> None:
    _fade(face, "f4f6f2", "f4f4ee", "dfeada")


def _orange_emblem(face: Picture, middle: float) -> None:
    centre = round(middle)
    for x, y in ((centre - 10, 128), (centre + 12, 122)):
        for radius, colour in ((21, "d9701f"), (17, "f08c2c"), (8, "f7ab5a")):
            disc = np.zeros(face.shape[:2], np.uint8)
            cv2.circle(disc, (x - (21 - radius) // 3, y - (21 - radius) // 3), radius, 255, -1, cv2.LINE_AA)
            tint(face, disc, rgb(colour))
    for leaf in ([(-2, 104), (-26, 92), (-14, 110)], [(2, 104), (28, 88), (18, 108)]):
        tint(face, polygon_mask(face.shape, np.add(leaf, (centre, 0))), rgb("2f7d3f"))


def _arch(face: Picture) -> None:
    _fade(face, "9cc3e6", "e6eef4", "f0d9c0")
    _ridge(face, [200, 196, 204, 198, 206, 200, 196, 204, 198, 202], "c97f4a", 0.6)
    for thick, colour in ((26, "c1683a"), (16, "d98a55")):
        arc = np.zeros(face.shape[:2], np.uint8)
        cv2.ellipse(arc, (240, 204), (92, 128), 0, 180, 360, 255, thick, cv2.LINE_AA)
        tint(face, arc, rgb(colour), 0.32)


def _rockies(face: Picture) -> None:
    _ridge(face, [52, 36, 56, 28, 46, 22, 42, 32, 54, 34, 50], "2c6b4b", 1.0)
    face[238:] = rgb("e8ebe6")


def _zia(face: Picture) -> None:
    face[:8] = face[232:] = rgb("b4232b")


def _zia_emblem(face: Picture, middle: float) -> None:
    centre, red = round(middle), rgb("b4232b")
    for offset in (-8, -3, 3, 8):
        reach = 24 if abs(offset) < 5 else 19
        cv2.line(face, (centre - reach, 122 + offset), (centre + reach, 122 + offset), red, 2, cv2.LINE_AA)
        cv2.line(face, (centre + offset, 122 - reach), (centre + offset, 122 + reach), red, 2, cv2.LINE_AA)
    cv2.circle(face, (centre, 122), 11, rgb("f0c433"), -1, cv2.LINE_AA)
    cv2.circle(face, (centre, 122), 11, red, 3, cv2.LINE_AA)


def no_emblem(_face: Picture, _middle: float) -> None:
    """Most serials have nothing in their gap."""


def _rainbow(face: Picture) -> None:
    for step, colour in enumerate(("c4503f", "e0913c", "ecd35a", "6fb36a", "5a8fc8", "8a6fb4")):
        arc = np.zeros(face.shape[:2], np.uint8)
        cv2.ellipse(arc, (240, 300), (330 - step * 12, 250 - step * 12), 0, 180, 360, 255, 13, cv2.LINE_AA)
        tint(face, arc, rgb(colour), 0.5)


PAINTERS: dict[str, Callable[[Picture], None]] = {
    "plain": _plain, "ranges": _ranges, "fir": _fir, "volcano": _volcano, "desert": _desert, "star": _star,
    "bands": _bands, "oranges": _oranges, "arch": _arch, "rockies": _rockies, "zia": _zia, "rainbow": _rainbow,
}  # fmt: skip
EMBLEMS: dict[str, Callable[[Picture, float], None]] = {
    "star": _star_emblem,
    "oranges": _orange_emblem,
    "zia": _zia_emblem,
}
