"""What the reader is trained on: crops of drawn plates, made by processes of their own.

Here: batches and the processes that draw them. Not here: drawing (`alpr_training.plates`), the network.
"""

from __future__ import annotations

import multiprocessing
import queue
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.context import SpawnContext
from typing import Any, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from alpr_training.plates import camera, draw_plate
from alpr_training.plates.drawing import all_faces

POOL = 1536  # crops from which a batch is drawn, so that the crops of one plate seldom meet
PHOTOGRAPHS, CROPS = 2, 2  # of one plate, of one photograph


@dataclass(frozen=True, slots=True)
class Batch:
    """crops : (n, 48, 192, 3) uint8, blue, green, red; plates : the n strings"""

    crops: NDArray[np.uint8]
    plates: tuple[str, ...]


def batches(seed: int, n: int, size: tuple[int, int]) -> Iterator[Batch]:
    """Batches of `n` crops without end, the same for the same seed and fonts. `size` is (width, height) in pixels."""
    rng = np.random.default_rng(seed)
    faces = all_faces()
    pool: list[tuple[NDArray[np.uint8], str]] = []
    while True:
        while len(pool) < POOL:
            plate = draw_plate(rng, faces)
            for _ in range(PHOTOGRAPHS):
                shot = camera.photograph(rng, plate)
                pool += [(camera.crop(rng, shot, size), plate.plate) for _ in range(CROPS)]
        drawn = [pool.pop(int(rng.integers(len(pool)))) for _ in range(n)]
        yield Batch(np.stack([crop for crop, _ in drawn]), tuple(plate for _, plate in drawn))


class Drawing:
    """Batches drawn by other processes; a context manager that ends them."""

    def __init__(self, seeds: list[int], n: int, size: tuple[int, int]) -> None:
        context: SpawnContext = multiprocessing.get_context("spawn")
        self._queue: Any = context.Queue(maxsize=24)
        self._processes = [
            context.Process(target=_draw, args=(self._queue, seed, n, size), daemon=True) for seed in seeds
        ]

    def __enter__(self) -> Self:
        for process in self._processes:
            process.start()
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            process.terminate()
            process.join()

    def next(self) -> Batch:
        """The next batch.

        Raises
        ------
        RuntimeError : every drawing process has ended
        """
        while True:
            try:
                batch: Batch = self._queue.get(timeout=30)
            except queue.Empty:
                if not any(process.is_alive() for process in self._processes):
                    raise RuntimeError("the processes that draw plates have ended; see their message above") from None
            else:
                return batch


def _draw(out: Any, seed: int, n: int, size: tuple[int, int]) -> None:
    cv2.setNumThreads(1)
    for batch in batches(seed, n, size):
        out.put(batch)
