"""One code path in a thread, on processes and on Dask: every picture answered, errors kept to their picture."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import tracemalloc
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from pathlib import Path

import pytest

from alpr_assets.errors import RecognitionError
from alpr_assets.lifecycle.recognition.light import LightRecogniser, labelled, light_recogniser
from alpr_assets.lifecycle.recognition.pool import AHEAD, Pool, executor, recognise_many

from .jpegs import encoded, pattern

JPEG = encoded(pattern())
DIE, STUMBLE = b"DIE", b"STUMBLE"


class Frail(LightRecogniser):
    """Dies or stumbles on request."""

    def recognise(self, picture):
        if picture == DIE:
            os._exit(1)
        if picture == STUMBLE:
            raise ZeroDivisionError("7ABC123")
        return super().recognise(picture)


@dataclass(frozen=True)
class Counted:
    """Makes a Frail and leaves a file a recogniser made."""

    folder: Path

    def __call__(self):
        (self.folder / f"{os.getpid()}-{time.monotonic_ns()}").touch()
        return Frail()


def frail() -> Frail:
    return Frail()


def broken():
    raise RecognitionError("weights missing", remedy="install them")


def plate(i: int) -> str:
    return f"{i % 10}ABC{i:03}"


def pictures(n: int):
    return ((i, lambda i=i: labelled(JPEG, [{"plate": plate(i)}])) for i in range(n))


def plates_of(outcomes) -> dict[int, str]:
    return {o.key: o.recognition.plates[0].plate for o in outcomes}


@pytest.fixture(scope="module")
def dask_address():
    """A scheduler with two worker processes."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0", silence_logs=50
    ) as cluster:
        yield cluster.scheduler_address


@pytest.fixture(params=["inline", "processes", "dask"])
def where(request):
    """(workers, dask_address) of each of the three."""
    if request.param == "dask":
        return 0, request.getfixturevalue("dask_address")
    return {"inline": 1, "processes": 2}[request.param], None


def test_every_picture_is_answered_once(where):
    with executor(*where, light_recogniser) as pool:
        outcomes = list(recognise_many(pool, pictures(40)))
    assert len(outcomes) == 40
    assert plates_of(outcomes) == {i: plate(i) for i in range(40)}


def test_one_pictures_error_is_that_pictures(where):
    def gone() -> bytes:
        raise FileNotFoundError("7ABC123.jpg")

    odd = [("empty", lambda: b""), ("gone", gone), ("stumble", lambda: STUMBLE)]
    with executor(*where, frail) as pool:
        outcomes = list(recognise_many(pool, [*pictures(5), *odd, *((n + 100, load) for n, load in pictures(5))]))
    errors = {o.key: str(o.error) for o in outcomes if o.error}
    assert errors == {
        "empty": "the picture is empty (0 bytes)",
        "gone": "the picture could not be loaded: FileNotFoundError",
        "stumble": "the recogniser failed on the picture: ZeroDivisionError",
    }, "no message quotes what it was about"
    assert all((o.error is None) != (o.recognition is None) for o in outcomes)
    assert len(outcomes) == 13


def test_recogniser_that_cannot_be_made_ends_the_whole_with_its_own_error(where):
    with executor(*where, broken) as pool, pytest.raises(RecognitionError, match="weights missing") as failed:
        list(recognise_many(pool, pictures(3)))
    assert failed.value.remedy == "install them"


def test_recogniser_is_made_once_a_worker(where, tmp_path):
    with executor(*where, Counted(tmp_path)) as pool:
        list(recognise_many(pool, pictures(30)))
        list(recognise_many(pool, pictures(10)))
    made = [path.name.split("-")[0] for path in tmp_path.iterdir()]
    assert 1 <= len(made) <= 2
    assert len(made) == len(set(made))


def test_nothing_to_recognise_is_a_result(where):
    with executor(*where, light_recogniser) as pool:
        assert list(recognise_many(pool, [])) == []


def test_dead_process_is_a_clear_error_and_earlier_answers_stand():
    with executor(2, None, frail) as pool:
        answered = list(recognise_many(pool, pictures(10)))
        with pytest.raises(RecognitionError, match="worker died") as failed:
            list(recognise_many(pool, [(0, lambda: DIE), *pictures(10)]))
    assert len(answered) == 10
    assert "out-of-memory" in failed.value.remedy


def test_processes_of_one_that_was_killed_do_not_stay() -> None:
    code = (
        "import time\n"
        "from alpr_assets.lifecycle.recognition.light import light_recogniser\n"
        "from alpr_assets.lifecycle.recognition.pool import executor, recognise_many\n"
        "if __name__ == '__main__':\n"
        "    with executor(2, None, light_recogniser) as pool:\n"
        "        list(recognise_many(pool, [(0, lambda: b'')] * 8))\n"
        "        print(*pool.executor._processes, flush=True)\n"
        "        time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        children = [int(pid) for pid in process.stdout.readline().split()]
        process.kill()
    assert len(children) == 2
    deadline = time.monotonic() + 10
    while any(Path(f"/proc/{pid}").exists() for pid in children):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_leaving_early_leaves_no_work_behind(where):
    with executor(*where, light_recogniser) as pool:
        stream = recognise_many(pool, pictures(100_000))
        assert next(stream).recognition
        stream.close()


class Slow(Executor):
    """Completes the oldest call only when `n` are waiting; remembers how many ever waited."""

    def __init__(self, n: int) -> None:
        self.n, self.waiting, self.most = n, [], 0

    def submit(self, fn, /, *args, **kwargs):
        future: Future = Future()
        self.waiting.append((future, fn, args))
        self.most = max(self.most, len(self.waiting))
        if len(self.waiting) >= self.n:
            self.finish()
        return future

    def finish(self):
        future, fn, args = self.waiting.pop(0)
        future.set_result(fn(*args))


def test_work_in_flight_is_bounded():
    slow = Slow(AHEAD * 3)
    stream = recognise_many(Pool(slow, light_recogniser, 3), pictures(500))
    for _ in range(400):
        next(stream)
    assert slow.most == AHEAD * 3


def test_a_day_of_sixty_thousand_is_never_in_memory():
    big = labelled(JPEG + bytes(100_000), [{"plate": "7ABC123"}])
    tracemalloc.start()
    with executor(1, None, light_recogniser) as pool:
        n = sum(1 for _ in recognise_many(pool, ((i, lambda: bytes(bytearray(big))) for i in range(2_000))))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert n == 2_000
    assert peak < 20_000_000, "2,000 pictures are 200 MB"


def test_no_scheduler_at_the_address_is_a_clear_error():
    pytest.importorskip("distributed")
    with pytest.raises(RecognitionError, match="no Dask scheduler"), executor(2, "tcp://127.0.0.1:1", light_recogniser):
        pass
