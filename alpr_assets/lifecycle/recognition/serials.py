"""Serial grammar: how much rather a string is a plate than any other of its length, and candidates re-ranked by that.

Here: the series that states issue, the letters they leave out, vanity plates, plates from abroad. Evidence only: what is
clearly read is never overturned, and the reader's own probabilities stay on the candidates. Not here: reading.
Only strings of one length are compared: how many characters there are is seen, and a sticker taken for one would often
complete a series.

Plates are a mixture: a share of vanity plates, in which any string has its floor, a share from abroad, and the series of all
states by the vehicles they register; a state that was read on the plate takes the larger part of it. A series spreads its
share over all its serials, so that a digit among ten is worth more than a letter among twenty-three. The reader has learned
strings without any rule, so the mixture is compared with those: a longer string is not the less probable for its length.
In a series `9` is a digit, `A` a letter that the state issues, `L` any letter.

Sources: the states' published series, passenger plates of the last two decades first, then the commonest others
(https://en.wikipedia.org/wiki/United_States_license_plate_designs_and_serial_formats); vehicles: FHWA Highway Statistics,
table MV-1, in 100,000s, rounded. Brazil: the old series and Mercosur's. Europe: the commonest national series.
"""

from __future__ import annotations

import math
import string
from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache

from alpr_assets.lifecycle.recognition.recogniser import Candidate

WEIGHT, WEIGHT_KNOWN = 0.35, 0.5  # of the evidence beside the reader's logarithm; where the state was read for certain
MOST = 4.5  # evidence either way: a reading of 99 % is overturned by none
VANITY, OTHER = 0.06, 0.08  # shares of plates from here
ABROAD = {
    False: 0.05,
    True: 0.9,
}  # share of all plates, by whether the plate is of the long kind, which no state issues
BRAZILIAN = 0.25  # share of those from abroad
VANITY_LETTERS = 0.85  # of a vanity plate's characters

# state: (vehicles in 100,000s, letters never issued, series; a series counts half of the one before it)
SERIES: dict[str, tuple[int, str, str]] = {
    "ak": (8, "", "AAA999"),
    "al": (53, "IOQ", "9A9999A 99A99A9 9AA9999 99AA999 9A99A99 9A99999 99A9999"),
    "ar": (30, "", "AAA99A 999AAA AAA999"),
    "az": (61, "IOQ", "AAA9999 AAA9AA 9AA9AA A9A9AA AA99AA AAA999 999AAA"),
    "ca": (310, "IOQ", "9ALA999 9A99999 99999A9"),  # any letter only in the middle
    "co": (54, "", "AAAA99 AAA999 999AAA"),
    "ct": (29, "IOQ", "AA99999 999AAA 9AAAA9 AAA999"),
    "dc": (4, "IOQ", "AA9999"),
    "de": (5, "", "999999 99999 9999"),
    "fl": (185, "O", "AAAA99 A999AA 999AAA A99AAA AAA99A 9999AA"),
    "ga": (91, "O", "AAA9999 999AAA 9999AAA"),
    "hi": (13, "IOQ", "AAA999"),
    "ia": (38, "O", "AAA999 999AAA"),
    "id": (21, "", "9A99999 A999999 9A9999A 9AA9999 9A999AA 99A9999"),
    "il": (103, "IOQ", "AA99999 A999999 9999999 999999"),
    "in": (62, "IO", "999AAA 999A 999AA AAA999 99A9999"),
    "ks": (27, "IO", "999AAA 9999AAA AAA999"),
    "ky": (45, "IO", "999AAA AAA999 A9A999"),
    "la": (39, "IO", "999AAA AAA999 A999999"),
    "ma": (51, "IOQ", "9AAA99 999AA9 9AA999 99AA99 9999AA 999AAA A99999"),
    "md": (42, "IOQU", "9AA9999 AAA999 9A99999"),
    "me": (11, "IO", "9999AA 999AAA 999999"),
    "mi": (85, "IO", "AAA9999 9AAA99 AAA999 AA99999"),
    "mn": (57, "IOQ", "999AAA AAA999"),
    "mo": (56, "IOQ", "AA9A9A 999AAA AAA999"),
    "ms": (21, "O", "AAA9999 AAA999 999AAA"),
    "mt": (21, "", "999999A 99999A 9999999"),
    "nc": (90, "IOQ", "AAA9999 AA9999"),
    "nd": (9, "IOQ", "999AAA AAA999"),
    "ne": (20, "IOQ", "AAA999 9A9999 99A999 99AA99 9AA999"),
    "nh": (14, "", "9999999 999999"),
    "nj": (60, "IOQ", "A99AAA AAA99A AA999A AAA999 999AAA"),
    "nm": (18, "IOQ", "AAAA99 999AAA AAA999"),
    "nv": (27, "IOQ", "999AAA 99A999 AAA999 999A99"),
    "ny": (110, "IOQ", "AAA9999 A999AA 99999AA 9999AA"),
    "oh": (105, "", "AAA9999 AA99AA AAA999"),
    "ok": (37, "IO", "AAA999 999AAA"),
    "or": (41, "IO", "999AAA AAA999 999AA"),
    "pa": (106, "IOQU", "AAA9999 AA99999"),
    "ri": (9, "IOQ", "999999 AA999 9AA999 99999"),
    "sc": (49, "O", "AAA999 9999AA 999AAA"),
    "sd": (13, "IOQ", "9A9999 99A999 9AA999 9AAA99 99AA99"),
    "tn": (62, "IO", "AAA9999 A9999A 999AAA"),
    "tx": (230, "AEIOQU", "AAA9999 AA9A999 A99AAA 999AAA"),
    "ut": (28, "IOQ", "A999AA 999AAA 9A9AA"),
    "va": (76, "IOQ", "AAA9999 99999AA"),
    "vt": (6, "IOQ", "AAA999 999A999"),
    "wa": (71, "IOQ", "AAA9999 999AAA A99999A 99999A"),
    "wi": (56, "IOQ", "AAA9999 999AAA AAA999 AA9999"),
    "wv": (16, "", "9AA999 L9A999 AAA999"),  # the first one is the month: 1–9, O, N, D
    "wy": (9, "", "999999 9999999 99999A 999999A"),
}
# Trucks, trailers, fleets, governments: shapes that most states have somewhere.
OTHERS = "9999999 999999 99999 A999999 AA99999 9AA9999 A99999 99999A AA9999 9999AA 9A9999 99A999 99AAA 99AAA9 99A9999"
EUROPE = (
    "AA999AA 9999AAA AA99AAA AAA999 AAA9999 AAAA999 AAAA9999 AAAAA99 AAAAA999 AA99999 AA9999A AAA99999 AA9999 AA999A 99AAA9 "
    "9AAA99 AAA99A A999AA 9AAA999 9A99999 9AA9999 AA9999AA A9999AA AA99AA AA999 999AA99 A99AAA A999AAA"
)
BRAZIL = "AAA9999 AAA9A99"

_ALL = frozenset(string.ascii_uppercase)


def reranked(
    candidates: Sequence[Candidate], region: str | None = None, certainty: float | None = None, *, is_long: bool = False
) -> tuple[Candidate, ...]:
    """The candidates by the reader's probability and the grammar's, best first, each with its own probability as read.

    Candidates of another length than the first stay behind in their order.

    Parameters
    ----------
    candidates : of one plate, from the reader
    region, certainty : the state read on the plate and the probability 0–1 that it is the one; None where none was read
    is_long : whether the plate is much wider than the twice its height of a state's
    """
    sure = round(certainty or 0.0, 2)
    weight = WEIGHT + sure * (WEIGHT_KNOWN - WEIGHT)

    def score(candidate: Candidate) -> float:
        grammar = evidence(candidate.plate, region, sure, is_long=is_long)
        return math.log(max(candidate.confidence, 1e-12)) + weight * grammar

    length = len(candidates[0].plate) if candidates else 0
    same = [candidate for candidate in candidates if len(candidate.plate) == length]
    others = [candidate for candidate in candidates if len(candidate.plate) != length]
    return (*sorted(same, key=lambda candidate: -score(candidate)), *others)


@lru_cache(maxsize=65_536)
def evidence(plate: str, region: str | None = None, certainty: float = 0.0, *, is_long: bool = False) -> float:
    """Natural logarithm of how often a string of A–Z and 0–9 is a plate, against one of its length by lot; ± MOST at most.

    Arguments as those of `reranked`.
    """
    by_state = _issued(plate)
    total = sum(vehicles for vehicles, _, _ in SERIES.values())
    states = sum(times * SERIES[state][0] / total for state, times in by_state.items())
    if region in SERIES:
        states = certainty * by_state.get(str(region), 0.0) + (1 - certainty) * states
    foreign = ABROAD[is_long]
    abroad = (1 - BRAZILIAN) * _among(plate, EUROPE.split()) + BRAZILIAN * _among(plate, BRAZIL.split())
    here = (1 - VANITY - OTHER) * states + OTHER * _among(plate, OTHERS.split()) + VANITY * _vanity(plate)
    return min(max(math.log(foreign * abroad + (1 - foreign) * here), -MOST), MOST)


def _issued(plate: str) -> dict[str, float]:
    """The states that issue such a serial, each with how often it does, against strings by lot."""
    times: defaultdict[str, float] = defaultdict(float)
    for state, series, weight in _series_by_shape().get(_shape(plate), ()):
        skipped = SERIES[state][1]
        if not any(letter in skipped for letter, kind in zip(plate, series, strict=True) if kind == "A"):
            times[state] += weight * _times(series, 26 - len(skipped))
    return times


@lru_cache(maxsize=1)
def _series_by_shape() -> dict[str, list[tuple[str, str, float]]]:
    found: defaultdict[str, list[tuple[str, str, float]]] = defaultdict(list)
    for state, (_, _, text) in SERIES.items():
        several = text.split()
        total = sum(2.0**-i for i in range(len(several)))
        for i, series in enumerate(several):
            found[series.replace("L", "A")].append((state, series, 2.0**-i / total))
    return dict(found)


def _among(plate: str, several: Sequence[str]) -> float:
    """The same where each series has an equal part of the plates, and all letters."""
    shape = _shape(plate)
    return several.count(shape) / len(several) * _times(shape, 26)


def _vanity(plate: str) -> float:
    """The same among vanity plates: half of them any string, half mostly letters."""
    n_digits = sum(c.isdigit() for c in plate)
    letters, digits = VANITY_LETTERS * 36 / 26, (1 - VANITY_LETTERS) * 36 / 10
    return (1 + letters ** (len(plate) - n_digits) * digits**n_digits) / 2


def _shape(plate: str) -> str:
    return "".join("9" if c.isdigit() else "A" for c in plate)


def _times(series: str, n_letters: int) -> float:
    """How many strings of its length there are for each serial of a series."""
    return math.prod(36 / {"9": 10, "A": n_letters, "L": 26}[kind] for kind in series)
