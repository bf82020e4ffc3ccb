"""Small encoded pictures for these tests, drawn here: no frame of a real camera is copied."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont


def pattern(width: int = 96, height: int = 64) -> Image.Image:
    """An RGB picture in which every pixel of every row differs from its neighbours."""
    y, x = np.mgrid[:height, :width]
    return Image.fromarray(np.dstack([x * 2, y * 3, (x + y) % 256]).astype(np.uint8))


def encoded(image: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def car(*lines: tuple[str, int, int, int], size: tuple[int, int] = (640, 400)) -> Image.Image:
    """A gray scene; each line is (text, x, y, size in pixels), dark on a light panel, as on a plate."""
    image = Image.new("RGB", size, (90, 95, 100))
    draw = ImageDraw.Draw(image)
    for text, x, y, height in lines:
        font = ImageFont.truetype(_font(), height)
        left, top, right, bottom = draw.textbbox((x, y), text, font=font)
        margin = height // 3
        draw.rectangle((left - margin, top - margin, right + margin, bottom + margin), fill=(235, 235, 230))
        draw.text((x, y), text, fill=(20, 25, 70), font=font)
    return image


def _font() -> str:
    import matplotlib as mpl  # noqa: PLC0415 - carries the fonts of the sample

    return f"{mpl.get_data_path()}/fonts/ttf/DejaVuSans-Bold.ttf"
