"""What a mobile workstation does to a drop: every file but the manifest is replaced by its encrypted copy (422.6(a)).

Here: a folder as it lies on the unit. Not here: the department's key (ciphers.py), which the unit does not have.
The manifest stays in clear. It declares the plain content, so that it may be closed before or after.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

from alpr_assets.errors import AlprError
from alpr_assets.lifecycle.captures.ciphers import AGE, encrypt, encrypt_file
from alpr_assets.lifecycle.captures.manifests import CAPTURES, MANIFEST, RECEIPT

UNFINISHED: Final = re.compile(rf"\..+{re.escape(AGE)}\.[0-9a-f]{{8}}")


def encrypt_drop(folder: Path, recipient: str, *, progress: Callable[[int, int], None] | None = None) -> int:
    """Encrypt a drop's files where they lie, those in folders below too; returns how many were in clear.

    Parameters
    ----------
    recipient : public key of the department (`age1…`)
    progress : called with files encrypted and files to encrypt

    Killed at any moment and done again, it ends the same: a file that is there in clear is encrypted again, since only the one
    in clear is surely the newest. A link is left alone: what it leads to is another's.

    Raises AlprError, before anything is touched, when the recipient is none, or the folder no drop: a home folder, say.
    """
    encrypt(b"", recipient)
    if not any((folder / name).is_file() for name in (MANIFEST, CAPTURES, f"{CAPTURES}{AGE}")):
        raise AlprError(
            f"{folder} is no drop: it has neither {MANIFEST} nor {CAPTURES}", remedy="name the folder of one drop"
        )
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    plain = []
    for path in files:
        if UNFINISHED.fullmatch(path.name):
            path.unlink()  # of a process that was killed: its file is there in clear still
        elif path.suffix != AGE and path not in (folder / MANIFEST, folder / RECEIPT):
            plain.append(path)
    for done, path in enumerate(plain, start=1):
        encrypt_file(path, recipient)
        if progress:
            progress(done, len(plain))
    return len(plain)
