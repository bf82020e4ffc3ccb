"""The recogniser in use on drawn streets: what it answers, what it leaves out, and that nothing that arrives stops it."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import pickle
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import settings as settings_of_hypothesis
from hypothesis import strategies as st
from PIL import Image

from alpr_assets.cli import main
from alpr_assets.errors import RecognitionError
from alpr_assets.lifecycle.recognition import plates as module
from alpr_assets.lifecycle.recognition.plates import CALIBRATION, DETECTOR, READER, PlateFactory, PlateRecogniser
from alpr_assets.lifecycle.recognition.pool import executor, recognise_many
from alpr_assets.lifecycle.recognition.recogniser import Box, RecogniserVersion
from alpr_assets.settings import settings

from .drawn import MODELS, Street, close_up, jpeg, street
from .jpegs import encoded, pattern

OURS = "CA 8ABC123"
ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def recogniser() -> PlateRecogniser:
    return PlateFactory(models=MODELS)()


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A folder with the committed weights and a manifest of its own, which a test may change."""
    for name in (DETECTOR, READER):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).symlink_to(MODELS / name)
    pins = json.loads((MODELS / "manifest.json").read_text())
    (tmp_path / "manifest.json").write_text(json.dumps({name: pins[name] for name in (DETECTOR, READER)}))
    return tmp_path


def one_street(condition: str = "day") -> Street:
    return street(3, OURS, condition=condition)


def strings(recogniser: PlateRecogniser, picture: bytes) -> list[str]:
    return [plate.plate for plate in recogniser.recognise(picture).plates]


def overlap(box: Box, quad: np.ndarray) -> float:
    """Shared over joint area of a box and the rectangle around drawn corners, counted in pixels."""
    both = np.zeros((2, 3000, 6000), bool)
    both[0, box.y : box.y + box.height, box.x : box.x + box.width] = True
    (left, top), (right, bottom) = quad.min(0).round().astype(int), quad.max(0).round().astype(int)
    both[1, top:bottom, left:right] = True
    return both.all(0).sum() / both.any(0).sum()


# ── what a street shows ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_plate_is_read_with_its_place_its_state_and_its_doubts(recogniser):
    scene = one_street()
    answer = recogniser.recognise(scene.jpeg)
    (reading,) = answer.plates
    assert (answer.width, answer.height) == (1280, 720)
    assert answer.ms > 0
    assert (reading.plate, reading.raw, reading.region, reading.rank) == ("8ABC123", "8ABC123", "ca", 0)
    assert 0.5 < (reading.region_confidence or 0) <= 1
    assert 0 < reading.confidence <= 1
    assert "".join(character.text for character in reading.characters) == reading.plate
    assert all(0.5 < character.confidence <= 1 for character in reading.characters)
    assert pickle.loads(pickle.dumps(answer)) == answer


def test_candidates_are_few_and_different_and_begin_with_the_plate(recogniser):
    (reading,) = recogniser.recognise(one_street().jpeg).plates
    names = [candidate.plate for candidate in reading.candidates]
    assert names[0] == reading.plate
    assert 1 <= len(names) <= 5
    assert len(set(names)) == len(names)
    assert all(0 < candidate.confidence <= 1 for candidate in reading.candidates)


def test_what_the_grammar_decides_leaves_raw_and_every_probability_as_read(recogniser):
    """California's middle letter may be an O, Washington's plates end in digits; 0 and O are much alike here."""
    scenes = {509: "CA 8BOG808", 578: "CA 8BOG808", 549: "WA BSZ0000"}
    shown = [
        street(seed, plate, condition="rain" if seed != 549 else "dusk", light="dusk") for seed, plate in scenes.items()
    ]
    readings = [recogniser.recognise(scene.jpeg).plates[0] for scene in shown]
    for reading in readings:
        most_probable = max(reading.candidates, key=lambda candidate: candidate.confidence)
        assert reading.raw == most_probable.plate
        assert "".join(character.text for character in reading.characters) == reading.plate
    assert any(reading.raw != reading.plate for reading in readings)
    assert sum(reading.plate in scene.quads for reading, scene in zip(readings, shown, strict=True)) >= 2


@pytest.mark.parametrize("condition", ["day", "night", "angle"])
def test_box_and_corners_lie_on_the_drawn_plate(recogniser, condition):
    scene = street(3, OURS, condition=condition, light="night" if condition == "night" else "day")
    (reading,) = [plate for plate in recogniser.recognise(scene.jpeg).plates if plate.plate == "8ABC123"]
    truth = scene.quads["8ABC123"]
    assert overlap(reading.box, truth) > 0.6
    assert np.abs(np.array(reading.quad) - truth).max() < 0.12 * np.ptp(truth[:, 0])


def test_each_of_two_cars_has_its_plate_and_the_surer_one_is_first(recogniser):
    scene = street(20, OURS, "AZ KLM4829")
    answer = recogniser.recognise(scene.jpeg)
    assert {plate.plate for plate in answer.plates} == set(scene.quads)
    assert [plate.rank for plate in answer.plates] == [0, 1]
    for plate in answer.plates:
        assert overlap(plate.box, scene.quads[plate.plate]) > 0.5


def test_most_plates_of_every_light_are_read(recogniser):
    """Twelve, of which an earlier version read eleven: a margin for the next one."""
    n_right = 0
    for condition, light in (("day", "day"), ("dusk", "dusk"), ("night", "night"), ("rain", "rain"), ("angle", "day"), ("infrared", "infrared")):  # fmt: skip
        for seed, plate in ((51, "NV 482~K15"), (52, "CA 7KLM482")):
            scene = street(seed, plate, condition=condition, light=light)
            n_right += strings(recogniser, scene.jpeg)[:1] == list(scene.quads)
    assert n_right >= 10


@pytest.mark.parametrize("seed", [3, 8, 100, 107, 149, 161])
def test_an_empty_street_shows_no_plate(recogniser, seed):
    """Awnings with PHARMACY, LAUNDRY and DONUTS on them, and blank recesses on vans, which look like plates."""
    light = {107: "rain", 149: "dusk", 161: "dusk"}.get(seed, "day")
    assert strings(recogniser, street(seed, condition=light).jpeg) == []


def test_a_word_of_a_shop_front_is_a_plate_where_its_state_is_named(recogniser):
    assert strings(recogniser, jpeg(close_up("CA BAKERY"))) == ["BAKERY"]


def test_no_picture_without_a_plate_shows_one(recogniser):
    noise = np.random.default_rng(3).integers(0, 256, (300, 400, 3), np.uint8)
    for image in (Image.new("L", (64, 48), 0), Image.new("RGB", (1280, 720), (90, 95, 100)), Image.fromarray(noise)):
        assert strings(recogniser, encoded(image)) == []


@pytest.mark.parametrize("plate", ["CA 7ABC123", "NV 482~K15", "AZ CKL4821", "FL CKL~M48", "CO CKL~M48", "HI CKL 482"])
def test_a_plate_that_fills_the_picture_is_read_up_to_its_edges(recogniser, plate):
    pixels = close_up(plate)
    (reading,) = recogniser.recognise(jpeg(pixels)).plates
    assert reading.plate == "".join(c for c in plate[3:] if c.isalnum())
    assert reading.region == plate[:2].lower()
    assert reading.box == Box(0, 0, pixels.shape[1], pixels.shape[0])


def test_same_picture_gives_the_same_answer(recogniser):
    one, two = (recogniser.recognise(one_street().jpeg).plates for _ in range(2))
    assert one == two


# ── sizes and rotations ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_picture_of_4k_is_read_and_its_box_is_in_its_own_pixels(recogniser):
    scene = one_street()
    large = cv2.resize(scene.pixels, (3840, 2160), interpolation=cv2.INTER_CUBIC)
    reading = recogniser.recognise(jpeg(large)).plates[0]
    assert reading.plate == "8ABC123"
    assert overlap(reading.box, 3 * scene.quads["8ABC123"]) > 0.6


def test_a_plate_that_is_small_in_a_picture_of_4k_is_found_in_its_tile(recogniser):
    """As wide as in a 720p frame, in one ninth of the picture: shrunk whole, it would have five pixels a character."""
    rows = [np.hstack([street(10 * row + i).pixels for i in range(3)]) for row in range(3)]
    mosaic, scene = np.vstack(rows), street(1, OURS)
    mosaic[720:1440, 2560:] = scene.pixels
    plates = recogniser.recognise(jpeg(mosaic)).plates
    assert plates[0].plate == "8ABC123"
    assert overlap(plates[0].box, scene.quads["8ABC123"] + np.float32((2560, 720))) > 0.6


def test_every_plate_of_a_panorama_is_read_where_it_is(recogniser):
    shown = [street(1, OURS), street(2), street(4, "NV 482~K15"), street(6, "AZ KLM4829")]
    panorama = np.hstack([scene.pixels for scene in shown])
    found = {plate.plate: plate for plate in recogniser.recognise(jpeg(panorama)).plates}
    for i, scene in enumerate(shown):
        for plate, quad in scene.quads.items():
            assert overlap(found[plate].box, quad + np.float32((1280 * i, 0))) > 0.6


def test_a_plate_in_a_picture_wider_than_opencv_turns_is_read(recogniser):
    """40,000 pixels wide and 29 megapixels: below the limit, so it is read like any other."""
    scene = street(1, OURS)
    strip = np.full((720, 40_000, 3), 110, np.uint8)
    strip[:, 35_000:36_280] = scene.pixels
    picture = encoded(Image.fromarray(strip[..., ::-1]), "PPM")
    (reading,) = recogniser.recognise(picture).plates
    assert reading.plate == "8ABC123"
    assert reading.box.x == pytest.approx(35_000 + scene.quads["8ABC123"][:, 0].min(), abs=20)


def test_a_wide_view_of_many_cars_loses_none_of_their_plates(recogniser):
    """Eight plates that the detector is sure of: once only the first five were read, and the others gone without a word."""
    shown = [street(20 + i, f"CA 8{'ABCD'[i]}KT{120 + 37 * i}", f"AZ {'ABCD'[i]}YP{4719 + 111 * i}") for i in range(4)]
    rows = [np.hstack([scene.pixels for scene in shown[i : i + 2]]) for i in (0, 2)]
    plates = recogniser.recognise(jpeg(np.vstack(rows))).plates
    corners = [(0, 0), (1280, 0), (0, 720), (1280, 720)]
    truth = {p: q + np.float32(at) for scene, at in zip(shown, corners, strict=True) for p, q in scene.quads.items()}
    for plate, quad in truth.items():
        assert any(overlap(found.box, quad) > 0.5 for found in plates), plate
    assert len(set(truth) & {found.plate for found in plates}) >= 6
    assert [found.rank for found in plates] == list(range(len(plates)))


@pytest.mark.parametrize("size", [(16, 16), (17, 900), (3000, 20), (4000, 3000), (16, 6000)])
def test_odd_shapes_are_answered(recogniser, size):
    answer = recogniser.recognise(encoded(pattern(*size)))
    assert (answer.width, answer.height) == size
    for plate in answer.plates:
        assert 0 <= plate.box.x < plate.box.x + plate.box.width <= size[0]
        assert 0 <= plate.box.y < plate.box.y + plate.box.height <= size[1]


# EXIF's value, and what makes a stored picture of an upright one: the inverse of what a viewer does.
STORED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}  # fmt: skip


def edges(box: Box) -> tuple[int, int, int, int]:
    return box.x, box.y, box.x + box.width, box.y + box.height


def rotated(image: Image.Image, orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(image.transpose(STORED[orientation]), "PNG", exif=exif, compress_level=1)


@pytest.mark.parametrize("orientation", STORED)
def test_a_rotated_picture_reads_alike_and_its_places_are_in_stored_pixels(recogniser, orientation):
    """PNG keeps every pixel, so the answer is the same but for its places."""
    upright = Image.fromarray(np.ascontiguousarray(one_street().pixels[..., ::-1]))
    (expected,) = recogniser.recognise(encoded(upright, "PNG", compress_level=1)).plates
    answer = recogniser.recognise(rotated(upright, orientation))
    (reading,) = answer.plates
    assert replace(reading, box=expected.box, quad=expected.quad) == expected
    assert (answer.width, answer.height) == upright.transpose(STORED[orientation]).size
    marked = Image.new("L", upright.size)
    marked.paste(255, edges(expected.box))
    assert edges(reading.box) == pytest.approx(marked.transpose(STORED[orientation]).getbbox(), abs=1)
    for at, upright_at in zip(reading.quad, expected.quad, strict=True):
        marked = Image.new("L", upright.size)
        marked.putpixel((int(upright_at[0]), int(upright_at[1])), 255)
        left, top, _, _ = marked.transpose(STORED[orientation]).getbbox()
        assert at == pytest.approx((left + 0.5, top + 0.5), abs=1)


# ── whatever arrives ───────────────────────────────────────────────────────────────────────────────────────────────


def bad_pictures() -> dict[str, tuple[bytes, str]]:
    """Name → content, and what is said of it."""
    return {
        "empty.jpg": (b"", "0 bytes"),
        "cut.jpg": (one_street().jpeg[:3000], "cut off"),
        "pixel.png": (encoded(Image.new("RGB", (1, 1)), "PNG"), "1 × 1 pixels"),
        "bomb.png": (encoded(Image.new("1", (10_001, 10_001)), "PNG"), "above 100 megapixels"),
        "text.jpg": (b"plates of the night shift", "no picture"),
    }


def odd_pictures() -> dict[str, bytes]:
    """Unusual, but pictures of the one plate, as everybody's viewer shows them."""
    image = Image.fromarray(np.ascontiguousarray(one_street().pixels[..., ::-1]))
    wide = Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 16)
    return {
        "ends_early.jpg": one_street().jpeg[:-2000],
        "animated.gif": encoded(image, "GIF", save_all=True, append_images=[Image.new("RGB", image.size)]),
        "cmyk.jpg": encoded(image.convert("CMYK")),
        "gray.jpg": encoded(image.convert("L")),
        "clear.png": encoded(image.convert("RGBA"), "PNG", compress_level=1),
        "sixteen.png": encoded(wide, "PNG", compress_level=1),
        "turned.png": rotated(image, 6),
    }


@pytest.mark.parametrize("name", bad_pictures())
def test_what_cannot_be_read_is_an_error_with_a_remedy_and_the_recogniser_goes_on(recogniser, name):
    content, words = bad_pictures()[name]
    with pytest.raises(RecognitionError, match=words) as refused:
        recogniser.recognise(content)
    assert refused.value.remedy
    assert strings(recogniser, one_street().jpeg) == ["8ABC123"]


@pytest.mark.parametrize("name", odd_pictures())
def test_odd_pictures_are_read_like_any_other(recogniser, name):
    assert strings(recogniser, odd_pictures()[name]) == ["8ABC123"]


@settings_of_hypothesis(max_examples=25)
@given(st.integers(0, 40_000), st.binary(min_size=1, max_size=40), st.integers(0, 3000))
def test_damage_gives_an_answer_or_our_error_and_nothing_else(recogniser, at, noise, lost):
    whole = one_street().jpeg
    damaged = whole[:at] + noise + whole[at + len(noise) : len(whole) - lost]
    with suppress(RecognitionError):
        answer = recogniser.recognise(damaged)
        for plate in answer.plates:
            assert 0 <= plate.box.x < plate.box.x + plate.box.width <= answer.width
            assert 0 <= plate.box.y < plate.box.y + plate.box.height <= answer.height
            assert 0 <= plate.confidence <= 1


def test_the_command_reads_a_folder_of_them_and_says_what_it_could_not_read(tmp_path, monkeypatch):
    """With the recogniser that is used where nothing is set; never a trace, never a crash."""
    for name in ("data", "keys", "drops", "hotlists"):
        monkeypatch.setenv(f"ALPR_{name.upper()}", str(tmp_path / name))
    monkeypatch.delenv("ALPR_RECOGNISER", raising=False)
    settings.cache_clear()
    bad, odd = {name: content for name, (content, _) in bad_pictures().items()}, odd_pictures()
    (tmp_path / "pictures").mkdir()
    for name, content in (bad | odd).items():
        (tmp_path / "pictures" / name).write_bytes(content)
    result = CliRunner().invoke(main, ["recognize", str(tmp_path / "pictures"), "--json"])
    settings.cache_clear()
    answers = {Path(answer["file"]).name: answer for answer in map(json.loads, result.output.splitlines())}
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert set(answers) == set(bad) | set(odd)
    for name, (_, words) in bad_pictures().items():
        assert words in answers[name]["error"]
    for name in odd:
        assert [plate["plate"] for plate in answers[name]["plates"]] == ["8ABC123"], name


# ── versions, processes, weights ───────────────────────────────────────────────────────────────────────────────────


def with_pin(models: Path, name: str, sha256: str) -> PlateFactory:
    pins = json.loads((models / "manifest.json").read_text())
    pins[name] = {"sha256": sha256, "bytes": 1}
    (models / "manifest.json").write_text(json.dumps(pins))
    return PlateFactory(models=models)


def test_the_factory_promises_the_version_that_the_recogniser_has(recogniser):
    assert PlateFactory(models=MODELS).version == recogniser.version
    assert str(MODELS) not in str(recogniser.version), "where the weights lie does not make a version"


@pytest.mark.parametrize("name", [DETECTOR, READER, CALIBRATION])
def test_other_weights_are_another_version(models, name):
    before = PlateFactory(models=models).version.version_id
    assert with_pin(models, name, "0" * 64).version.version_id != before


def test_other_code_is_another_version(models, monkeypatch):
    before = PlateFactory(models=models).version
    monkeypatch.setattr(module, "digest", lambda *_: "0" * 16)
    after = PlateFactory(models=models).version
    assert after.version_id != before.version_id
    assert RecogniserVersion(after.detector, after.reader, after.details | {"code": before.details["code"]}) == before


def test_every_module_that_decides_a_read_is_part_of_the_version():
    """A new import that is forgotten there would change reads under one version id."""
    folder = Path(module.__file__).parent
    trees = {path.stem: ast.parse(path.read_text("utf-8")) for path in folder.glob("*.py")}
    (call,) = [
        node for node in ast.walk(trees["plates"]) if isinstance(node, ast.Call) and ast.unparse(node.func) == "digest"
    ]
    listed = {ast.literal_eval(argument) for argument in call.args}
    waiting, reached = {"plates"}, set()
    while waiting:
        reached.add(name := waiting.pop())
        waiting |= {other for other in trees if f"recognition.{other}" in _imports(trees[name])} - reached
    # Value classes, the digest itself, and the wheel's weights, whose SHA-256 is in the version on its own.
    assert reached - listed == {"recogniser", "provenance", "weights"}


def _imports(tree: ast.Module) -> set[str]:
    package = "alpr_assets.lifecycle."
    named = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(package):
            inner = str(node.module).removeprefix(package)
            named |= {inner} | {f"{inner}.{alias.name}" for alias in node.names}
    return named


def test_the_factory_and_its_answers_travel_to_other_processes():
    factory = PlateFactory(models=MODELS)
    assert pickle.loads(pickle.dumps(factory)) == factory
    with executor(2, None, factory) as pool:
        outcomes = list(recognise_many(pool, [(i, lambda: one_street().jpeg) for i in range(4)]))
    assert [o.recognition and [p.plate for p in o.recognition.plates] for o in outcomes] == [["8ABC123"]] * 4


def test_the_setting_names_the_weights_where_the_factory_does_not(models, monkeypatch):
    other = with_pin(models, READER, "0" * 64).version
    monkeypatch.setenv("ALPR_MODELS", str(models))
    settings.cache_clear()
    try:
        assert PlateFactory().version == other
    finally:
        settings.cache_clear()


def test_weights_that_are_not_the_pinned_ones_read_nothing(models):
    with pytest.raises(RecognitionError, match="SHA-256") as refused:
        with_pin(models, READER, "0" * 64)()
    assert READER in str(refused.value)
    assert refused.value.remedy


def with_calibration(models: Path, intercept: float) -> PlateFactory:
    content = json.dumps({"intercept": intercept, "weights": {}}).encode()
    (models / CALIBRATION).write_bytes(content)
    return with_pin(models, CALIBRATION, hashlib.sha256(content).hexdigest())


@pytest.mark.parametrize(("intercept", "confidence"), [(0.0, 0.5), (1e6, 1.0), (-1e6, 0.0)])
def test_a_pinned_calibration_is_applied(models, intercept, confidence):
    (reading,) = with_calibration(models, intercept)().recognise(one_street().jpeg).plates
    assert reading.confidence == pytest.approx(confidence)


def test_an_altered_calibration_is_refused(models):
    factory = with_calibration(models, 0.0)
    (models / CALIBRATION).write_bytes((models / CALIBRATION).read_bytes().replace(b"0.0", b"9.0"))
    with pytest.raises(RecognitionError, match=r"calibration\.json") as refused:
        factory()
    assert refused.value.remedy


ALONE = """
import sys
opened = []
sys.addaudithook(lambda event, args: opened.append((event, args)) if event.startswith("socket.") else None)
from pathlib import Path
from alpr_assets.lifecycle.recognition.plates import PlateFactory
answer = PlateFactory(models=Path(sys.argv[1]))().recognise(Path(sys.argv[2]).read_bytes())
assert [p.plate for p in answer.plates] == ["8ABC123"], len(answer.plates)
assert not {"paddleocr", "paddlex", "rapidocr", "torch"} & set(sys.modules), "seconds of start, for nothing"
assert not opened, opened
import os
assert os.environ["ORT_DISABLE_TELEMETRY"] == "1"  # its sockets are native code, which no hook sees
"""


def test_nothing_is_written_at_home_nothing_is_connected_and_paddleocr_stays_away(tmp_path):
    home, work, picture = tmp_path / "home", tmp_path / "work", tmp_path / "scene.jpg"
    home.mkdir()
    work.mkdir()
    picture.write_bytes(one_street().jpeg)
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PADDLE", "XDG", "HF_", "MPLCONFIGDIR"))}
    environment = {**kept, "HOME": str(home), "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", ALONE, str(MODELS), str(picture)]
    done = subprocess.run(command, env=environment, cwd=work, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert list(home.rglob("*")) == []
    assert list(work.rglob("*")) == []
