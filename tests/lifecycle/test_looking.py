"""A drop that closes is landed at once; while nothing moves, the folder is hardly looked at."""

from __future__ import annotations

from pathlib import Path

import pytest

from alpr_assets.lifecycle import looking
from alpr_assets.lifecycle.captures.manifests import MANIFEST
from alpr_assets.lifecycle.looking import LOOK_SECONDS, PAUSE_SECONDS, Landed, Lookout
from alpr_assets.policy import Policy
from alpr_assets.store.engine import Store
from tests.builders import drop, jpeg, line
from tests.conftest import NOW
from tests.patrols import AT

Clock = list[float]


@pytest.fixture
def clock() -> Clock:
    return [1000.0]


@pytest.fixture
def lookout(sqlite_store: Store, policy: Policy, tmp_path: Path, clock: Clock) -> Lookout:
    return Lookout(sqlite_store, tmp_path / "drops", policy, lambda: clock[0])


def bring(folder: Path, name: str, seed: int = 0) -> Path:
    return drop(folder / "drops" / name, {"0.jpg": jpeg(seed)}, [line("0.jpg", AT)], shift=name)


def test_what_closes_lands_at_the_next_look(lookout: Lookout, tmp_path: Path) -> None:
    assert lookout.land(NOW) == Landed()
    bring(tmp_path, "a")
    assert lookout.land(NOW) == Landed(1)
    assert lookout.land(NOW) == Landed()
    bring(tmp_path, "unit/b", 1)
    assert lookout.land(NOW) == Landed(1)


def test_while_nothing_moves_no_manifest_is_read(
    lookout: Lookout, tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    pending = looking.pending_drops

    def counted(*arguments: object, **more: object) -> object:
        asked.append(1)
        return pending(*arguments, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(looking, "pending_drops", counted)
    bring(tmp_path, "a")
    for _ in range(50):
        lookout.land(NOW)
    few = len(asked)
    assert few <= 3, "before it, and after its own receipt"
    clock[0] += LOOK_SECONDS
    lookout.land(NOW)
    assert len(asked) == few + 1


def test_a_manifest_that_is_written_over_is_seen_after_a_while(lookout: Lookout, tmp_path: Path, clock: Clock) -> None:
    folder = bring(tmp_path, "a")
    right = (folder / MANIFEST).read_bytes()
    (folder / MANIFEST).write_text("{}")
    assert lookout.land(NOW) == Landed(0, 1)
    lookout.land(NOW)
    (folder / MANIFEST).write_bytes(right)
    clock[0] += LOOK_SECONDS
    assert lookout.land(NOW) == Landed(1)


def test_one_that_cannot_be_landed_keeps_nothing_else_waiting(lookout: Lookout, tmp_path: Path, clock: Clock) -> None:
    """Its folder takes no receipt."""
    stuck = bring(tmp_path, "a") / "receipt.json"
    stuck.mkdir()
    assert lookout.land(NOW).failed
    assert lookout.land(NOW) == Landed(), "not yet again"
    bring(tmp_path, "b", 1)
    clock[0] += PAUSE_SECONDS
    lookout.land(NOW)
    assert (tmp_path / "drops" / "b" / "receipt.json").is_file()
    stuck.rmdir()
    clock[0] += PAUSE_SECONDS
    assert not lookout.land(NOW).failed
    assert stuck.is_file()
