"""The real recogniser on drawn plates: what it answers, on odd inputs too, and that it stays offline."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from alpr_assets.errors import RecognitionError
from alpr_assets.lifecycle.recognition.paddle import PaddleFactory, PaddleRecogniser
from alpr_assets.lifecycle.recognition.pool import executor, recognise_many

from .jpegs import car, encoded, pattern

PLATE = "7ABC123"
SCENE = car((PLATE, 250, 220, 40), ("2024-05-09 07:08:50", 10, 8, 16), ("PLUMBING", 60, 60, 36))

OFFLINE = """
import sys
opened = []
def hook(event, args):
    # On import urllib3 makes a socket and binds it to this machine's own ::1, to learn whether there is IPv6.
    probe = event == "socket.__new__" or (event == "socket.bind" and args[1] == ("::1", 0))
    if event.startswith("socket.") and not probe:
        opened.append((event, args))
sys.addaudithook(hook)
from pathlib import Path
from alpr_assets.lifecycle.recognition.paddle import PaddleRecogniser
answer = PaddleRecogniser(Path(sys.argv[1])).recognise(Path(sys.argv[2]).read_bytes())
assert [p.plate for p in answer.plates] == ["7ABC123"], len(answer.plates)
assert not opened, opened
import os
assert os.environ["ORT_DISABLE_TELEMETRY"] == "1"  # its sockets are native code, which no hook sees
"""


@pytest.fixture(scope="module")
def cache(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def recogniser(cache) -> PaddleRecogniser:
    return PaddleRecogniser(cache)


def plates(recogniser: PaddleRecogniser, picture: bytes) -> list[str]:
    return [p.plate for p in recogniser.recognise(picture).plates]


def test_plate_is_read_and_stamp_and_lettering_are_not(recogniser):
    answer = recogniser.recognise(encoded(SCENE))
    (reading,) = answer.plates
    assert (reading.plate, reading.rank) == (PLATE, 0)
    assert (answer.width, answer.height) == SCENE.size
    assert answer.ms > 0
    assert 0.5 < reading.confidence <= 1
    assert "".join(c.text for c in reading.characters) == PLATE
    assert all(0 <= c.confidence <= 1 for c in reading.characters)
    assert reading.candidates[0].plate == PLATE
    assert 1 <= len(reading.candidates) <= 5
    assert reading.box.x == pytest.approx(245, abs=15)
    assert reading.box.y == pytest.approx(223, abs=15)
    assert reading.region is None
    assert pickle.loads(pickle.dumps(answer)) == answer


def test_each_of_two_cars_has_its_plate(recogniser):
    scene = car(("7ABC123", 60, 220, 40), ("8XYZ987", 400, 100, 16))
    assert plates(recogniser, encoded(scene)) == ["7ABC123", "8XYZ987"]


def test_state_above_the_plate_is_its_region(recogniser):
    scene = car(("CALIFORNIA", 262, 185, 22), (PLATE, 250, 220, 40))
    (reading,) = recogniser.recognise(encoded(scene)).plates
    assert (reading.plate, reading.region) == (PLATE, "ca")
    assert 0.7 < (reading.region_confidence or 0) <= 1


def test_plate_in_two_boxes_is_one_plate(recogniser):
    scene = car(("ABC", 200, 200, 40), ("1234", 330, 200, 40))
    assert plates(recogniser, encoded(scene))[0] == "ABC1234"


def test_picture_without_text_shows_no_plate(recogniser):
    assert plates(recogniser, encoded(car())) == []
    assert plates(recogniser, encoded(Image.new("L", (64, 48), 0))) == []
    noise = np.random.default_rng(3).integers(0, 256, (300, 400, 3), np.uint8)
    assert plates(recogniser, encoded(Image.fromarray(noise))) == []


@pytest.mark.parametrize("size", [(16, 16), (17, 900), (3000, 20), (4000, 3000)])
def test_odd_shapes_are_answered(recogniser, size):
    assert plates(recogniser, encoded(pattern(*size))) == []


@pytest.mark.parametrize(
    ("mode", "kind"),
    [("CMYK", "JPEG"), ("CMYK", "TIFF"), ("L", "JPEG"), ("RGBA", "PNG"), ("P", "GIF"), ("RGB", "WEBP"), ("I", "TIFF")],
)
def test_colour_modes_and_formats_read_alike(recogniser, mode, kind):
    assert plates(recogniser, encoded(SCENE.convert(mode), kind)) == [PLATE]


def test_sixteen_bit_gray_reads_alike(recogniser):
    gray = Image.fromarray(np.asarray(SCENE.convert("L")).astype(np.uint16) * 16)
    assert plates(recogniser, encoded(gray, "PNG")) == [PLATE]


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_rotated_picture_reads_alike_and_its_box_is_in_stored_pixels(recogniser, orientation):
    turn = {3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = SCENE.transpose(turn)
    answer = recogniser.recognise(encoded(stored, exif=exif))
    (reading,) = answer.plates
    assert reading.plate == PLATE
    assert (answer.width, answer.height) == stored.size
    box = reading.box
    inside = stored.convert("L").crop((box.x, box.y, box.x + box.width, box.y + box.height))
    assert np.asarray(inside).mean() > 130, "the light panel, not the gray scene"
    assert (box.width > box.height) == (orientation == 3)


@pytest.mark.parametrize("junk", [b"", b"no picture", encoded(SCENE)[:3000]])
def test_what_is_no_picture_is_an_error_and_the_recogniser_goes_on(recogniser, junk):
    with pytest.raises(RecognitionError):
        recogniser.recognise(junk)
    assert plates(recogniser, encoded(SCENE)) == [PLATE]


def test_same_picture_gives_the_same_answer(recogniser):
    one, two = (recogniser.recognise(encoded(SCENE)) for _ in range(2))
    assert one.plates == two.plates


def test_version_tells_figures_apart(recogniser, cache):
    assert PaddleFactory(cache)().version.version_id == recogniser.version.version_id
    assert PaddleFactory(cache, limit_side=736)().version.version_id != recogniser.version.version_id
    assert str(cache) not in str(recogniser.version), "where the weights lie does not make a version"


def test_senseless_figure_is_refused(cache):
    with pytest.raises(RecognitionError):
        PaddleRecogniser(cache, limit_side=0)


@pytest.mark.long
def test_spawned_processes_read_too(cache):
    with executor(2, None, PaddleFactory(cache)) as pool:
        outcomes = list(recognise_many(pool, [(i, lambda: encoded(SCENE)) for i in range(4)]))
    assert [o.recognition and [p.plate for p in o.recognition.plates] for o in outcomes] == [[PLATE]] * 4


def test_nothing_is_written_at_home_and_nothing_is_connected_or_looked_up(tmp_path):
    home, work, picture = tmp_path / "home", tmp_path / "work", tmp_path / "scene.jpg"
    home.mkdir()
    work.mkdir()
    picture.write_bytes(encoded(SCENE))
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PADDLE", "XDG", "HF_", "MPLCONFIGDIR"))}
    root = str(Path(__file__).parents[3])
    environment = {**kept, "HOME": str(home), "PYTHONPATH": root, "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", OFFLINE, str(tmp_path / "models"), str(picture)]
    done = subprocess.run(command, env=environment, cwd=work, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert list(home.rglob("*")) == []
    assert list(work.rglob("*")) == []
