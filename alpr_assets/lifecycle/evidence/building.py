"""From records to a sealed bag: pictures, JSON, the report, what describes it, stamp and seal, in this order.

Here: what goes in and where. Not here: which captures (`packing`), the format (`bags`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from alpr_assets.errors import MalformedError
from alpr_assets.lifecycle.captures.arrivals import SIMULATED
from alpr_assets.lifecycle.evidence import maps, pictures, report, seals, stamps, verifying
from alpr_assets.lifecycle.evidence.bags import Bag
from alpr_assets.lifecycle.evidence.contents import Contents, day_of
from alpr_assets.lifecycle.evidence.report import Frame, Pictured
from alpr_assets.lifecycle.evidence.seals import Sealer
from alpr_assets.lifecycle.evidence.telling import Record
from alpr_assets.policy import Policy
from alpr_assets.store.images import ImageStore
from alpr_assets.store.schema import MAX_PLATE

Progress = Callable[[int, int], None]
"""Told after each picture: pictures done, pictures to do."""

README: Final = Path(__file__).parent / "templates" / "README.txt"


class Pictures(StrEnum):
    """Which pictures go in."""

    ORIGINAL = "original"
    COVERED = "covered"
    BOTH = "both"
    NONE = "none"


PICTURES_ARE: Final = {
    Pictures.ORIGINAL: "as captured, byte for byte",
    Pictures.COVERED: "copies in which the plates of others are covered; others' reads are left out",
    Pictures.BOTH: "as captured, byte for byte, and copies in which the plates of others are covered",
    Pictures.NONE: "none are in it",
}
COPIED: Final = frozenset({Pictures.COVERED, Pictures.BOTH})
LOOK: Final = "A plate that no recogniser found is not covered: look at each copy before it is passed on."


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a package holds.

    pictures : see Pictures
    subjects : plates that stay visible in covered copies, with their look-alikes; without originals, others' reads stay out
    with_entries : what the department's own lists say goes with the hits
    recipient : age public key (age1…) that the bag is encrypted to; empty: in clear, for a medium that is encrypted itself
    """

    pictures: Pictures = Pictures.ORIGINAL
    subjects: tuple[str, ...] = ()
    with_entries: bool = False
    recipient: str = ""

    def check(self) -> Options:
        """Raises MalformedError: `subject`: covered copies, and nobody said whose plates stay visible."""
        subjects = tuple("".join(one.upper().split()) for one in self.subjects if one.strip())
        if any(len(one) > MAX_PLATE or not one.isalnum() for one in subjects):
            raise MalformedError("subject", "a plate is letters and digits", remedy="give it as it is read")
        if self.pictures in COPIED and not subjects:
            raise MalformedError("subject", "covered copies leave somebody's plate visible", remedy="say whose")
        return replace(self, subjects=subjects)

    def said(self) -> dict[str, Any]:
        """As the register has it: no plate."""
        told = {"pictures": self.pictures.value, "with_entries": self.with_entries}
        return told | {"encrypted": bool(self.recipient)}


@dataclass(frozen=True, slots=True)
class Made:
    """A bag that was written. tagmanifest: tagmanifest-sha256.txt; seal: seal.txt but for the stamp; trouble: why it has no stamp"""

    tagmanifest: bytes
    seal: str
    n_bytes: int
    stamp: stamps.Stamp | None
    trouble: str


@dataclass(frozen=True, slots=True)
class Maker:
    """Makes bags for one department.

    data : folder in which the department's streets lie
    authority : stamps each; None: none is configured
    """

    images: ImageStore
    policy: Policy
    sealer: Sealer
    data: Path
    authority: stamps.Authority | None

    def make(
        self, gathered: Contents, bystanders: Sequence[Record], options: Options, frame: Frame,
        write: Callable[[bytes], Any], *, progress: Progress | None = None,
    ) -> Made:  # fmt: skip
        """Write a bag.

        Parameters
        ----------
        bystanders : reads whose plates are covered in copies, see `narrowed`
        write : takes the tar, in order

        Raises
        ------
        ConfigurationError : the time-stamping authority's root cannot be read
        VerificationError : a picture is missing or is not what was sealed: the package would not be whole
        """
        bag = Bag(frame.name, frame.packed_at, write)
        shown = self._pictures(bag, gathered, bystanders, options, progress)
        for file, value in gathered.files().items():
            bag.add(file, json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False).encode())
        for file, content in gathered.basis.files.items():
            bag.add(file, content)
        for file, content in report.written(
            gathered, shown, frame, picture_map=self._map(gathered), policy=self.policy
        ).items():
            bag.add(file, content)
        tagmanifest = bag.describe(self._info(frame), self._tags(frame))
        stamp, trouble = self._stamped(tagmanifest)
        seal = "".join(seals.line(name, content) for name, content in bag.tag_manifests().items())
        if stamp is None:
            bag.close(self.sealer.seal(seal))
        else:
            said = seal + seals.line(verifying.STAMP, stamp.response)
            bag.close({verifying.STAMP: stamp.response} | self.sealer.seal(said))
        return Made(tagmanifest, seal, bag.n_bytes, stamp, trouble)

    def _pictures(
        self, bag: Bag, gathered: Contents, bystanders: Sequence[Record], options: Options, progress: Progress | None
    ) -> list[Pictured]:
        """All pictures into the bag; small ones of the first for the report."""
        quads: dict[int, list[Any]] = {}
        for read in bystanders:
            quads.setdefault(read["capture_id"], []).append(read["quad"])
        is_original = options.pictures in {Pictures.ORIGINAL, Pictures.BOTH}
        shown: list[Pictured] = []
        for done, one in enumerate(gathered.captures, start=1):
            if SIMULATED not in one["flags"] and options.pictures is not Pictures.NONE:
                number, content = one["capture_id"], self.images.picture(day_of(one), one["image_sha256"])
                original, copy = (
                    f"images/{number}.{pictures.ENDINGS.get(one['media_type'], 'bin')}",
                    f"covered/{number}.jpg",
                )
                if is_original:
                    bag.add(original, content)
                if options.pictures in COPIED:
                    content = pictures.covered(content, quads.get(number, ()))
                    bag.add(copy, content)
                if len(shown) < report.MOST_PICTURED:
                    file = original if options.pictures is Pictures.ORIGINAL else copy
                    shown.append(Pictured(number, file, pictures.small(content), is_original))
            if progress is not None:
                progress(done, len(gathered.captures))
        return shown

    def _map(self, gathered: Contents) -> bytes | None:
        placed = [
            (number, one["latitude_deg"], one["longitude_deg"])
            for number, one in enumerate(gathered.captures, start=1)
            if one["latitude_deg"] is not None
        ]
        return maps.captures_map(placed, self.data) if placed else None

    def _info(self, frame: Frame) -> dict[str, str]:
        policy = self.policy.policy
        return {
            "Source-Organization": policy.agency,
            "External-Identifier": frame.name,
            "Bag-Group-Identifier": f"case {frame.case_number}",
            "Bagging-Date": frame.packed_at.astimezone(self.policy.zone).date().isoformat(),
            "Internal-Sender-Description": f"evidence of licence-plate readers under policy {policy.number}",
            "ALPR-Signing-Key": self.sealer.key_id(),
        }

    def _tags(self, frame: Frame) -> Mapping[str, bytes]:
        said = {"name": frame.name, "agency": self.policy.policy.agency, "key_id": self.sealer.key_id()}
        return {
            "README.txt": README.read_text().format(**said).encode(),
            "verify.py": Path(verifying.__file__).read_bytes(),
            verifying.KEY: self.sealer.public(),
        }

    def _stamped(self, tagmanifest: bytes) -> tuple[stamps.Stamp | None, str]:
        if self.authority is None:
            return None, "no time-stamping authority is configured"
        try:
            return self.authority.stamp(tagmanifest), ""
        except stamps.NotStampedError as error:  # the bag is good without, and stamped later
            return None, error.diagnostics()


def narrowed(gathered: Contents, options: Options) -> tuple[Contents, list[Record]]:
    """What may go in, and the reads of bystanders: where no picture goes in as captured, theirs do not, nor their hits."""
    if options.pictures is Pictures.ORIGINAL or (options.pictures is Pictures.NONE and not options.subjects):
        return gathered, []
    bystanders = pictures.others(gathered.reads, options.subjects)
    if options.pictures is Pictures.BOTH:
        return gathered, bystanders
    left_out = {one["read_id"] for one in bystanders}
    passes = [{**one, "read_ids": [n for n in one["read_ids"] if n not in left_out]} for one in gathered.passes]
    kept = replace(
        gathered,
        reads=[one for one in gathered.reads if one["read_id"] not in left_out],
        hits=[one for one in gathered.hits if one["read_id"] not in left_out],
        passes=[one for one in passes if one["read_ids"]],
    )
    return kept, bystanders


def remarks(gathered: Contents, bystanders: Sequence[Record], options: Options) -> tuple[str, ...]:
    """What a reader of the report must know of what is not in it."""
    said = []
    if gathered.n_restricted:
        said.append(
            f"{_are(gathered.n_restricted, 'hit')} left out: of restricted files, or not for whoever packed this."
        )
    if options.pictures in COPIED:
        said.append(f"{_are(len(bystanders), 'read')} of another vehicle, and covered in the copies. {LOOK}")
    n_simulated = sum(SIMULATED in one["flags"] for one in gathered.captures)
    if n_simulated:
        said.append(f"{_are(n_simulated, 'capture')} simulated, without a picture.")
    return tuple(said)


def _are(n: int, what: str) -> str:
    return f"{n} {what} is" if n == 1 else f"{n} {what}s are"
