"""The process around the worker: it ends when told to, whatever hangs, and what fails beside the work is tried again."""

from __future__ import annotations

import time
from threading import Event, Timer

import pytest

from alpr_assets.cli import working
from alpr_assets.cli.working import Errand, serve


def waiting(ending: Event) -> None:
    ending.wait(30)


def test_it_ends_when_it_is_told_to() -> None:
    ending = Event()
    Timer(0.2, ending.set).start()
    assert serve([lambda: waiting(ending), lambda: waiting(ending)], ending)


def test_one_that_hangs_is_not_waited_for() -> None:
    ending, hanging = Event(), Event()
    Timer(0.1, ending.set).start()
    began = time.monotonic()
    assert not serve([lambda: waiting(ending), lambda: waiting(hanging)], ending, end_seconds=0.5)
    assert time.monotonic() - began < 2
    hanging.set()


def test_where_one_fails_all_end_and_its_error_is_raised() -> None:
    ending = Event()

    def failing() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        serve([lambda: waiting(ending), failing], ending)
    assert ending.is_set()


def test_an_errand_that_fails_is_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    ending, done = Event(), []

    def errand() -> None:
        done.append(1)
        if len(done) == 1:
            raise ValueError("7ABC123")
        ending.set()

    assert serve([working._attending(Errand("the errand", errand, 0.05), ending)], ending)
    assert len(done) == 2
    assert "ValueError" in caplog.text
    assert "7ABC123" not in caplog.text
