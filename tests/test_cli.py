"""The commands as a person types them: what they say, and status 1 with a remedy when something is wrong."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from PIL import Image
from rich.table import Table

from alpr_assets.cli import main
from alpr_assets.cli.common import console
from alpr_assets.lifecycle.recognition.light import labelled
from alpr_assets.settings import settings
from tests.builders import drop, free_port, jpeg, line, own_list, today
from tests.lifecycle.recognition.jpegs import encoded, pattern
from tests.patrols import AT, Patrol, Relabelled, seen


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("data", "keys", "drops", "hotlists"):
        monkeypatch.setenv(f"ALPR_{name.upper()}", str(tmp_path / name))
    monkeypatch.setenv("ALPR_RECOGNISER", "alpr_assets.lifecycle.recognition.light:LightFactory")
    monkeypatch.setenv("ALPR_PORT", str(free_port()))
    monkeypatch.setenv("COLUMNS", "160")
    settings.cache_clear()
    return tmp_path


def alpr(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_what_a_command_shows_is_neither_markup_nor_emoji(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table("F0:CD:53", show_header=True)
    table.add_row("26-[a]")
    console.print("SHA-256 F0:CD:53, case 26-[/]", table)
    shown = capsys.readouterr().out
    assert "SHA-256 F0:CD:53, case 26-[/]" in shown
    assert "26-[a]" in shown
    assert shown.count("F0:CD:53") == 2


def test_a_plain_folder_lands_once_however_often_it_is_landed(folder: Path) -> None:
    (folder / "pictures").mkdir()
    for i in range(3):
        (folder / "pictures" / f"{i}.jpg").write_bytes(jpeg(i))
    first = alpr("land", folder / "pictures", "--device", "cam-1", "--at", "38.005,-121.806")
    assert "3 landed" in first.output
    again = alpr("land", folder / "pictures", "--device", "cam-1", "--at", "38.005,-121.806")
    assert again.exit_code == 0
    status = alpr("status").output
    assert "captures" in status
    assert re.search(r"worker\W+none yet", status)
    assert len(list((folder / "pictures").iterdir())) == 3  # one's own pictures stay


def test_a_place_that_is_none_is_explained(folder: Path) -> None:
    result = alpr("land", folder, "--device", "cam-1", "--at", "Antioch")
    assert result.exit_code == 2
    assert "38.005,-121.806" in result.output


def test_recognize_gives_one_json_object_a_picture(folder: Path) -> None:
    (folder / "a.jpg").write_bytes(labelled(jpeg(1), [{"plate": "7ABC123", "region": "ca"}]))
    (folder / "b.jpg").write_bytes(jpeg(2))
    result = alpr("recognize", folder / "a.jpg", folder / "b.jpg", "--json")
    first, second = (json.loads(text) for text in result.output.splitlines())
    assert set(first) >= {"file", "ms", "plates"}
    plate = first["plates"][0]
    assert set(plate) >= {"plate", "raw", "confidence", "characters", "region", "box", "candidates"}
    assert (plate["plate"], second["plates"]) == ("7ABC123", [])
    assert not (folder / "data" / "alpr.sqlite").exists()


def test_recognize_says_which_file_is_no_picture_and_reads_the_rest(folder: Path) -> None:
    (folder / "bad.jpg").write_bytes(b"")
    (folder / "a.jpg").write_bytes(labelled(jpeg(1), [{"plate": "7ABC123"}]))
    result = alpr("recognize", folder / "bad.jpg", folder / "a.jpg", "--json")
    assert result.exit_code == 1
    bad, good = (json.loads(text) for text in result.output.splitlines())
    assert "error" in bad
    assert good["plates"][0]["plate"] == "7ABC123"


# ── recognize: folders, copies, bad inputs ─────────────────────────────────────────────────────────────────────────

PLATE = {"plate": "7ABC123", "box": [10, 10, 30, 12], "confidence": 0.93, "region": "ca"}


def plain(text: str) -> str:
    return " ".join(text.split())


def bad_pictures(target: Path) -> None:
    """One of each kind that a folder may hold by mistake."""
    target.mkdir()
    frame = Image.new("RGB", (400, 300), (90, 95, 100))
    (target / "empty.jpg").write_bytes(b"")
    (target / "cut.jpg").write_bytes(encoded(pattern(400, 300))[:900])
    (target / "pixel.png").write_bytes(encoded(Image.new("RGB", (1, 1)), "PNG"))
    (target / "huge.png").write_bytes(encoded(Image.new("1", (10_001, 10_001)), "PNG"))
    (target / "text.jpg").write_text("plates of the night shift")
    (target / "ends_early.jpg").write_bytes(encoded(pattern(400, 300))[:-1500])
    (target / "animated.gif").write_bytes(encoded(frame, "GIF", save_all=True, append_images=[pattern(400, 300)]))
    (target / "cmyk.jpg").write_bytes(encoded(frame.convert("CMYK")))
    (target / "wide.png").write_bytes(encoded(Image.new("I;16", (400, 300), 900), "PNG"))
    exif = Image.Exif()
    exif[0x0112] = 6
    (target / "turned.jpg").write_bytes(labelled(encoded(frame, exif=exif), [PLATE]))
    (target / "notes.txt").write_text("left out")


def test_bad_pictures_are_named_in_a_line_each_and_the_rest_goes_on(folder: Path) -> None:
    bad_pictures(folder / "pictures")
    result = alpr("recognize", folder / "pictures", "--annotate", folder / "out")
    assert result.exit_code == 1
    said = {Path(line.split(": ")[0]).name: line for line in result.output.splitlines() if ": " in line}
    for name, words in {
        "empty.jpg": "0 bytes",
        "cut.jpg": "cut off",
        "pixel.png": "1 × 1 pixels",
        "huge.png": "above 100 megapixels",
        "text.jpg": "no picture",
        "ends_early.jpg": "what is left of it was read",
        "animated.gif": "only the first one was read",
    }.items():
        assert words in said[name], name
    assert "5 of 10 pictures could not be read" in result.output
    assert "7ABC123" in result.output
    assert {path.name for path in (folder / "out").iterdir()} == {
        "ends_early.jpg", "animated.gif.jpg", "cmyk.jpg", "wide.png.jpg", "turned.jpg"
    }  # fmt: skip
    with Image.open(folder / "out" / "turned.jpg") as copy:
        assert copy.size == (300, 400)


def test_bad_pictures_are_errors_in_json_too(folder: Path) -> None:
    bad_pictures(folder / "pictures")
    result = alpr("recognize", folder / "pictures", "--json", "--annotate", folder / "out")
    lines = [json.loads(line) for line in result.output.splitlines()]
    assert [Path(line["file"]).name for line in lines] == sorted(Path(line["file"]).name for line in lines)
    assert sum("error" in line for line in lines) == 5
    assert sum(bool(line.get("remarks")) for line in lines) == 2
    assert result.exit_code == 1


def test_more_pictures_than_a_few_are_read_in_processes_and_told_in_order(folder: Path) -> None:
    (folder / "pictures").mkdir()
    for i in range(20):
        (folder / "pictures" / f"{i:02}.jpg").write_bytes(labelled(jpeg(i), [{"plate": f"7ABC1{i:02}"}]))
    result = alpr("recognize", folder / "pictures", "--json")
    plates = [json.loads(line)["plates"][0]["plate"] for line in result.output.splitlines()]
    assert plates == [f"7ABC1{i:02}" for i in range(20)]


def test_annotating_again_replaces_the_copies_and_nothing_else(folder: Path) -> None:
    (folder / "pictures").mkdir()
    (folder / "pictures" / "a.jpg").write_bytes(labelled(jpeg(1), [PLATE]))
    before = (folder / "pictures" / "a.jpg").read_bytes()
    for _ in range(2):
        assert alpr("recognize", folder / "pictures", "--annotate", folder / "out").exit_code == 0
    assert [path.name for path in (folder / "out").iterdir()] == ["a.jpg"]
    assert (folder / "pictures" / "a.jpg").read_bytes() == before


def test_copies_are_never_made_of_the_store_nor_over_the_pictures(folder: Path) -> None:
    """Pictures of vehicles leave the store by permitted paths only, and this is none."""
    for name in ("drops", "pictures", "data"):
        (folder / name).mkdir(exist_ok=True)
        (folder / name / "a.jpg").write_bytes(labelled(jpeg(1), [PLATE]))
    for pictures, out in (("drops", "out"), ("data", "out"), ("pictures", "data/out"), ("pictures", "pictures")):
        result = alpr("recognize", folder / pictures, "--annotate", folder / out)
        assert result.exit_code == 1
        assert "→" in result.output
    assert not (folder / "out").exists()
    assert not (folder / "data" / "out").exists()


def test_two_pictures_of_one_name_are_not_copied_over_one_another(folder: Path) -> None:
    for name in ("a", "b"):
        (folder / name).mkdir()
        (folder / name / "1.jpg").write_bytes(jpeg(1))
    result = alpr("recognize", folder / "a", folder / "b", "--annotate", folder / "out")
    assert result.exit_code == 1
    assert "1.jpg" in plain(result.output)


def test_a_folder_without_pictures_is_said_to_have_none(folder: Path) -> None:
    (folder / "pictures").mkdir()
    (folder / "pictures" / "notes.txt").write_text("x")
    result = alpr("recognize", folder / "pictures")
    assert result.exit_code == 2
    assert "holds no pictures" in plain(result.output)


def test_a_recogniser_that_is_not_there_is_said_before_anything_starts(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALPR_RECOGNISER", "nothing:here")
    settings.cache_clear()
    result = alpr("up")
    assert result.exit_code == 1
    assert "nothing:here" in result.output
    assert "→" in result.output
    assert not (folder / "data" / "run" / "code.log").exists()


def test_reads_of_two_versions_are_compared_in_counts_only(folder: Path) -> None:
    from alpr_assets.policy import policy  # noqa: PLC0415
    from alpr_assets.store.engine import open_store  # noqa: PLC0415

    days = ("--from-day", AT.date() - timedelta(days=1), "--to-day", AT.date() + timedelta(days=1))
    patrol = Patrol(open_store(), folder, policy(), AT + timedelta(hours=12))
    patrol.read(seen("7ABC123"), seen("8XYZ999", seconds=60))
    assert "no capture of these days was read by two versions" in alpr("reads", "compare", *days).output
    patrol.recognise(newer=Relabelled({"7ABC123": ["7ABC124"], "8XYZ999": []}))
    result = alpr("reads", "compare", *days)
    cells = [line.replace("│", " ").split() for line in result.output.splitlines() if line.startswith("│")]
    counts = ["2", "0", "1", "1", "0", "0", "0", "1"]
    assert cells == [[AT.date().isoformat(), *counts], ["all", *counts]]
    assert not [plate for plate in ("7ABC123", "7ABC124", "8XYZ999") if plate in result.output]
    assert alpr("reads", "compare", "--from-day", AT.date(), "--to-day", "2020-01-01").exit_code == 2


def test_a_hot_list_is_imported_or_refused_with_a_remedy(folder: Path) -> None:
    (folder / "watch.csv").write_bytes(own_list("7ABC123,x,CA", on=today()))
    assert "1 entries in force" in alpr("hotlist", "import", folder / "watch.csv").output
    assert "watch" in alpr("hotlist", "list").output
    (folder / "svs.tbl").write_bytes(b"DATE01/01/2026 00:00\nABC123 CA0120180627\n")
    refused = alpr("hotlist", "import", folder / "svs.tbl")
    assert refused.exit_code == 1
    assert "trailer" in refused.output
    assert "→" in refused.output


def test_what_is_quarantined_finds_its_way_back(folder: Path) -> None:
    at = datetime.now(UTC) - timedelta(hours=5)
    drop(folder / "drops" / "a", {"0.jpg": jpeg(0)}, [line("0.jpg", datetime(2000, 1, 1, tzinfo=UTC))])
    from alpr_assets.lifecycle.captures.landing import land_drop  # noqa: PLC0415
    from alpr_assets.policy import policy  # noqa: PLC0415
    from alpr_assets.store.engine import open_store  # noqa: PLC0415

    land_drop(open_store(), folder / "drops" / "a", policy=policy(), now=datetime.now(UTC))
    assert "too_old" in alpr("quarantine", "list").output
    wrong = alpr("quarantine", "reland", 1, "--by", "J. Doe", "--reason", "clock reset")
    assert wrong.exit_code == 1
    assert "--time" in wrong.output
    right = alpr("quarantine", "reland", 1, "--time", at.isoformat(), "--by", "J. Doe", "--reason", "clock reset")
    assert "landed as capture" in right.output
    assert "nothing in quarantine" in alpr("quarantine", "list").output


def test_devices_are_registered_with_their_installation(folder: Path) -> None:
    assert alpr("device", "add", "cam-1", "--kind", "fixed", "--name", "Somersville").exit_code == 1
    added = alpr("device", "add", "cam-1", "--kind", "fixed", "--name", "Somersville", "--at", "38.005,-121.806")
    assert added.exit_code == 0
    assert "not on record" in alpr("device", "list").output
    alpr("device", "service", "cam-1", "installed", "--by", "J. Doe", "--at", "2026-01-15T09:00:00-08:00")
    assert "2026-01-15" in alpr("device", "list").output


@pytest.mark.parametrize(
    "arguments",
    [
        ["land", "{folder}/pictures", "--device", "cam-1"],
        ["hotlist", "import", "{folder}/watch.csv"],
        ["hotlist", "list"],
        ["quarantine", "list"],
        ["quarantine", "dismiss", "1", "--by", "J. Doe", "--reason", "x"],
        ["device", "list"],
        ["status"],
        ["up"],
        ["worker"],
        ["run", "--once", "--captures", "{folder}/pictures"],
    ],
    ids=lambda arguments: " ".join(arguments[:2]),
)
@pytest.mark.parametrize(
    ("variable", "value", "named"),
    [
        ("ALPR_DATA", "{folder}/watch.csv/below", "watch.csv/below"),
        ("ALPR_DATABASE_URL", "postgresql://nobody:s3cret@127.0.0.1:1/x", "127.0.0.1:1"),
        ("ALPR_DATABASE_URL", "postgresql//nobody:s3cret@127.0.0.1:1/x", "ALPR_DATABASE_URL"),
        ("ALPR_PORT", "http", "ALPR_PORT"),
    ],
    ids=["data below a file", "no server", "no URL", "no port"],
)
def test_a_wrong_set_up_is_told_in_two_lines_by_every_command(
    folder: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], variable: str, value: str, named: str
) -> None:
    (folder / "pictures").mkdir()
    (folder / "pictures" / "0.jpg").write_bytes(jpeg(0))
    (folder / "watch.csv").write_bytes(own_list("7ABC123,x,CA", on=today()))
    monkeypatch.setenv(variable, value.format(folder=folder))
    settings.cache_clear()
    result = alpr(*(argument.format(folder=folder) for argument in arguments))
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    said, remedy = result.stderr.splitlines()
    assert named in said
    assert remedy.strip().startswith("→")
    assert "s3cret" not in result.output
    assert "7ABC123" not in result.output


@pytest.mark.parametrize("at", ["Antioch", "38.005", "-121.806,38.005", "nan,nan", "38.005,-121.806,9"])
def test_a_place_that_is_not_on_earth_is_a_mistake_in_the_command(folder: Path, at: str) -> None:
    result = alpr("device", "add", "cam-1", "--kind", "fixed", "--name", "x", "--at", at)
    assert result.exit_code == 2
    assert "LAT,LON" in result.output


@pytest.mark.parametrize("time", ["yesterday", "0001-01-01T00:00:00+14:00"])
def test_a_time_that_is_none_is_a_mistake_in_the_command(folder: Path, time: str) -> None:
    result = alpr("quarantine", "reland", 1, "--time", time, "--by", "J. Doe", "--reason", "x")
    assert result.exit_code == 2
    assert "ISO 8601" in result.output


def test_a_number_that_no_item_can_have_is_a_mistake_in_the_command(folder: Path) -> None:
    assert alpr("quarantine", "dismiss", 2**63, "--by", "J. Doe", "--reason", "x").exit_code == 2


def test_a_tilde_is_the_home_folder_where_no_shell_has_replaced_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(folder))
    (folder / "watch.csv").write_bytes(own_list("7ABC123,x,CA", on=today()))
    assert "1 entries in force" in alpr("hotlist", "import", "~/watch.csv").output
    missing = alpr("run", "--captures", "~/none")
    assert missing.exit_code == 2
    assert str(folder / "none") in missing.output


@pytest.mark.parametrize("wrong", ["empty", "device", "list"])
def test_own_captures_are_looked_at_before_any_server_starts(folder: Path, wrong: str) -> None:
    (folder / "empty").mkdir()
    (folder / "pictures").mkdir()
    (folder / "pictures" / "0.jpg").write_bytes(jpeg(0))
    name = f"{'x' * 90}.csv"
    (folder / name).write_bytes(own_list("7ABC123,x,CA", on=today()))
    arguments = {
        "empty": ["--captures", folder / "empty"],
        "device": ["--captures", folder / "pictures", "--device", "a/b"],
        "list": ["--hotlist", folder / name],
    }[wrong]
    result = alpr("run", "--once", *arguments)
    assert result.exit_code == 1
    assert "→" in result.stderr
    assert not list((folder / "data" / "run").glob("*.log"))
    assert not [path for name in ("drops", "hotlists") for path in (folder / name).iterdir()]


@pytest.mark.parametrize("command", ["status", "up"])
def test_a_missing_policy_file_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    from alpr_assets import policy as module  # noqa: PLC0415

    monkeypatch.setenv("ALPR_POLICY", str(folder / "none.yaml"))
    settings.cache_clear()
    module.policy.cache_clear()
    try:
        result = alpr(command)
    finally:
        module.policy.cache_clear()
        settings.cache_clear()
    assert result.exit_code == 1
    assert "none.yaml" in result.output
