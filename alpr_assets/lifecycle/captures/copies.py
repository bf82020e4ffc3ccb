"""The file that a drop holds for a declared one: `x` in clear, or `x.age`, encrypted (422.6(a)).

Here: finding and reading it. Not here: keys (ciphers.py), what becomes of it (deciding.py).
The manifest declares plain names and the hashes of plain content, so that a drop is the same drop in clear or encrypted.
Where both copies lie there, the encrypted one counts if it holds what was declared, else the plain one if that does; a copy that
holds something else stays in the folder, and the receipt names it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from alpr_assets.errors import MalformedError
from alpr_assets.lifecycle.captures.ciphers import AGE, DropKeys
from alpr_assets.store.sealed import sha256_hex

# Of an armoured file, in base 64, by its plain content; and room for the headers of many recipients.
ARMOURED, HEADERS = 1.4, 1_000_000


@dataclass(frozen=True, slots=True)
class Copy:
    path: Path
    is_encrypted: bool


@dataclass(frozen=True, slots=True)
class Content:
    """What a drop holds for a declared file.

    content : in clear; where there is `trouble`, the encrypted bytes as they came
    in_clear : a plain copy lay in the drop
    trouble : why `content` could not be opened
    """

    content: bytes
    sha256: str
    in_clear: bool
    trouble: MalformedError | None = None


def copies(folder: Path, name: str) -> list[Copy]:
    """What is there of a declared file, the encrypted copy first; no link that leads out of `folder`, which is resolved."""
    return [copy for copy in _copies(folder, name) if copy.path.resolve().is_relative_to(folder)]


def is_there(folder: Path, name: str) -> bool:
    """Whether a declared file is there, in clear or encrypted. Looks at names only: sensors ask every few seconds."""
    return next(_copies(folder, name), None) is not None


def _copies(folder: Path, name: str) -> Iterator[Copy]:
    for path, is_encrypted in ((folder / f"{name}{AGE}", True), (folder / name, False)):
        try:
            there = path.is_file()
        except OSError:  # a name that this file system cannot hold
            there = False
        if there:
            yield Copy(path, is_encrypted)


def read(folder: Path, name: str, declared: str, keys: DropKeys, *, max_bytes: int | None = None) -> Content | None:
    """The content of a declared file; None where it is not there, or only a link that leads out of the drop.

    Parameters
    ----------
    declared : SHA-256 of the plain content: decides between two copies; one copy is returned whatever it holds
    max_bytes : of the plain content

    Raises MalformedError `too_large`; DropKeyError when a copy is encrypted and the key is not there.
    """
    there = copies(folder, name)
    in_clear = any(not copy.is_encrypted for copy in there)
    first: Content | None = None
    for copy in there:
        try:
            found = _read(copy, keys, max_bytes, in_clear=in_clear)
        except FileNotFoundError:  # another process landed it this moment
            continue
        if found.trouble is None and found.sha256 == declared:
            return found
        first = first or found
    return first


def _read(copy: Copy, keys: DropKeys, max_bytes: int | None, *, in_clear: bool) -> Content:
    if max_bytes is not None:
        most = max_bytes * ARMOURED + HEADERS if copy.is_encrypted else max_bytes
        if copy.path.stat().st_size > most:
            raise MalformedError("too_large", f"{copy.path.name} is larger than the policy allows")
    raw = copy.path.read_bytes()
    if not copy.is_encrypted:
        return Content(raw, sha256_hex(raw), in_clear)
    try:
        plain = keys.open(raw, max_bytes=max_bytes)
    except MalformedError as error:
        said = MalformedError(error.code, f"{copy.path.name} is {error}", remedy=error.remedy)
        if error.code == "too_large":
            raise said from error
        return Content(raw, sha256_hex(raw), in_clear, trouble=said)
    return Content(plain, sha256_hex(plain), in_clear)


def is_copy_of(copy: Copy, sha256: str, keys: DropKeys) -> bool:
    """Whether a copy holds the content of this SHA-256, in clear or, of an encrypted one, as it came.

    Raises FileNotFoundError when it is gone meanwhile; DropKeyError.
    """
    raw = copy.path.read_bytes()
    if sha256_hex(raw) == sha256:
        return True
    try:
        return copy.is_encrypted and sha256_hex(keys.open(raw)) == sha256
    except MalformedError:
        return False


def strays(folder: Path, name: str, sha256: str, keys: DropKeys) -> list[Path]:
    """Of two copies of one declared file, those that do not hold what the receipt names."""
    there = copies(folder, name)
    found = []
    for copy in there if len(there) > 1 else ():
        with suppress(FileNotFoundError):  # another process landed it this moment
            if not is_copy_of(copy, sha256, keys):
                found.append(copy.path)
    return found
