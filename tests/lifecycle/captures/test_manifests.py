"""manifest.json and captures.jsonl: whatever stands in them, every line is answered and nothing leaks but our own errors."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from alpr_assets.errors import DropRefusedError, MalformedError
from alpr_assets.lifecycle.captures.manifests import (
    FIELDS,
    MANIFEST,
    BadLine,
    CaptureLine,
    is_safe,
    is_storable,
    list_manifests,
    parse_capture,
    read_lines,
    read_manifest,
    write_drop,
)
from tests.builders import jpeg, line

AT = datetime(2026, 6, 15, 4, tzinfo=UTC)
HASH = "0" * 64

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just(10**400)
values = st.recursive(scalars, lambda v: st.lists(v, max_size=3) | st.dictionaries(st.text(), v, max_size=3))
known_names = st.sampled_from(sorted(FIELDS))
likely = st.sampled_from(
    ["a.jpg", "../a.jpg", "2026-06-15T04:00:00+00:00", "2026-06-15", "0001-01-01T00:00:00+14:00", "fixed", 38.0, -1]
)
objects = st.dictionaries(known_names | st.text(max_size=8), likely | values, max_size=8)
lines_of_bytes = st.lists(st.binary(max_size=60) | objects.map(lambda o: json.dumps(o).encode()), max_size=6)


def answers(raw: bytes) -> list[CaptureLine | BadLine]:
    return list(read_lines(raw))


def code(content: dict[str, Any]) -> str:
    with pytest.raises(MalformedError) as caught:
        parse_capture(content)
    return caught.value.code


def manifest(folder: Path, content: object) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / MANIFEST
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return path


def declared(**changes: object) -> dict[str, object]:
    return {"unit": "unit-12", "shift": "night", "files": {"a.jpg": HASH}, "counts": {"images": 1}, **changes}


# ── captures.jsonl ─────────────────────────────────────────────────────────────────────────────────────────────────


@given(lines_of_bytes)
@example([b"[" * 100_000])
@example([b'{"file":"a.jpg","latitude":1' + b"0" * 400 + b"}"])
@example([b'{"file":"a.jpg","heading":1e999}'])
@example([b'{"file":"\\ud800.jpg"}'])
@example([b'{"file":"a.jpg","captured_at":"0001-01-01T00:00:00+08:00"}'])
@example([b'{"file":"a.jpg","captured_at":"2026-06-15\\u000004:00:00+00:00"}'])
def test_every_line_that_is_not_blank_is_a_capture_or_a_bad_line(lines: list[bytes]) -> None:
    """422.5: one line never costs its neighbours, whatever it holds."""
    raw = b"\n".join(lines)
    found = answers(raw)
    assert len(found) == sum(1 for text in raw.decode("utf-8-sig", "replace").split("\n") if text.strip())
    for answer in found:
        if isinstance(answer, CaptureLine):
            assert is_safe(answer.file)
            assert answer.captured_at is None or answer.captured_at.astimezone(UTC)
            assert all(is_storable(text) for text in (answer.device_id, answer.source_time) if text)
        else:
            assert answer.code
            assert is_storable(answer.reason)
            assert isinstance(answer.content, dict)


@given(objects)
def test_an_object_is_parsed_or_says_what_is_wrong(content: dict[str, Any]) -> None:
    with suppress(MalformedError):
        parsed = parse_capture(content)
        assert parsed.content == content
        assert parsed.captured_at is None or parsed.captured_at.utcoffset() is not None


def test_a_line_is_taken_as_it_stands() -> None:
    said = line("a.jpg", AT, sha256="AB" * 32)
    (capture,) = answers(json.dumps(said).encode())
    assert isinstance(capture, CaptureLine)
    assert (capture.file, capture.sha256, capture.captured_at) == ("a.jpg", "ab" * 32, AT)
    assert (capture.latitude_deg, capture.longitude_deg, capture.heading_deg) == (38.005, -121.806, 90.0)
    assert (capture.source_time, capture.content) == ("2026-06-15T04:00:00+00:00", said)


def test_short_names_of_a_place_are_taken_too() -> None:
    capture = parse_capture({"file": "a.jpg", "lat": 38, "lon": -121.8})
    assert (capture.latitude_deg, capture.longitude_deg) == (38.0, -121.8)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"file": 5}, "no_file"),
        ({"file": "manifest.json"}, "no_file"),
        ({"speed": 4}, "unknown_field"),
        ({"captured_at": 1_750_000_000}, "bad_time"),
        ({"captured_at": "yesterday"}, "bad_time"),
        ({"captured_at": "2026-06-15T04:00:00"}, "time_without_zone"),
        ({"latitude": "38.0"}, "bad_value"),
        ({"heading": True}, "bad_value"),
        ({"kind": "drone"}, "bad_value"),
        ({"device_id": ""}, "bad_value"),
        ({"device_id": "x" * 65}, "bad_value"),
        ({"device_id": "\0"}, "bad_value"),
        ({"sha256": 7}, "bad_value"),
    ],
)
def test_a_wrong_value_names_its_reason(changed: dict[str, Any], expected: str) -> None:
    assert code({"file": "a.jpg", **changed}) == expected


@pytest.mark.parametrize("text", ['{"file": "a.jpg", "latitude": NaN}', "[]", '"a.jpg"', "null", '{"file": "a.jpg"'])
def test_what_is_no_json_object_is_a_bad_line(text: str) -> None:
    (bad,) = answers(text.encode())
    assert isinstance(bad, BadLine)
    assert bad.code == "not_json"


def test_a_cut_line_still_names_its_picture() -> None:
    (bad,) = answers(b'{"captured_at": "2026-06-15T04:00:00+00:00", "file": "a.jpg", "lat')
    assert isinstance(bad, BadLine)
    assert (bad.item, bad.file) == ("captures.jsonl:1", "a.jpg")


def test_a_byte_order_mark_and_windows_line_ends_change_nothing() -> None:
    text = "\r\n".join(json.dumps(line(name, AT)) for name in ("a.jpg", "b.jpg"))
    found = answers(b"\xef\xbb\xbf" + text.encode() + b"\r\n\r\n")
    assert [capture.file for capture in found] == ["a.jpg", "b.jpg"]


def test_a_line_separator_inside_a_name_does_not_split_the_line() -> None:
    (capture,) = answers('{"file": "a\u2028b.jpg"}'.encode())
    assert capture.file == "a\u2028b.jpg"


# ── manifest.json ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_manifest_says_unit_shift_operator_and_files(tmp_path: Path) -> None:
    read = read_manifest(manifest(tmp_path, declared(operator="Badge 4711", files={"a.jpg": "AB" * 32})))
    assert (read.unit, read.shift, read.operator, read.n_images) == ("unit-12", "night", "Badge 4711", 1)
    assert read.files == {"a.jpg": "ab" * 32}


@pytest.mark.parametrize(
    "content",
    [
        declared(unit=""),
        declared(unit="u\0"),
        declared(shift="x" * 65),
        declared(operator="\ud800"),
        declared(files=["a.jpg"]),
        declared(files={"a.jpg": "0" * 63}),
        declared(files={"a.jpg": "z" * 64}),
        declared(files={"a.jpg": 5}),
        declared(files={"\ud800": HASH}),
        declared(counts={"images": 2}),
        declared(counts={"images": "many"}),
        declared(counts=1),
        b'{"unit":"u","shift":"s","files":{},"counts":{"images":1e999}}',
        b"[" * 100_000,
        b"\xff\xfe\x00",
    ],
)
def test_what_is_no_manifest_is_refused_with_a_remedy(tmp_path: Path, content: object) -> None:
    with pytest.raises(DropRefusedError) as caught:
        read_manifest(manifest(tmp_path, content))
    assert caught.value.remedy


@given(values | st.builds(declared, unit=values, files=st.dictionaries(st.text(), values, max_size=3), counts=values))
def test_no_manifest_raises_anything_but_a_refusal(tmp_path_factory: pytest.TempPathFactory, content: object) -> None:
    path = manifest(tmp_path_factory.getbasetemp() / "manifests", content)
    with suppress(DropRefusedError):
        read = read_manifest(path)
        assert all(is_safe(name) for name in read.files)


@pytest.mark.parametrize("name", ["", "/a", "../a", "a/../../b", "a\\b", "a\0", "manifest.json", "receipt.json"])
def test_a_name_that_leads_out_is_not_safe(name: str) -> None:
    assert not is_safe(name)


@pytest.mark.parametrize("name", ["a.jpg", "front/a.jpg", "Bildschirmfoto 1.00.00\u202fPM.png", "..a.jpg", "ö.jpg"])
def test_ordinary_names_are_safe(name: str) -> None:
    assert is_safe(name)


# ── writing and finding ────────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg())
    path = write_drop(tmp_path, unit="unit-12", shift="night", captures=[line("a.jpg", AT)], operator="4711")
    read = read_manifest(path)
    assert (read.unit, read.operator, read.n_images) == ("unit-12", "4711", 1)
    (capture,) = answers((tmp_path / "captures.jsonl").read_bytes())
    assert isinstance(capture, CaptureLine)
    assert capture.sha256 == read.files["a.jpg"]


def test_manifests_are_found_oldest_first_and_links_are_not_followed(tmp_path: Path) -> None:
    for name in ("b", "a/deeper"):
        manifest(tmp_path / name, declared())
    (tmp_path / "link").mkdir()
    (tmp_path / "link" / MANIFEST).symlink_to(tmp_path / "b" / MANIFEST)
    assert list_manifests(tmp_path) == [tmp_path / "b" / MANIFEST, tmp_path / "a" / "deeper" / MANIFEST]
