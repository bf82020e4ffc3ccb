"""Contact sheets of failures: each plate that was missed or misread, with its boxes, its label and what was read.

Pictures of the sets are not ours to publish: sheets are written to the git-ignored output folder only.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from PIL import Image, ImageDraw, ImageFont

from benchmarks.recognition.scoring import Row
from benchmarks.recognition.sets import Rect

TILE = (300, 170)  # pixels, of the crop
CAPTION = 40
COLUMNS = 6
AROUND = 1.0  # of the plate's width shown on either side
LABEL_COLOUR, READ_COLOUR = (40, 200, 60), (235, 60, 50)


def failed(row: Row) -> bool:
    """Whether the sheet shows this row: misread even when O = 0, or missed where only places are labelled."""
    return not (row.found if row.o_is_0 is None else row.o_is_0)


def contact_sheet(rows: Sequence[Row], path: Path) -> int:
    """Write a sheet of the failures among `rows`, the surest mistakes first; returns how many. None: no file is left."""
    worst = sorted((row for row in rows if failed(row)), key=lambda row: -(row.confidence or 0.0))
    path.unlink(missing_ok=True)
    if not worst:
        return 0
    width, height = TILE[0], TILE[1] + CAPTION
    sheet = Image.new("RGB", (COLUMNS * width, -(-len(worst) // COLUMNS) * height), (24, 24, 24))
    for i, row in enumerate(worst):
        sheet.paste(_tile(row), (i % COLUMNS * width, i // COLUMNS * height))
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(path)
    return len(worst)


def _tile(row: Row) -> Image.Image:
    tile = Image.new("RGB", (TILE[0], TILE[1] + CAPTION), (24, 24, 24))
    with Image.open(row.labelled.path) as stored:
        picture = stored.convert("RGB")
    box = row.labelled.box
    view = _view(box, picture.size)
    scale = min(TILE[0] / (view[2] - view[0]), TILE[1] / (view[3] - view[1]))
    size = (max(round((view[2] - view[0]) * scale), 1), max(round((view[3] - view[1]) * scale), 1))
    tile.paste(picture.crop(view).resize(size, Image.Resampling.BICUBIC), (0, 0))
    draw = ImageDraw.Draw(tile)
    outlines = [(LABEL_COLOUR, [(box[0], box[1]), (box[0] + box[2], box[1] + box[3])])] if box else []
    for plate in row.answer.plates:
        end = (plate.box.x + plate.box.width, plate.box.y + plate.box.height)
        outlines.append((READ_COLOUR, [(plate.box.x, plate.box.y), end]))
    for colour, corners in outlines:
        (x0, y0), (x1, y1) = (((x - view[0]) * scale, (y - view[1]) * scale) for x, y in corners)
        if x0 < TILE[0] and y0 < TILE[1]:
            draw.rectangle((x0, y0, x1, min(y1, TILE[1] - 1)), outline=colour, width=2)
    first = row.answer.plates[0] if row.answer.plates else None
    read = f"read {first.plate}  {first.confidence:.3f}" if first else row.answer.error or "nothing read"
    font = ImageFont.truetype(f"{mpl.get_data_path()}/fonts/ttf/DejaVuSans.ttf", 12)
    draw.rectangle((0, TILE[1], TILE[0], TILE[1] + CAPTION), fill=(24, 24, 24))
    draw.text((4, TILE[1] + 3), f"{row.labelled.path.name[:38]}", fill=(160, 160, 160), font=font)
    draw.text((4, TILE[1] + 20), f"{row.labelled.plate or 'a plate'}", fill=LABEL_COLOUR, font=font)
    draw.text((TILE[0] // 3, TILE[1] + 20), read, fill=READ_COLOUR, font=font)
    return tile


def _view(box: Rect | None, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """What of the picture the tile shows: left, top, right, bottom."""
    if box is None:
        return 0, 0, *size
    x, y, width, height = box
    middle = y + height / 2
    half = width * (1 + 2 * AROUND) * TILE[1] / TILE[0] / 2
    return (
        max(round(x - AROUND * width), 0), max(round(middle - half), 0),
        min(round(x + (1 + AROUND) * width), size[0]), min(round(middle + half), size[1]),
    )  # fmt: skip
