"""Plates known beforehand: read from labels.csv, or refused with a remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from alpr_assets.accuracy import read_labels
from alpr_assets.errors import MalformedError


def test_labels_are_read_and_corrected_by_errata(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("image,plate\na.jpg,7ABC123\na.jpg,8KLM456\n")
    (tmp_path / "errata.csv").write_text("image,label,plate\na.jpg,8KLM456,8KLM458\n")
    assert read_labels(tmp_path) == {"a.jpg": ["7ABC123", "8KLM458"]}


def test_without_the_file_or_its_columns_nothing_is_known(tmp_path: Path) -> None:
    assert read_labels(tmp_path) == {}
    (tmp_path / "labels.csv").write_text("picture,number\na.jpg,7ABC123\n")
    assert read_labels(tmp_path) == {}


def test_a_row_that_is_not_whole_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("image,plate\na.jpg\nb.jpg,\nc.jpg,7ABC123\n")
    assert read_labels(tmp_path) == {"c.jpg": ["7ABC123"]}


@pytest.mark.parametrize("raw", [b"image,plate\n\xe9.jpg,7ABC123\n", b"image,plate\n" + b"7ABC123" * 30_000])
def test_a_file_that_is_no_csv_is_named_without_its_plates(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "labels.csv").write_bytes(raw)
    with pytest.raises(MalformedError) as caught:
        read_labels(tmp_path)
    said = caught.value.diagnostics()
    assert caught.value.remedy
    assert "labels.csv" in said
    assert "7ABC123" not in said
