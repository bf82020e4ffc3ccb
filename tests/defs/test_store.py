"""What fails in a step says what to do about it."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from alpr_assets.defs.store import explained
from alpr_assets.errors import AlprError


def test_an_error_of_ours_fails_the_step_with_its_remedy() -> None:
    with pytest.raises(dg.Failure) as caught, explained():
        raise AlprError("the list is stale", remedy="fetch it again")
    assert "fetch it again" in str(caught.value.description)
    assert not caught.value.allow_retries


def test_what_the_file_system_refuses_fails_the_step_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(dg.Failure) as caught, explained():
        (tmp_path / "none").read_bytes()
    assert str(tmp_path / "none") in str(caught.value.description)
    assert "→" in str(caught.value.description)
