"""What fails is tried again, more seldom each time."""

from __future__ import annotations

from alpr_assets.lifecycle.patience import Patience


def test_what_fails_is_tried_more_seldom_each_time() -> None:
    seconds = 0.0
    patience = Patience(lambda: seconds)
    waits = []
    for _ in range(12):
        patience.failed("x")
        began = seconds
        while not patience.allows("x"):
            seconds += 0.5
        waits.append(seconds - began)
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]
    patience.failed("x")
    patience.done("x")
    assert patience.allows("x")
