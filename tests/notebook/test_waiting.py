"""A sign of life while the console answers."""

from __future__ import annotations

import time
from typing import Any

import pytest

from alpr_assets.notebook import Session
from alpr_assets.notebook import waiting as module
from alpr_assets.notebook.waiting import waiting
from tests.live import STOLEN


class Shown:
    """What a notebook would show: each state of the one line."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def __call__(self, told: Any, *, display_id: bool) -> Shown:
        assert display_id
        self.told.append(told._repr_html_())
        return self

    def update(self, told: Any) -> None:
        self.told.append(told._repr_html_())


def test_what_lasts_is_told_and_what_was_told_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SHOWN_AFTER_S", 0.05)
    monkeypatch.setattr(module, "EVERY_S", 0.05)
    shown = Shown()
    with waiting(shown):
        pass
    assert shown.told == []
    with waiting(shown):
        time.sleep(0.3)
    assert "the console is at work" in shown.told[0]
    assert shown.told[-1] == ""
    assert len(shown.told) >= 3


def test_a_failure_goes_on_and_a_broken_display_harms_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SHOWN_AFTER_S", 0.01)
    with pytest.raises(ValueError, match="told"), waiting(Shown()):
        raise ValueError("told")

    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError

    with waiting(broken):
        time.sleep(0.1)


def test_outside_a_notebook_nothing_is_shown_and_a_session_asks_all_the_same(session: Session) -> None:
    assert module._display() is None
    assert session._client.waiting is waiting
    assert len(session.plate_history(STOLEN)) == 5
