"""A plate cut out of its picture: the right part, upright, of this capture only, and the whole opening is recorded."""

from __future__ import annotations

import io
from functools import partial

import pytest
from PIL import Image

from alpr_assets.access.record.entries import ResultId
from alpr_assets.access.roles import Action
from alpr_assets.errors import AccessRefusedError, NotFoundError
from alpr_assets.lifecycle.captures.landing import land_drop
from alpr_assets.lifecycle.recognition.light import labelled
from alpr_assets.search.crops import open_plate
from alpr_assets.store.sealed import sha256_hex
from tests.builders import drop, line
from tests.patrols import AT, DAY
from tests.people import ask, member

ORIENTATION = 0x0112
RED = (220, 20, 20)


def landed(patrol, *, orientation: int = 1):
    """A gray picture whose plate, 40 × 20 at (80, 30) as stored, is red; its read."""
    picture = Image.new("RGB", (200, 100), (90, 90, 90))
    picture.paste(RED, (80, 30, 120, 50))
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=95, exif=exif)
    content = labelled(out.getvalue(), [{"plate": "7ABC123", "box": [80, 30, 40, 20]}])
    folder = drop(patrol.folder / "pictures", {"0.jpg": content}, [line("0.jpg", AT)])
    land_drop(patrol.store, folder, policy=patrol.policy, now=patrol.now)
    patrol.recognise()
    (read,) = patrol.reads()
    return read


def cut(through, patrol, capture_id, read_id, action=Action.OPEN_IMAGE):
    search = partial(open_plate, store=patrol.store, day=DAY, capture_id=capture_id, read_id=read_id)
    return through(member(), ask(action), search).rows


@pytest.mark.parametrize(("orientation", "size"), [(1, (80, 60)), (3, (80, 60)), (6, (60, 80)), (8, (60, 80))])
@pytest.mark.clause("422.4(f)")
def test_the_plate_lies_in_the_middle_with_half_its_width_around_it(through, patrol, recorder, orientation, size):
    """As a person sees the picture: turned by its EXIF."""
    read = landed(patrol, orientation=orientation)
    part = cut(through, patrol, read.capture_id, read.read_id)
    with Image.open(io.BytesIO(part.content)) as picture:
        assert picture.size == size
        middle = picture.getpixel((size[0] // 2, size[1] // 2))
        corner = picture.getpixel((1, 1))
    assert middle[0] > 200
    assert middle[1] < 60
    assert abs(corner[0] - 90) < 10
    assert (part.media_type, part.sha256) == ("image/png", sha256_hex(part.content))
    assert [list(entry.results) for entry in recorder.entries] == [[ResultId("capture", DAY, read.capture_id)]]


def test_a_read_of_another_capture_is_none_of_this_one(through, patrol):
    read = landed(patrol)
    with pytest.raises(NotFoundError):
        cut(through, patrol, read.capture_id, read.read_id + 1)
    with pytest.raises(NotFoundError):
        cut(through, patrol, read.capture_id + 1, read.read_id)


def test_a_grant_for_another_search_cuts_nothing(through, patrol):
    read = landed(patrol)
    with pytest.raises(AccessRefusedError):
        cut(through, patrol, read.capture_id, read.read_id, Action.PLATE_HISTORY)
