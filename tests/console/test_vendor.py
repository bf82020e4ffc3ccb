"""What other people wrote is served as they published it."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Final

import alpr_assets.console

VENDOR: Final = Path(alpr_assets.console.__file__).parent / "static" / "vendor"


def test_each_file_is_the_published_one() -> None:
    named = dict(re.findall(r"^\| (\S+) \|.*\| ([0-9a-f]{64}) \|$", (VENDOR / "README.md").read_text(), re.MULTILINE))
    files = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in VENDOR.glob("*.[jc]s*")}
    assert files
    assert files == named


def test_each_file_comes_with_its_licence() -> None:
    for path in VENDOR.glob("*.[jc]s*"):
        licence = VENDOR / f"{path.name.removesuffix('.js').removesuffix('.css').removesuffix('.min')}.LICENSE"
        assert licence.read_text(), licence.name
