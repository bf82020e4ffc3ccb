"""Appending from other processes: a recorder process takes their entries over a Unix socket, one connection a thread.

Here: both ends, and `recorder`, which finds whether there is such a process. Not here: writing (`log`).
The socket is its owner's only, and the other end's user is asked of the kernel. A message is four bytes of length
(big-endian) and JSON. A connection that breaks leaves it unknown whether the entry was kept: then nothing may leave.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import struct
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, LifoQueue
from threading import Event, Thread
from typing import Any, Final

from alpr_assets.access.record import alarms
from alpr_assets.access.record.entries import Entry, Head, Receipt, Recorder, RecordUnavailableError
from alpr_assets.access.record.leaves import entry_json, entry_of, instant, instant_of
from alpr_assets.access.record.log import WAIT_SECONDS, AccessRecord, RecordBusyError
from alpr_assets.access.record.places import place_of
from alpr_assets.settings import Settings, settings

LENGTH: Final = struct.Struct(">I")
CREDENTIALS: Final = struct.Struct("3i")  # pid, uid, gid
MAX_BYTES: Final = 1 << 30
RECORDER: Final = "recorder_down"
BUSY_SECONDS: Final = 10
"""How long to wait for a process that appends and serves nobody, such as a command."""


@contextmanager
def recorder(configured: Settings | None = None, *, wait_seconds: float = BUSY_SECONDS) -> Iterator[Recorder]:
    """The record of this system: through its recorder process when one runs, else written by this process.

    Raises RecordUnavailableError when neither is possible.
    """
    place = place_of(configured or settings())
    until = time.monotonic() + wait_seconds
    while True:
        remote = RemoteRecord(place.socket, place.data)
        if remote.is_served():
            place.engine.dispose()
            with contextlib.closing(remote):
                yield remote
            return
        try:
            record = AccessRecord(place)
        except RecordBusyError:
            if time.monotonic() >= until:
                raise
            time.sleep(0.05)
            continue
        with record:
            yield record
        return


class RemoteRecord:
    """A Recorder that hands its entries to the recorder process; safe for threads, connects anew when that one was restarted."""

    def __init__(self, path: Path, data: Path | None = None) -> None:
        """`data`: folder of the alarms; none: nobody is alarmed when the recorder is down."""
        self.path = path
        self.data = data
        self._idle: LifoQueue[socket.socket] = LifoQueue()
        self._is_alarmed = False

    def is_served(self) -> bool:
        """Whether a recorder process takes entries."""
        try:
            self._idle.put(self._connected())
        except OSError:
            return False
        return True

    def append(self, entry: Entry) -> Receipt:
        """Keep one entry; returns when it is on the disk. Raises RecordUnavailableError, then nothing may leave."""
        try:
            message = json.dumps({"entry": entry_json(entry)}).encode()
        except (TypeError, ValueError) as error:
            raise RecordUnavailableError(
                f"an entry that is not JSON cannot be recorded ({type(error).__name__})", remedy="ask with plain text"
            ) from error
        try:
            line = self._line()
            try:
                _send(line, message)
                told = _received(line)
            except BaseException:
                line.close()
                raise
        except (OSError, ValueError, EOFError) as error:
            text = f"the recorder process does not answer ({type(error).__name__})"
            if self.data is not None:
                alarms.raise_alarm(self.data, RECORDER, text)
                self._is_alarmed = True
            raise RecordUnavailableError(text, remedy="start it, or look why it ended") from error
        self._idle.put(line)
        if self._is_alarmed and self.data is not None:
            alarms.end_alarm(self.data, RECORDER)
            self._is_alarmed = False
        return _receipt_of(told)

    def close(self) -> None:
        with contextlib.suppress(Empty):
            while True:
                self._idle.get_nowait().close()

    def _line(self) -> socket.socket:
        """A connection that nobody uses, and that the other end has not closed."""
        with contextlib.suppress(Empty):
            while True:
                line = self._idle.get_nowait()
                if not _is_readable(line, 0):  # what is to be read without a question is its end
                    return line
                line.close()
        return self._connected()

    def _connected(self) -> socket.socket:
        line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            line.settimeout(WAIT_SECONDS + 10)
            with _short(self.path) as address:
                line.connect(address)
        except BaseException:
            line.close()
            raise
        return line


class Served:
    """A record's socket; closing it finishes what was asked."""

    def __init__(self, record: AccessRecord, path: Path) -> None:
        """Begin to take entries. Raises OSError when the socket cannot be made."""
        self.record = record
        self.path = path
        self._ending = Event()
        self._lines: list[Thread] = []
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.unlink(missing_ok=True)  # left by one that was killed: we hold the record's lock
        self._listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        mask = os.umask(0o177)
        try:
            with _short(path) as address:
                self._listening.bind(address)
        finally:
            os.umask(mask)
        self._listening.listen(64)
        self._listening.settimeout(0.2)
        self._accepting = Thread(target=self._accept, name="record socket", daemon=True)
        self._accepting.start()

    def close(self) -> None:
        self._ending.set()
        self._accepting.join()
        self._listening.close()
        self.path.unlink(missing_ok=True)
        for line in self._lines:
            line.join()

    def _accept(self) -> None:
        while not self._ending.is_set():
            try:
                line, _ = self._listening.accept()
            except TimeoutError:
                continue
            except OSError:  # too many files are open: others end
                time.sleep(0.1)
                continue
            if _peer(line) != os.getuid():
                line.close()
                continue
            self._lines = [thread for thread in self._lines if thread.is_alive()]
            thread = Thread(target=self._talk, args=(line,), name="record line", daemon=True)
            self._lines.append(thread)
            thread.start()

    def _talk(self, line: socket.socket) -> None:
        """Answer one connection's messages until either end wants no more."""
        with line, contextlib.suppress(OSError, EOFError, ValueError):  # what is no message ends the line
            while not self._ending.is_set():
                if not _is_readable(line, 0.2):
                    continue
                line.settimeout(WAIT_SECONDS)
                _send(line, json.dumps(self._answer(_received(line))).encode())

    def _answer(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        try:
            entry = entry_of(asked["entry"])
        except (KeyError, TypeError, ValueError) as error:
            return {
                "error": f"this is not an entry ({type(error).__name__})",
                "remedy": "use the same version at both ends",
            }
        try:
            return _receipt_json(self.record.append(entry))
        except RecordUnavailableError as error:
            return {"error": str(error), "remedy": error.remedy}


def run_recorder(configured: Settings, ending: Event) -> None:
    """Be the recorder process until `ending` is set. Raises RecordUnavailableError when the record cannot be written."""
    place = place_of(configured)
    with AccessRecord(place) as record, contextlib.closing(Served(record, place.socket)):
        ending.wait()


def _receipt_json(receipt: Receipt) -> dict[str, Any]:
    head = receipt.head
    return {
        "record_id": receipt.record_id,
        "at": instant(receipt.at),
        "leaf_hash": receipt.leaf_hash.hex(),
        "results_root": receipt.results_root.hex(),
        "head": [head.log_id, head.size, head.root.hex(), instant(head.at), head.key_id, head.signature.hex()],
    }


def _receipt_of(told: Mapping[str, Any]) -> Receipt:
    if "error" in told:
        raise RecordUnavailableError(str(told["error"]), remedy=str(told.get("remedy", "")))
    log_id, size, root, at, key_id, signature = told["head"]
    head = Head(log_id, size, bytes.fromhex(root), instant_of(at), key_id, bytes.fromhex(signature))
    hashes = bytes.fromhex(told["leaf_hash"]), bytes.fromhex(told["results_root"])
    return Receipt(told["record_id"], instant_of(told["at"]), *hashes, head)


def _send(line: socket.socket, message: bytes) -> None:
    line.sendall(LENGTH.pack(len(message)) + message)


def _received(line: socket.socket) -> dict[str, Any]:
    (length,) = LENGTH.unpack(_exactly(line, LENGTH.size))
    if length > MAX_BYTES:
        raise ValueError("a message longer than any entry")
    told = json.loads(_exactly(line, length))
    if not isinstance(told, dict):
        raise ValueError("a message that is no object")  # noqa: TRY004 - what came, not what was passed
    return told


def _exactly(line: socket.socket, length: int) -> bytes:
    parts = bytearray()
    while len(parts) < length:
        part = line.recv(min(length - len(parts), 1 << 20))
        if not part:
            raise EOFError
        parts += part
    return bytes(parts)


def _is_readable(line: socket.socket, seconds: float) -> bool:
    poll = select.poll()  # select() knows no file beyond the 1024th
    poll.register(line, select.POLLIN)
    return bool(poll.poll(seconds * 1000))


def _peer(line: socket.socket) -> int:
    """User at the other end, as the kernel knows him."""
    raw = line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size)
    uid: int = CREDENTIALS.unpack(raw)[1]
    return uid


@contextmanager
def _short(path: Path) -> Iterator[str]:
    """An address for a socket in a folder of any depth: the kernel takes 107 bytes."""
    if len(os.fsencode(path)) < 100:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
