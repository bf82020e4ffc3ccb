"""Streets as one writes them, in one spelling: N and North, St and Street. Here: the words. Not here: looking anything up.

Source: USPS Publication 28, appendix C1 (suffixes) and section 233 (directionals); those that occur in practice.
"""

from __future__ import annotations

import re
from typing import Final

_SUFFIXES: Final = {
    "AV": "AVE", "AVEN": "AVE", "AVENU": "AVE", "AVENUE": "AVE", "BOUL": "BLVD", "BOULEVARD": "BLVD", "BOULV": "BLVD", "BRIDGE": "BRG",
    "CENTER": "CTR", "CENTRE": "CTR", "CIRC": "CIR", "CIRCLE": "CIR", "COURT": "CT", "CRESCENT": "CRES", "CROSSING": "XING",
    "DRIVE": "DR", "DRV": "DR", "EXPRESSWAY": "EXPY", "EXTENSION": "EXT", "FREEWAY": "FWY", "GARDENS": "GDNS", "GLEN": "GLN",
    "GROVE": "GRV", "HEIGHTS": "HTS", "HIGHWAY": "HWY", "HIWAY": "HWY", "HILLS": "HLS", "JUNCTION": "JCT", "LANE": "LN", "LOOPS": "LOOP",
    "MEADOWS": "MDWS", "MOUNT": "MT", "MOUNTAIN": "MTN", "PARKWAY": "PKWY", "PKY": "PKWY", "PLACE": "PL", "PLAZA": "PLZ",
    "POINT": "PT", "RIDGE": "RDG", "ROAD": "RD", "ROUTE": "RTE", "SAINT": "ST", "SQUARE": "SQ", "STATION": "STA", "STREET": "ST", "STR": "ST",
    "TERRACE": "TER", "TERR": "TER", "TRAIL": "TRL", "TURNPIKE": "TPKE", "VALLEY": "VLY", "VIEW": "VW", "VISTA": "VIS", "WY": "WAY",
}  # fmt: skip
_DIRECTIONS: Final = {
    "NORTH": "N", "SOUTH": "S", "EAST": "E", "WEST": "W", "NORTHEAST": "NE", "NORTHWEST": "NW", "SOUTHEAST": "SE", "SOUTHWEST": "SW",
}  # fmt: skip
_ORDINALS: Final = {
    "FIRST": "1ST", "SECOND": "2ND", "THIRD": "3RD", "FOURTH": "4TH", "FIFTH": "5TH", "SIXTH": "6TH", "SEVENTH": "7TH", "EIGHTH": "8TH",
    "NINTH": "9TH", "TENTH": "10TH",
}  # fmt: skip
_WORDS: Final = {**_SUFFIXES, **_DIRECTIONS, **_ORDINALS}
_ENDINGS: Final = frozenset(_SUFFIXES.values())


def spelt(street: str) -> str:
    """One spelling of a street's name: capitals, no dots, the Postal Service's abbreviations."""
    words = re.sub(r"[^A-Z0-9 ]+", " ", street.upper().replace("'", "")).split()
    return " ".join(_WORDS.get(word, word) for word in words)


def bare(street: str) -> str:
    """A spelt street without its kind at the end: "A ST" and "A" are the same to who is in a hurry."""
    words = street.split()
    return " ".join(words[:-1]) if len(words) > 1 and words[-1] in _ENDINGS else street
