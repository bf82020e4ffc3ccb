"""Hot lists to go with the drive: random entries, and a few that concern plates seen in it.

Here: two CLEW tables, one NCIC extract, one CSV watch list, as their sources write them. Not here: reading them.
Of the plates seen, some are listed as they are, some with a look-alike in place of one character, some one edit away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from alpr_assets.sample.captures import SampleCapture
from alpr_assets.sample.scenes import HARD
from alpr_assets.sample.states import draw_serial, draw_state

N_STOLEN_VEHICLES, N_STOLEN_PLATES, N_NCIC, N_WATCH = 1800, 900, 1200, 12

LOOK_ALIKES = {"0": "O", "O": "0", "8": "B", "B": "8", "1": "I", "I": "1", "5": "S", "S": "5", "2": "Z", "Z": "2"}
_UNLIKE = "34679ACEFHKMNTWXY"  # no two of these are taken for one another
_LOCAL = ZoneInfo("America/Los_Angeles")
_ORIS = ("CA0070100", "CA0070200", "CA0070700", "CA0340400", "NV0020100", "OR0260200", "AZ0072300")
_VEHICLES = (("TOYT", "CAM", "4D"), ("TOYT", "COA", "4D"), ("HOND", "CIV", "4D"), ("HOND", "ACC", "4D"), ("FORD", "F15", "PK"), ("CHEV", "SIL", "PK"), ("NISS", "ALT", "4D"), ("DODG", "RAM", "PK"), ("JEEP", "CHE", "LL"), ("KIA", "SOU", "4H"))  # fmt: skip
_COLOURS = ("WHI", "BLK", "SIL", "GRY", "BLU", "RED", "GRN", "BRO", "RED/WHI", "BLU/GRY", "GLD")
_LETTERS = (
    ("V", 0.46),
    ("P", 0.24),
    ("W", 0.10),
    ("F", 0.08),
    ("M", 0.05),
    ("A", 0.01),
    ("X", 0.02),
    ("C", 0.02),
    ("N", 0.02),
)
_CONCERNS = (
    "Welfare check",
    "Hit-and-run follow-up",
    "Detail: street racing",
    "Stolen tools case",
    "Court order service",
)
_OWNERS = ("Det. Maria Alvarez", "Det. Samuel Okafor", "Ofc. Helen Brandt")
_APPROVERS = ("Sgt. Daniel Ruiz", "Lt. Karen Whitfield")
_OWN_HEADER = "Plate Number,Reason,State/Province,Owner,Case Number,Expires On,Approved By"
_SEEN_LETTERS = "VPFWM"


@dataclass(frozen=True, slots=True)
class _Entry:
    plate: str
    state: str


def write_hotlists(folder: Path, captures: Sequence[SampleCapture], *, seed: int, made_at: datetime) -> list[Path]:
    """Write svs.tbl, slr.tbl, ncic_lpr.txt and watch.csv into `folder` (made where missing); returns their paths.

    `made_at` is aware: CLEW headers carry it in local time, and every date of loss is before it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng([seed, 422])
    seen = _seen(rng, captures)
    taken = {plate for capture in captures for plate, _ in capture.plates}
    # seen plates, in turn: exact, look-alike, one edit away; each list gets its share of every kind
    stolen = [*seen[0:2], *_alike(rng, seen[2:4]), *_edited(rng, seen[4:5])]
    plates = [*seen[5:6], *_alike(rng, seen[6:7]), *_edited(rng, seen[7:8])]
    ncic = [*seen[8:11], *_alike(rng, seen[11:12]), *_edited(rng, seen[12:14])]
    watch = [*seen[14:15], *_edited(rng, seen[15:16])]
    texts = {
        "svs.tbl": _clew(rng, _padded(rng, stolen, N_STOLEN_VEHICLES, taken), made_at, width=8),
        "slr.tbl": _clew(rng, _padded(rng, plates, N_STOLEN_PLATES, taken), made_at, width=7),
        "ncic_lpr.txt": _ncic(rng, ncic, _padded(rng, [], N_NCIC - len(ncic), taken), made_at),
        "watch.csv": _csv(rng, _padded(rng, watch, N_WATCH, taken), made_at),
    }
    for name, text in texts.items():
        (folder / name).write_bytes(text.encode("ascii"))
    return [folder / name for name in texts]


def _seen(rng: np.random.Generator, captures: Sequence[SampleCapture]) -> list[_Entry]:
    """Plates of the drive in random order: that of a fixed camera's pass first, the readable before the hard ones."""
    groups: tuple[dict[_Entry, None], ...] = ({}, {}, {})
    for capture in captures:
        rank = 2 if capture.condition in HARD else 0 if capture.device_kind == "fixed" else 1
        groups[rank].update({_Entry(plate, state): None for plate, state in capture.plates})
    shuffled = [[list(group)[i] for i in rng.permutation(len(group))] for group in groups]
    first, rest = shuffled[0][:1], shuffled[0][1:]
    return [*first, *shuffled[1], *rest, *shuffled[2]]


def _alike(rng: np.random.Generator, entries: Sequence[_Entry]) -> list[_Entry]:
    """Each with one character replaced by its look-alike; a plate without such a character stays as it is."""
    changed = []
    for entry in entries:
        places = [i for i, char in enumerate(entry.plate) if char in LOOK_ALIKES]
        at = int(rng.choice(places)) if places else 0
        char = LOOK_ALIKES.get(entry.plate[at], entry.plate[at])
        changed.append(_Entry(entry.plate[:at] + char + entry.plate[at + 1 :], entry.state))
    return changed


def _edited(rng: np.random.Generator, entries: Sequence[_Entry]) -> list[_Entry]:
    """Each with one character lost, or replaced by one that nobody takes for it."""
    changed = []
    for entry in entries:
        at = int(rng.integers(1, len(entry.plate)))
        other = str(
            rng.choice([char for char in _UNLIKE if char != entry.plate[at] and not _same_shape(char, entry.plate[at])])
        )
        middle = "" if rng.random() < 0.4 else other
        changed.append(_Entry(entry.plate[:at] + middle + entry.plate[at + 1 :], entry.state))
    return changed


def _same_shape(first: str, second: str) -> bool:
    return {first, second} == {"6", "G"}


def _padded(rng: np.random.Generator, entries: Sequence[_Entry], total: int, taken: set[str]) -> list[_Entry]:
    """`entries` and random ones, `total` in all, each plate once, in random order; none of them was seen."""
    found = {entry.plate: entry for entry in entries}
    while len(found) < total:
        serial = draw_serial(rng, draw_state(rng))
        if serial.plate not in taken:
            found.setdefault(serial.plate, _Entry(serial.plate, serial.state))
    listed = list(found.values())
    return [listed[i] for i in rng.permutation(len(listed))]


def _clew(rng: np.random.Generator, entries: Sequence[_Entry], made_at: datetime, *, width: int) -> str:
    """Header DATEMM/DD/YYYY HH:MM, records plate · state · county · date of loss, trailer with the count."""
    local = made_at.astimezone(_LOCAL)
    lines = [f"DATE{local:%m/%d/%Y %H:%M}"]
    for entry in entries:
        county = 7 if rng.random() < 0.4 else int(rng.integers(1, 59))
        lost = local.date() - timedelta(days=1 + int(rng.exponential(200)))
        lines.append(f"{entry.plate:<{width}}{entry.state}{county:02d}{lost:%Y%m%d}")
    lines.append(f"TOTAL RECORD {len(entries):07d}")
    return "\n".join(lines) + "\n"


def _ncic(rng: np.random.Generator, seen: Sequence[_Entry], others: Sequence[_Entry], made_at: datetime) -> str:
    """Fixed width, one header line, every letter O written as the digit 0; a third of the lines end early."""
    lines = [f"NCIC LPR EXTRACT {made_at:%Y%m%d}".replace("O", "0")]
    letters, shares = [letter for letter, _ in _LETTERS], np.array([share for _, share in _LETTERS])
    rows = [(entry, _SEEN_LETTERS[i % len(_SEEN_LETTERS)]) for i, entry in enumerate(seen)]
    rows += [(entry, str(rng.choice(letters, p=shares / shares.sum()))) for entry in others]
    for row in rng.permutation(len(rows)):
        entry, letter = rows[row]
        entered = made_at.date() - timedelta(days=1 + int(rng.exponential(150)))
        make, model, style = _VEHICLES[int(rng.integers(len(_VEHICLES)))]
        line = (
            f"{letter}{int(rng.integers(10**9)):09d}{rng.choice(_ORIS)!s:<9}{entered:%Y%m%d}"
            f"{entry.plate:<10}{entry.state}{made_at.year + int(rng.integers(0, 2))}PC"
            f"{made_at.year - int(rng.integers(0, 22))}{make:<4}{model:<3}{style}{rng.choice(_COLOURS)!s:<7}"
        )
        lines.append((line if rng.random() < 0.67 else line[:39]).rstrip().replace("O", "0"))
    return "\n".join(lines) + "\n"


def _csv(rng: np.random.Generator, entries: Sequence[_Entry], made_at: datetime) -> str:
    """The department's own list, with a header; each entry is answered for, and in force for three days to four weeks."""
    today, rows = made_at.astimezone(_LOCAL).date(), []
    for entry in entries:
        last = today + timedelta(days=int(rng.integers(3, 29)))
        case_number = f"{today:%y}-{int(rng.integers(1, 10**5)):05d}"
        rows.append(
            f"{entry.plate},{rng.choice(_CONCERNS)!s},{entry.state},{rng.choice(_OWNERS)!s},{case_number},{last},"
            f"{rng.choice(_APPROVERS)!s}"
        )
    return "\n".join([_OWN_HEADER, *rows]) + "\n"
