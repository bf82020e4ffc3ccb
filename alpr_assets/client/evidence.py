"""Evidence on a medium: written whole or not at all, checked there, booked by what was counted.

Here: from the console's answer to a folder on a medium, and what is said of it. Not here: the check itself, which needs nothing of ours
(`lifecycle.evidence.verifying`); it is done with it, and with the Library of Congress' bagit besides.
"""

from __future__ import annotations

import base64
import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bagit
import httpx

from alpr_assets.access.record.entries import Receipt
from alpr_assets.access.spool import Chunks
from alpr_assets.client import places, receipts
from alpr_assets.client.connection import Connection, Served, Why, file_name
from alpr_assets.client.refusals import error_of
from alpr_assets.errors import NotFoundError, StorageError, VerificationError
from alpr_assets.lifecycle.evidence import bags, verifying
from alpr_assets.store.sealed import sync_folder, write_durably

CHUNK = 1 << 20
PART = ".alpr-part-"


@dataclass(frozen=True, slots=True)
class Written:
    """A package on a medium. path: the bag's folder, or the encrypted file; sha256: of its tagmanifest-sha256.txt"""

    path: Path
    package_id: int
    sha256: str
    is_stamped: bool


class Evidence(Connection):
    """A connection through which evidence is packed and booked."""

    def pack(self, hold_id: int, folder: Path, why: Why, **options: Any) -> Served[Written]:
        """Pack what a hold covers, and write it below a folder of a medium; there it is checked before it has its name.

        Parameters
        ----------
        options : pictures, subjects, with_entries, recipient: as of `lifecycle.evidence.building.Options`

        Raises
        ------
        AccessRefusedError, NotFoundError, IllegalMoveError, MalformedError : the console's
        StorageError : the medium has no room, cannot be written, or holds this package already
        VerificationError : what was written is not what left
        """
        said = {"purpose": why.purpose, "case_number": why.case_number, "hold_id": hold_id, **options}
        with _explained(folder), self._streamed("/api/evidence/pack", said) as response, _part(folder) as part:
            name = file_name(response)
            receipt = receipts.of_header(response.headers)
            written = Written(
                folder / name.removesuffix(".tar"), int(response.headers["ALPR-Package"]), response.headers["ALPR-Package-SHA256"],
                response.headers["ALPR-Stamped"] == "yes",
            )  # fmt: skip
            made = _unpacked(response, part, written) if name.endswith(".tar") else _copied(response, part)
            if written.path.exists():
                raise StorageError(f"{written.path} is there already", remedy="give another folder")
            made.rename(written.path)
            sync_folder(folder)
        self._followed(receipt)
        return Served(written, receipt)

    def packages(self, why: Why, package_id: int | None = None) -> Served[list[dict[str, Any]]]:
        """Packages that left, the newest first, with bookings and custody."""
        served = self._recorded("/api/evidence/packages", why, {"package_id": package_id}, accept="application/json")
        return Served(served.value.json()["packages"], served.receipt)

    def stamp(self, package_id: int, bag: Path, why: Why) -> None:
        """Have a package stamped that left without a stamp, and put stamp and seal into its bag. Raises as `pack`; NotFoundError: no bag."""
        if not (bag / "bagit.txt").is_file():
            raise NotFoundError(f"{bag} is no package", remedy="give the folder that holds bagit.txt")
        said = {"purpose": why.purpose, "case_number": why.case_number, "package_id": package_id}
        files = self._json("POST", "/api/evidence/stamp", said)["files"]
        with _explained(bag):
            for name in (verifying.STAMP, verifying.SIGNATURE, verifying.SEAL):  # the seal last: it names the stamp
                write_durably(bag / name, base64.b64decode(files[name]), mode=0o644)  # as the bag's other files

    def book(
        self, package_id: int, bag: Path, why: Why, *, item_number: str, media: str, media_serial: str, to_whom: str
    ) -> Served[dict[str, Any]]:
        """Check a bag on its medium, and book it: booking_id, is_settled. Raises IllegalMoveError: it is not the package, whole."""
        asked = {
            "package_id": package_id, "item_number": item_number, "media": media, "media_serial": media_serial, "to_whom": to_whom,
            "checked": checked(bag),
        }  # fmt: skip
        served = self._recorded("/api/evidence/book", why, asked, accept="application/json")
        return Served(served.value.json(), served.receipt)

    def follow(
        self, booking_id: int, bag: Path, why: Why, *, reason: str, to_whom: str = "", from_whom: str = ""
    ) -> Served[bool]:
        """Check a booked bag that is handed over, or with nobody named only checked. Whether it is intact; on record in either case."""
        asked = {
            "booking_id": booking_id, "reason": reason, "to_whom": to_whom, "from_whom": from_whom, "checked": checked(bag),
        }  # fmt: skip
        served = self._recorded("/api/evidence/follow", why, asked, accept="application/json")
        return Served(served.value.json()["is_intact"], served.receipt)

    @contextmanager
    def _streamed(self, path: str, said: dict[str, Any]) -> Iterator[httpx.Response]:
        try:
            with self.waiting(), self._http.stream("POST", path, json=said) as response:
                if not response.is_success:
                    response.read()
                    raise error_of(response)
                yield response
        except httpx.TransportError as error:
            raise places.unreachable(self.url, error) from error

    def _followed(self, receipt: Receipt) -> None:
        self._book.follow(self.url, receipt.head, self._proofs())


def checked(bag: Path) -> dict[str, Any]:
    """What a check of a bag finds, as the console is told."""
    said = verifying.verify(bag)
    return {"sha256": said.sha256, "is_whole": said.status == 0}


# ── parts ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def _part(folder: Path) -> Iterator[Path]:
    """A folder to write in, gone at the end; those that killed ones left are swept first: nobody holds their lock."""
    for left in folder.glob(f"{PART}*"):
        with _locked(left) as is_mine:
            if is_mine:
                shutil.rmtree(left, ignore_errors=True)
    part = folder / f"{PART}{secrets.token_hex(4)}"
    part.mkdir(mode=0o700)
    with _locked(part):
        try:
            yield part
        finally:
            shutil.rmtree(part, ignore_errors=True)


@contextmanager
def _locked(folder: Path) -> Iterator[bool]:
    """Whether this process has the folder's lock, as long as it runs."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:  # another process swept it
        yield False
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield True
    except BlockingIOError:
        yield False
    finally:
        os.close(descriptor)


def _unpacked(response: httpx.Response, part: Path, expected: Written) -> Path:
    """The bag in `part`, on the disk, and checked by two programs."""
    with bags.unpacked(Chunks(response.iter_bytes(CHUNK))) as tar:
        tar.extractall(part, filter="data")
    (bag,) = part.iterdir()
    for path in sorted(bag.rglob("*")):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
    said = verifying.verify(bag)
    if said.status or said.sha256 != expected.sha256:
        raise VerificationError("what lies on the medium is not what left", remedy="use another medium")
    try:
        bagit.Bag(str(bag)).validate()
    except bagit.BagError as error:
        raise VerificationError("the bag on the medium is not valid", remedy="use another medium") from error
    return bag


def _copied(response: httpx.Response, part: Path) -> Path:
    path = part / "package"
    with open(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:  # noqa: PTH123
        file.writelines(response.iter_bytes(CHUNK))
        file.flush()
        os.fsync(file.fileno())
    return path


@contextmanager
def _explained(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError(
            f"{folder} cannot be written: {error.strerror or error}",
            remedy="is the medium there, with room, and yours?",
        ) from error
