"""A recogniser that reads no pixels, for rehearsals and tests: the picture itself says which plates it shows.

Here: `LightRecogniser`, its factory, and `labelled`, which writes the answer into a JPEG. Deterministic, under 1 ms.
NEVER for operation: whoever can label a picture decides what is read; its version says "light".

The label is JSON in the JPEG's comment, or in the EXIF UserComment:
    {"plates": [{"plate": "7ABC123", "confidence": 0.93, "box": [x, y, width, height],
                 "region": "ca", "region_confidence": 0.8, "candidates": [["7A8C123", 0.05]]}]}
Only `plate` is required. A picture without a label shows no plate.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alpr_assets.errors import RecognitionError
from alpr_assets.lifecycle.recognition.pictures import opened
from alpr_assets.lifecycle.recognition.recogniser import (
    Box,
    Candidate,
    Character,
    PlateReading,
    RecogniserVersion,
    Recognition,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from PIL import Image

EXIF_IFD, USER_COMMENT = 0x8769, 0x9286
CONFIDENCE = 0.9  # where the label gives none


class LightRecogniser:
    """Answers what the picture's label says; see the module."""

    version = RecogniserVersion("label", "light", {"code": 1})

    def recognise(self, picture: bytes) -> Recognition:
        """Read the label of one picture. Raises RecognitionError for no picture or a malformed label."""
        began = time.perf_counter()
        image = opened(picture)
        width, height = image.size
        text = _label(image)
        try:
            entries = json.loads(text)["plates"] if text else []
            plates = tuple(_reading(entry, rank, (width, height)) for rank, entry in enumerate(entries))
        except (ValueError, KeyError, TypeError) as error:
            raise RecognitionError("the picture's label is not the JSON that light.py describes") from error
        return Recognition(plates, width, height, (time.perf_counter() - began) * 1e3)


@dataclass(frozen=True, slots=True)
class LightFactory:
    """Makes a LightRecogniser on a spawned process or a Dask worker; needs no model cache."""

    model_cache: Path | None = None

    @property
    def version(self) -> RecogniserVersion:
        return LightRecogniser.version

    def __call__(self) -> LightRecogniser:
        return LightRecogniser()


light_recogniser = LightFactory()


def labelled(jpeg: bytes, plates: Sequence[Mapping[str, Any]]) -> bytes:
    """Return the JPEG with `plates` written into its comment; the pixels stay byte for byte.

    Raises
    ------
    ValueError : not a JPEG, or a label longer than a JPEG segment (65,533 bytes)
    """
    if jpeg[:2] != b"\xff\xd8":
        raise ValueError("a label can only be written into a JPEG")
    comment = json.dumps({"plates": [dict(plate) for plate in plates]}).encode()
    if len(comment) > 0xFFFF - 2:
        raise ValueError("the label exceeds one JPEG segment")
    return jpeg[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + jpeg[2:]


def _label(image: Image.Image) -> str:
    comment = image.info.get("comment") or image.getexif().get_ifd(EXIF_IFD).get(USER_COMMENT) or b""
    if isinstance(comment, bytes):
        # A UserComment begins with eight bytes naming its character set.
        comment = comment.removeprefix(b"ASCII\0\0\0").removeprefix(b"UNICODE\0").removeprefix(b"\0" * 8)
        comment = comment.decode("utf-8", "replace")
    text = str(comment).strip("\0 ")
    return text if text.startswith("{") else ""  # a camera's own comment is no label


def _reading(entry: Mapping[str, Any], rank: int, size: tuple[int, int]) -> PlateReading:
    plate, confidence = str(entry["plate"]), float(entry.get("confidence", CONFIDENCE))
    x, y, width, height = (int(n) for n in entry.get("box") or (0, 0, *size))
    others = tuple(Candidate(str(other), float(score)) for other, score in entry.get("candidates", ()))
    own = () if any(c.plate == plate for c in others) else (Candidate(plate, confidence),)
    region, region_confidence = entry.get("region"), entry.get("region_confidence")
    return PlateReading(
        plate=plate,
        raw=str(entry.get("raw", plate)),
        confidence=confidence,
        characters=tuple(Character(c, confidence) for c in plate),
        candidates=tuple(sorted(own + others, key=lambda c: -c.confidence))[:5],
        box=Box(x, y, width, height),
        quad=((x, y), (x + width, y), (x + width, y + height), (x, y + height)),
        region=region,
        region_confidence=CONFIDENCE if region and region_confidence is None else region_confidence,
        rank=rank,
    )
