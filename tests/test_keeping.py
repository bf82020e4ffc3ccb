"""A process that ends by itself is begun again, more seldom each time, with an alarm."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from alpr_assets.access.record.alarms import open_alarms
from alpr_assets.keeping import STEADY_SECONDS, Kept


class Bench:
    """Processes of this test, and the clock by which they are kept."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.seconds = folder, 0.0
        self.processes: list[subprocess.Popen[bytes]] = []
        self.kept = Kept(self.start, data=folder, alarm=("down", "it ended"), clock=lambda: self.seconds)

    def start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", "import time; time.sleep(60)"]
        self.processes.append(subprocess.Popen(command, start_new_session=True))
        return self.processes[-1]

    def kill(self) -> None:
        self.kept.process.kill()
        self.kept.process.wait()

    def seconds_until_begun(self) -> float:
        n, began = len(self.processes), self.seconds
        while len(self.processes) == n:
            self.kept.tend()
            self.seconds += 0.5
        return self.seconds - 0.5 - began


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    opened = Bench(tmp_path)
    yield opened
    for process in opened.processes:
        process.kill()
        process.wait()


def test_one_that_works_is_left_alone(bench: Bench) -> None:
    for _ in range(20):
        bench.kept.tend()
        bench.seconds += 100
    assert len(bench.processes) == 1
    assert not open_alarms(bench.folder)


def test_one_that_ended_is_begun_again_more_seldom_each_time(bench: Bench) -> None:
    waits = []
    for _ in range(8):
        bench.kill()
        waits.append(bench.seconds_until_begun())
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]
    assert [alarm.name for alarm in open_alarms(bench.folder)] == ["down"]


def test_one_that_worked_for_long_is_begun_at_once(bench: Bench) -> None:
    for _ in range(5):
        bench.kill()
        bench.seconds_until_begun()
    bench.seconds += STEADY_SECONDS + 1
    bench.kill()
    assert bench.seconds_until_begun() == 1


def test_what_it_left_behind_ends_with_it(tmp_path: Path) -> None:
    child = "import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']).pid)"

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-c", child], start_new_session=True, stdout=subprocess.PIPE)

    kept = Kept(start, data=tmp_path, alarm=("down", "it ended"), clock=lambda: 0.0)
    assert kept.process.stdout is not None
    left = int(kept.process.stdout.readline())
    kept.process.wait()
    kept.process.stdout.close()
    kept.tend()
    deadline = time.monotonic() + 10
    while is_running(left):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def is_running(pid: int) -> bool:
    """Whether it is there, and no zombie that nobody has fetched."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
