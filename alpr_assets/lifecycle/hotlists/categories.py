"""Why a plate is listed: the categories of 422.3, and which file or letter of a source means which.

Here: the mapping, in one place. Not here: who may see a category (entitlements are per source, 422.4(e)).
The policy names nine categories; sources know more. What is nobody's want or warrant but asks for attention
(felony vehicle, supervised release, protection order, violent person, sex offender) is suspect interdiction.
No state or federal file means electronic surveillance: only a department's own list can.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Category(StrEnum):
    """Categories of 422.3; each is also a purpose of the same code in policy/422.yaml."""

    STOLEN_VEHICLE = "stolen_vehicle"
    STOLEN_PLATE = "stolen_plate"
    WANTED_PERSON = "wanted_person"
    MISSING_PERSON = "missing_person"
    ACTIVE_WARRANT = "active_warrant"
    HOMELAND_SECURITY = "homeland_security"
    ELECTRONIC_SURVEILLANCE = "electronic_surveillance"
    SUSPECT_INTERDICTION = "suspect_interdiction"
    STOLEN_PROPERTY_RECOVERY = "stolen_property_recovery"


@dataclass(frozen=True, slots=True)
class ListType:
    """What one file (CLEW) or file letter (NCIC) lists. `restricted`: its dissemination is logged (CJIS 4.2.2)."""

    name: str
    category: Category
    restricted: bool = False


CLEW_FILES: Final = {
    "svs": ListType("stolen_vehicle", Category.STOLEN_VEHICLE),
    "sfr": ListType("felony_vehicle", Category.SUSPECT_INTERDICTION),
    "slr": ListType("stolen_plate", Category.STOLEN_PLATE),
}
"""California DOJ CLEW tables by the stem of the file name, which is all that says what they list."""

IMMIGRATION_LETTER: Final = "N"

NCIC_FILES: Final = {
    "A": ListType("amber_alert", Category.MISSING_PERSON),
    "B": ListType("boat", Category.STOLEN_PROPERTY_RECOVERY),
    "C": ListType("supervised_release", Category.SUSPECT_INTERDICTION, restricted=True),
    "F": ListType("felony_vehicle", Category.SUSPECT_INTERDICTION),
    "H": ListType("protection_order", Category.SUSPECT_INTERDICTION),
    "K": ListType("protective_interest", Category.HOMELAND_SECURITY, restricted=True),
    "L": ListType("violent_person", Category.SUSPECT_INTERDICTION, restricted=True),
    "M": ListType("missing_person", Category.MISSING_PERSON),
    # Not imported by default (SB 54). Never "active warrant": most of these are administrative, not criminal.
    IMMIGRATION_LETTER: ListType("immigration_violator", Category.SUSPECT_INTERDICTION),
    "P": ListType("stolen_plate", Category.STOLEN_PLATE),
    "R": ListType("canadian", Category.STOLEN_VEHICLE),
    "T": ListType("gang_terrorist", Category.HOMELAND_SECURITY, restricted=True),
    "V": ListType("stolen_vehicle", Category.STOLEN_VEHICLE),
    "W": ListType("wanted_person", Category.WANTED_PERSON),
    "X": ListType("sex_offender", Category.SUSPECT_INTERDICTION, restricted=True),
}
"""NCIC files by the letter that begins the NIC number."""


def category_named(text: str) -> Category | None:
    """Category whose code or title a person wrote, such as `Stolen Vehicle`; None: none of the nine."""
    code = "_".join(text.casefold().replace("-", " ").replace("_", " ").split())
    return Category(code) if code in set(Category) else None
