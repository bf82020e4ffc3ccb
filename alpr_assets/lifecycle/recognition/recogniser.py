"""What a recogniser is and what it answers; the rest of the system imports only this.

Here: the value classes and the protocol. Not here: any model, any picture library.
All pixels are those of the picture AS STORED: an EXIF rotation is undone for reading and boxes are mapped back.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any, Protocol

# A pair (x, y) in pixels of the stored picture; fractions are real, points may lie slightly outside of it.
Point = tuple[float, float]
Quad = tuple[Point, Point, Point, Point]


@dataclass(frozen=True, slots=True)
class Candidate:
    """Another string for a read; confidence 0–1."""

    plate: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Character:
    """One character of `plate`, in reading order; confidence 0–1."""

    text: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Box:
    """Upright rectangle in pixels: (x, y) is its upper left corner, inside the picture."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class PlateReading:
    """One plate as read from one picture.

    plate : A–Z and 0–9 only
    raw : the text as the reader gave it, before masking to A–Z0–9
    confidence : 0–1; how far to trust that `plate` is exactly right
    characters : one a character of `plate`
    candidates : at most 5, best first, `plate` among them
    quad : the plate text's corners, clockwise from the first letter's upper left
    region : two-letter code in lower case such as "ca", or None when the picture does not say
    rank : 0 for the best plate of the picture
    """

    plate: str
    raw: str
    confidence: float
    characters: tuple[Character, ...]
    candidates: tuple[Candidate, ...]
    box: Box
    quad: Quad
    region: str | None = None
    region_confidence: float | None = None
    rank: int = 0


@dataclass(frozen=True, slots=True)
class Recognition:
    """What one picture shows: plates, best first (none is a result); its stored size; ms spent on it."""

    plates: tuple[PlateReading, ...]
    width: int
    height: int
    ms: float


@dataclass(frozen=True, slots=True)
class RecogniserVersion:
    """Which recogniser read: the same id promises the same code, weights and figures.

    `details` holds plain JSON values. The id covers all three fields, so nothing can differ under one id.
    """

    version_id: str = field(init=False)
    detector: str
    reader: str
    details: dict[str, Any]

    def __post_init__(self) -> None:
        described = {"detector": self.detector, "reader": self.reader, "details": self.details}
        canonical = json.dumps(described, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
        object.__setattr__(self, "version_id", hashlib.sha256(canonical.encode()).hexdigest()[:16])


class Recogniser(Protocol):
    """Reads plates. Made once a process, used for many pictures; not shared between threads."""

    @property
    def version(self) -> RecogniserVersion:
        """Which recogniser this is."""
        ...

    def recognise(self, picture: bytes) -> Recognition:
        """Read the plates of one encoded picture.

        Raises
        ------
        RecognitionError : the bytes are no picture, are cut beyond use, or hold more than 100 megapixels
        """
        ...
