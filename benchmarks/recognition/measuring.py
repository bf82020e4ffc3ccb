"""Running a recogniser over pictures: one thread, a process of its own, warm, timed from encoded bytes to answer.

Here: time, memory and throughput. Not here: what the answers are worth.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from alpr_assets.errors import RecognitionError
from alpr_assets.lifecycle.recognition.configured import named_factory
from alpr_assets.lifecycle.recognition.recogniser import PlateReading, Recogniser

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1")
WARM_UP = 2  # pictures before the clock counts: the first ones allocate
PATIENCE_SECONDS = 600  # for the other process to be ready


@dataclass(frozen=True, slots=True)
class Answer:
    """What a recogniser said of one picture. `error`: why it said nothing."""

    plates: tuple[PlateReading, ...]
    error: str | None
    wall_ms: float
    cpu_ms: float


@dataclass(frozen=True, slots=True)
class Measured:
    """One recogniser over pictures, in their order; seconds to load it, and its process's peak memory."""

    version_id: str
    answers: list[Answer]
    load_seconds: float
    peak_megabytes: float


def measure(name: str, models: Path, pictures: list[Path], progress: Callable[[], None]) -> Measured:
    """Recognise every picture, one after another, in one process of its own. `progress` is called after each."""
    with _processes(1, name, models) as pool:
        load_seconds = pool.submit(_load_seconds).result()
        for path in pictures[:WARM_UP]:
            pool.submit(_answer, path).result()
        answers = []
        for path in pictures:
            answers.append(pool.submit(_answer, path).result())
            progress()
        peak = pool.submit(_peak_megabytes).result()
    return Measured(named_factory(name, models).version.version_id, answers, load_seconds, peak)


def throughput(name: str, models: Path, pictures: list[Path], n_processes: int) -> float:
    """Pictures a second over processes that each take an equal share and begin together, once all of them are warm."""
    with _processes(n_processes, name, models) as pool:
        shares = [pool.submit(_share, pictures[i::n_processes]) for i in range(n_processes)]
        return len(pictures) / max(share.result() for share in shares)


@contextmanager
def _processes(n: int, name: str, models: Path) -> Iterator[ProcessPoolExecutor]:
    # Spawned: what this process has loaded, and its memory, must not be theirs.
    context = multiprocessing.get_context("spawn")
    before = {key: os.environ.get(key) for key in ONE_THREAD}
    os.environ.update(ONE_THREAD)  # read when a child imports numpy, which is before any code of ours runs there
    try:
        with ProcessPoolExecutor(n, context, initializer=_start, initargs=(name, models, context.Barrier(n))) as pool:
            yield pool
    finally:
        for key, value in before.items():
            os.environ.pop(key) if value is None else os.environ.__setitem__(key, value)


# ── in the child ───────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class _Child:
    recogniser: Recogniser
    together: threading.Barrier
    load_seconds: float


_child: list[_Child] = []


def _start(name: str, models: Path, together: Any) -> None:
    began = perf_counter()
    recogniser = named_factory(name, models)()
    import cv2  # noqa: PLC0415 - loaded by now where the recogniser uses it

    cv2.setNumThreads(1)
    _child[:] = [_Child(recogniser, together, perf_counter() - began)]


def _load_seconds() -> float:
    return _child[0].load_seconds


def _answer(path: Path) -> Answer:
    picture = path.read_bytes()
    wall, cpu = perf_counter(), process_time()
    plates: tuple[PlateReading, ...] = ()
    error = None
    try:
        plates = _child[0].recogniser.recognise(picture).plates
    except RecognitionError as refused:
        error = str(refused)
    return Answer(plates, error, (perf_counter() - wall) * 1e3, (process_time() - cpu) * 1e3)


def _share(paths: list[Path]) -> float:
    """Seconds for these pictures. The barrier makes sure that each process takes one share, and all begin at once."""
    for path in paths[:WARM_UP]:
        _answer(path)
    _child[0].together.wait(PATIENCE_SECONDS)
    began = perf_counter()
    for path in paths:
        _answer(path)
    return perf_counter() - began


def _peak_megabytes() -> float:
    # Not getrusage: its peak includes what the parent held when it started this process.
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1e3
    raise RuntimeError("/proc/self/status names no VmHWM")
