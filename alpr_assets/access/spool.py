"""A large answer on its way: written encrypted, kept until its record is on the disk, then streamed.

Here: a nameless temporary file under a key that never leaves this process's memory. Whoever finds the disk finds noise, and
when the process ends, however it ends, the file is gone (422.6(a)). Not here: what is in it, the gate.
Each chunk is AES-256-GCM with its number as nonce, and the last one says that it is; a key is used for one spool only.
"""

from __future__ import annotations

import io
import secrets
import struct
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from alpr_assets.errors import VerificationError

CHUNK: Final = 1 << 20  # bytes of plain text a chunk


class Spool:
    """Written once, read once, front to back. Closing it, or losing it, destroys it.

    Parameters
    ----------
    folder : where the file lies; made when missing
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed by `close`; it has no name
        self._cipher = AESGCM(secrets.token_bytes(32))
        self._waiting = bytearray()
        self._n_chunks = 0
        self._finished = False
        self.n_bytes = 0

    def write(self, content: bytes) -> None:
        """Add to the end."""
        if self._finished:
            raise ValueError("the spool is finished")
        self.n_bytes += len(content)
        self._waiting += content
        while len(self._waiting) >= CHUNK:
            self._seal(bytes(self._waiting[:CHUNK]), last=False)
            del self._waiting[:CHUNK]

    def finish(self) -> None:
        """Write what waits; from here on it is read."""
        if not self._finished:
            self._seal(bytes(self._waiting), last=True)
            self._waiting.clear()
            self._finished = True
            self._file.flush()
            self._file.seek(0)

    def chunks(self) -> Iterator[bytes]:
        """The content, a chunk at a time. Raises VerificationError where the file is not what was written."""
        self.finish()
        for number in range(self._n_chunks):
            last = number == self._n_chunks - 1
            (length,) = struct.unpack(">I", self._file.read(4))
            try:
                yield self._cipher.decrypt(_nonce(number), self._file.read(length), _bound(last))
            except InvalidTag as error:
                raise VerificationError("a spooled answer was altered on the disk", remedy="ask again") from error

    def sent(self) -> Iterator[bytes]:
        """The content, a chunk at a time, and then it is destroyed; also when nobody takes the rest."""
        with self:
            yield from self.chunks()

    def close(self) -> None:
        """Destroy it."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        self.close()

    def _seal(self, content: bytes, *, last: bool) -> None:
        sealed = self._cipher.encrypt(_nonce(self._n_chunks), content, _bound(last))
        self._file.write(struct.pack(">I", len(sealed)) + sealed)
        self._n_chunks += 1


class Chunks(io.RawIOBase):
    """Chunks as a file to read, for libraries that take no other; `read(n)` gives n bytes while there are as many."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        wanted = memoryview(buffer)
        n = 0
        while n < len(wanted):
            if not self._rest:
                following = next(self._chunks, None)
                if following is None:
                    break
                self._rest = memoryview(following)
            n_now = min(len(wanted) - n, len(self._rest))
            wanted[n : n + n_now], self._rest = self._rest[:n_now], self._rest[n_now:]
            n += n_now
        return n


def _nonce(number: int) -> bytes:
    return struct.pack(">IQ", 0, number)


def _bound(last: bool) -> bytes:
    return b"last" if last else b"more"
