"""Recognise many pictures on a `concurrent.futures.Executor`: in this thread, on local processes, or on Dask.

Here: one code path for all three, bounded work in flight, one picture's error kept to that picture.
Not here: where pictures come from, where reads go. Invariant: every picture taken from the input is answered with
exactly one Outcome, or `recognise_many` raises.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar

from alpr_assets.errors import RecognitionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from alpr_assets.lifecycle.recognition.recogniser import Recogniser, Recognition

Key = TypeVar("Key")
P = ParamSpec("P")
T = TypeVar("T")

AHEAD = 2  # pictures in flight a worker: one being read, one waiting; more only costs memory


@dataclass(frozen=True, slots=True)
class Outcome(Generic[Key]):
    """One picture's answer: `recognition`, or `error` saying why there is none.

    `loaded` is False where the picture could not even be fetched: nothing has looked at it.
    """

    key: Key
    recognition: Recognition | None
    error: RecognitionError | None
    loaded: bool = True


@dataclass(frozen=True, slots=True)
class Pool:
    """An executor, the picklable factory that makes the recogniser on its workers, and how many of them there are."""

    executor: Executor
    factory: Callable[[], Recogniser]
    n_workers: int


class RecogniserDiedError(RecognitionError):
    """A process that recognises died or was lost. `keys`: of the pictures that it, or one beside it, may have died on."""

    def __init__(self, keys: Sequence[Any]) -> None:
        super().__init__(
            f"a recognition worker died or was lost; {len(keys)} pictures in flight are unanswered",
            remedy="look for an out-of-memory kill, lower the number of workers, and run the day again",
        )
        self.keys = tuple(keys)


@contextmanager
def executor(workers: int, dask_address: str | None, factory: Callable[[], Recogniser]) -> Iterator[Pool]:
    """Open a pool; pictures not begun are cancelled when the block is left.

    Parameters
    ----------
    workers : 0 or 1 recognises in the calling thread, without any process; more spawns as many processes
    dask_address : a scheduler such as "tcp://host:8786"; `workers` is then ignored. This package must be installed there
    factory : importable on the worker: a module-level function, or a frozen dataclass with `__call__`

    Raises
    ------
    RecognitionError : no Dask scheduler answers at the address, or it has no workers
    """
    if dask_address:
        with _dask(dask_address, factory) as pool:
            yield pool
    elif workers <= 1:
        yield Pool(_Inline(), factory, 1)
    else:
        # Never fork: Dagster, gRPC and onnxruntime have threads, and a forked child may inherit their locks held.
        context = multiprocessing.get_context("spawn")
        processes = ProcessPoolExecutor(workers, context, initializer=_begin, initargs=(factory,))
        try:
            yield Pool(processes, factory, workers)
        finally:
            processes.shutdown(wait=True, cancel_futures=True)


def recognise_many(pool: Pool, pictures: Iterable[tuple[Key, Callable[[], bytes]]]) -> Iterator[Outcome[Key]]:
    """Yield each picture's outcome as it completes, in any order.

    `pictures` is read only as fast as workers are free: a day of 60,000 is never in memory. A loader runs in this
    process, so that keys and credentials for stored pictures do not travel; what it raises is its picture's error.

    Raises
    ------
    RecognitionError : no recogniser could be made
    RecogniserDiedError : a worker died; outcomes already yielded stand
    """
    in_flight: dict[Future[Recognition | RecognitionError], Key] = {}
    try:
        for key, load in pictures:
            try:
                picture = load()
            except Exception as error:  # noqa: BLE001 - a missing or unreadable file is that picture's, whatever it raises
                yield Outcome(key, None, _as_error("the picture could not be loaded", error), loaded=False)
                continue
            with _worker_death([*in_flight.values(), key]):
                in_flight[pool.executor.submit(_recognise, pool.factory, picture)] = key
            while len(in_flight) >= AHEAD * pool.n_workers or any(future.done() for future in in_flight):
                yield from _completed(in_flight)
        while in_flight:
            yield from _completed(in_flight)
    finally:
        for future in in_flight:
            future.cancel()


def _completed(in_flight: dict[Future[Recognition | RecognitionError], Key]) -> Iterator[Outcome[Key]]:
    done, _ = wait(in_flight, return_when=FIRST_COMPLETED)
    # Answers first: where a process died, what was answered before it stands.
    for future in sorted(done, key=_has_failed):
        with _worker_death(list(in_flight.values())):
            answer = future.result()
        key = in_flight.pop(future)
        if isinstance(answer, RecognitionError):
            yield Outcome(key, None, answer)
        else:
            yield Outcome(key, answer, None)


def _has_failed(future: Future[Any]) -> bool:
    return future.cancelled() or future.exception() is not None


@contextmanager
def _worker_death(keys: Sequence[Any]) -> Iterator[None]:
    try:
        yield
    except RecognitionError:  # the factory's: the same for every picture, so it ends the whole
        raise
    except Exception as error:
        if not isinstance(error, BrokenExecutor) and type(error).__name__ not in DASK_DEATHS:
            raise
        raise RecogniserDiedError(keys) from error


DASK_DEATHS = frozenset({"KilledWorker", "CancelledError", "FutureCancelledError", "CommClosedError"})


def _recognise(factory: Callable[[], Recogniser], picture: bytes) -> Recognition | RecognitionError:
    """On the worker. A picture's error comes back as a value: what is raised here is the recogniser's failure."""
    recogniser = _recogniser(factory)
    try:
        return recogniser.recognise(picture)
    except RecognitionError as error:
        return error
    except Exception as error:  # noqa: BLE001 - one strange picture must not end a day of 60,000
        return _as_error("the recogniser failed on the picture", error)


_made = threading.local()  # a thread each: Dask runs several in one process, and a recogniser is not shared


def _recogniser(factory: Callable[[], Recogniser]) -> Recogniser:
    if getattr(_made, "factory", None) != factory:
        _made.recogniser = factory()
        _made.factory = factory
    recogniser: Recogniser = _made.recogniser
    return recogniser


def _begin(factory: Callable[[], Recogniser]) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    # An initialiser that raises breaks the pool without saying why; the first picture meets and reports the failure.
    with suppress(Exception):
        _recogniser(factory)


def _end_with_parent() -> None:
    """A process that is killed tells its pool nothing: its processes would wait for pictures for ever, each with its models."""
    if (parent := multiprocessing.parent_process()) is not None:
        parent.join()
        os._exit(1)


def _as_error(what: str, error: Exception) -> RecognitionError:
    # Not the error itself: it may not survive pickling, and its text may quote what no log should hold.
    return error if isinstance(error, RecognitionError) else RecognitionError(f"{what}: {type(error).__name__}")


class _Inline(Executor):
    """Runs each call at once in the calling thread: nothing to start, nothing to die."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - handed on through the future, as every executor does
            future.set_exception(error)
        return future


@contextmanager
def _dask(address: str, factory: Callable[[], Recogniser]) -> Iterator[Pool]:
    from distributed import Client  # noqa: PLC0415 - heavy, and needed only here

    try:
        client: Any = Client(address, set_as_default=False, timeout="10s")
    except (OSError, ValueError) as error:
        raise RecognitionError(
            f"no Dask scheduler answers at {address}", remedy="start it, or leave the address empty for local processes"
        ) from error
    with client:
        n_threads = sum(client.nthreads().values())
        if not n_threads:
            raise RecognitionError(f"the Dask scheduler at {address} has no workers", remedy="start dask workers")
        # pure=False: two identical pictures are two calls, and no picture is hashed for a cache of results.
        executor_ = client.get_executor(pure=False)
        try:
            yield Pool(executor_, factory, n_threads)
        finally:
            executor_.shutdown(wait=False)
