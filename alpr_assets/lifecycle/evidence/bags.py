"""A bag as it is written: BagIt 1.0 (RFC 8493) in a tar, front to back, so that no plain picture ever lies on the server's disk.

Here: files in, manifests of SHA-256 and SHA-512 out, no fetch.txt. Not here: what is in it (`contents`, `report`), sealing (`seals`).
Whoever unpacks it has a bag that bagit.py, sha256sum and `verifying` check. Written here and not by the `bagit` library, which works on
a folder in place: the client and the tests check with that library what this writes.
"""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from alpr_assets.lifecycle.evidence.verifying import ALGORITHMS, is_safe

DECLARATION: Final = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
TAPE_BLOCK: Final = 10_240  # bytes; a tar is filled up to a multiple


class Bag:
    """One bag on its way. `name`: of its folder; `write`: takes the tar's bytes, in order."""

    def __init__(self, name: str, at: datetime, write: Callable[[bytes], None]) -> None:
        self.name = name
        self.n_bytes = 0
        self._at = int(at.timestamp())
        self._write = write
        self._n_written = 0
        self._payload: dict[str, tuple[str, ...]] = {}
        self._tags: dict[str, tuple[str, ...]] = {}

    def add(self, path: str, content: bytes) -> None:
        """A file of evidence, under data/. Raises ValueError: its name leads elsewhere, or is taken."""
        name = f"data/{path}"
        if not is_safe(name) or name in self._payload:
            raise ValueError(f"{path} cannot be a file of a bag")
        self._payload[name] = _digests(content)
        self.n_bytes += len(content)
        self._put(name, content)

    def describe(self, info: Mapping[str, str], tags: Mapping[str, bytes]) -> bytes:
        """All that describes it; returns tagmanifest-sha256.txt, which every later check rests on.

        Parameters
        ----------
        info : fields of bag-info.txt besides Payload-Oxum
        tags : further files, by name
        """
        told = {**info, "Payload-Oxum": f"{self.n_bytes}.{len(self._payload)}"}
        lines = "".join(f"{name}: {' '.join(value.split())}\n" for name, value in told.items())
        self._tag("bagit.txt", DECLARATION)
        self._tag("bag-info.txt", lines.encode())
        for name, content in tags.items():
            self._tag(name, content)
        for number, algorithm in enumerate(ALGORITHMS):
            self._tag(f"manifest-{algorithm}.txt", _manifest(self._payload, number))
        manifests = [_manifest(self._tags, number) for number in range(len(ALGORITHMS))]
        for algorithm, content in zip(ALGORITHMS, manifests, strict=True):
            self._put(f"tagmanifest-{algorithm}.txt", content)
        return manifests[0]

    def tag_manifests(self) -> dict[str, bytes]:
        """The tag manifests, by name: what a seal lists."""
        return {f"tagmanifest-{algorithm}.txt": _manifest(self._tags, n) for n, algorithm in enumerate(ALGORITHMS)}

    def close(self, seals: Mapping[str, bytes]) -> None:
        """The seal, which no manifest lists; then the end of the tar."""
        for name, content in seals.items():
            self._put(name, content)
        end = 2 * tarfile.BLOCKSIZE
        self._out(bytes(end + -(self._n_written + end) % TAPE_BLOCK))

    def _tag(self, name: str, content: bytes) -> None:
        self._tags[name] = _digests(content)
        self._put(name, content)

    def _put(self, name: str, content: bytes) -> None:
        member = tarfile.TarInfo(f"{self.name}/{name}")
        member.size, member.mtime, member.mode = len(content), self._at, 0o644
        self._out(member.tobuf(tarfile.PAX_FORMAT))
        self._out(content)
        self._out(bytes(-len(content) % tarfile.BLOCKSIZE))

    def _out(self, content: bytes) -> None:
        self._n_written += len(content)
        self._write(content)


def unpacked(tar: io.IOBase) -> tarfile.TarFile:
    """A bag's tar to unpack with `extractall(filter="data")`, which follows no link out of the folder (PEP 706)."""
    return tarfile.open(fileobj=tar, mode="r|")


def _digests(content: bytes) -> tuple[str, ...]:
    return tuple(hashlib.new(algorithm, content).hexdigest() for algorithm in ALGORITHMS)


def _manifest(files: Mapping[str, tuple[str, ...]], number: int) -> bytes:
    return "".join(f"{digests[number]}  {name}\n" for name, digests in sorted(files.items())).encode()
