"""States, makes, colours and plate types as sources write them.

Here: known code tables, and restoring the letter O in them. Not here: plates, which are kept as given.
NCIC extracts write every letter O as the digit 0 (`0H`, `D0DG`). A 0 becomes an O only where the result is a known
code, because a 0 can be meant: restoring by rule would invent codes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from alpr_assets.errors import MalformedError

if TYPE_CHECKING:
    from collections.abc import Iterable

STATES: Final = {
    "AL": "Alabama", "AK": "Alaska", "AZ": "Arizona", "AR": "Arkansas", "CA": "California", "CO": "Colorado",
    "CT": "Connecticut", "DE": "Delaware", "DC": "District of Columbia", "FL": "Florida", "GA": "Georgia",
    "HI": "Hawaii", "ID": "Idaho", "IL": "Illinois", "IN": "Indiana", "IA": "Iowa", "KS": "Kansas", "KY": "Kentucky",
    "LA": "Louisiana", "ME": "Maine", "MD": "Maryland", "MA": "Massachusetts", "MI": "Michigan", "MN": "Minnesota",
    "MS": "Mississippi", "MO": "Missouri", "MT": "Montana", "NE": "Nebraska", "NV": "Nevada", "NH": "New Hampshire",
    "NJ": "New Jersey", "NM": "New Mexico", "NY": "New York", "NC": "North Carolina", "ND": "North Dakota",
    "OH": "Ohio", "OK": "Oklahoma", "OR": "Oregon", "PA": "Pennsylvania", "RI": "Rhode Island",
    "SC": "South Carolina", "SD": "South Dakota", "TN": "Tennessee", "TX": "Texas", "UT": "Utah", "VT": "Vermont",
    "VA": "Virginia", "WA": "Washington", "WV": "West Virginia", "WI": "Wisconsin", "WY": "Wyoming",
    "AS": "American Samoa", "GU": "Guam", "MP": "Northern Mariana Islands", "PR": "Puerto Rico",
    "VI": "Virgin Islands",
    "AB": "Alberta", "BC": "British Columbia", "MB": "Manitoba", "NB": "New Brunswick",
    "NL": "Newfoundland and Labrador", "NT": "Northwest Territories", "NS": "Nova Scotia", "NU": "Nunavut",
    "ON": "Ontario", "PE": "Prince Edward Island", "QC": "Quebec", "SK": "Saskatchewan", "YT": "Yukon",
}  # fmt: skip
"""Postal codes: what entries, reads and hits are compared by."""

NCIC_STATES: Final = {
    "NB": "NE", "NK": "NB", "NF": "NL", "PQ": "QC", "SN": "SK", "VU": "NU", "GM": "GU",
}  # fmt: skip
"""Where NCIC and CLEW write another code than the post: their NB is Nebraska, the post's is New Brunswick."""

MAKES: Final = {
    "ACUR": "Acura", "ALFA": "Alfa Romeo", "AMER": "American Motors", "AUDI": "Audi", "BENT": "Bentley", "BMW": "BMW",
    "BUIC": "Buick", "CADI": "Cadillac", "CHEV": "Chevrolet", "CHRY": "Chrysler", "DATS": "Datsun", "DODG": "Dodge",
    "EGIL": "Eagle", "FIAT": "Fiat", "FORD": "Ford", "FRHT": "Freightliner", "GENS": "Genesis", "GEO": "Geo",
    "GMC": "GMC", "HD": "Harley-Davidson", "HINO": "Hino", "HOND": "Honda", "HUMM": "Hummer", "HYUN": "Hyundai",
    "INFI": "Infiniti", "INTL": "International", "ISU": "Isuzu", "JAGU": "Jaguar", "JEEP": "Jeep", "KAWK": "Kawasaki",
    "KIA": "Kia", "KW": "Kenworth", "LEXS": "Lexus", "LINC": "Lincoln", "LNDR": "Land Rover", "LROV": "Land Rover",
    "MACK": "Mack", "MASE": "Maserati", "MAZD": "Mazda", "MERC": "Mercury", "MERZ": "Mercedes-Benz", "MINI": "Mini",
    "MITS": "Mitsubishi", "MNNI": "Mini", "NISS": "Nissan", "OLDS": "Oldsmobile", "PLYM": "Plymouth",
    "PONT": "Pontiac", "PORS": "Porsche", "PTRB": "Peterbilt", "RAM": "Ram", "RIVI": "Rivian", "SAA": "Saab",
    "SCIO": "Scion", "SMRT": "Smart", "STRN": "Saturn", "SUBA": "Subaru", "SUZI": "Suzuki", "TESL": "Tesla",
    "TOYT": "Toyota", "TRIU": "Triumph", "VOLK": "Volkswagen", "VOLV": "Volvo", "YAMA": "Yamaha",
}  # fmt: skip

COLOURS: Final = {
    "AME": "amethyst", "BGE": "beige", "BLK": "black", "BLU": "blue", "BRO": "brown", "BRZ": "bronze",
    "CAM": "camouflage", "COM": "chrome", "CPR": "copper", "CRM": "cream", "DBL": "dark blue", "DGR": "dark green",
    "GLD": "gold", "GRN": "green", "GRY": "grey", "LAV": "lavender", "LBL": "light blue", "LGR": "light green",
    "MAR": "maroon", "MUL": "several colours", "MVE": "mauve", "ONG": "orange", "PLE": "purple", "PNK": "pink",
    "RED": "red", "SIL": "silver", "TAN": "tan", "TEA": "teal", "TPE": "taupe", "TRQ": "turquoise", "WHI": "white",
    "YEL": "yellow",
}  # fmt: skip

PLATE_TYPES_WITH_O: Final = ("OB", "OR", "CO")
"""Omnibus, organization, commercial: the plate types that hold a letter O."""


def _restoring(codes: Iterable[str]) -> dict[str, str]:
    """Known codes by the way an extract without the letter O writes them."""
    return {code.replace("O", "0"): code for code in codes}


_STATES_RESTORED: Final = _restoring([*STATES, *NCIC_STATES])
_MAKES_RESTORED: Final = _restoring(MAKES)
_COLOURS_RESTORED: Final = _restoring(COLOURS)
_PLATE_TYPES_RESTORED: Final = _restoring(PLATE_TYPES_WITH_O)
_STATES_NAMED: Final = {name.casefold(): code for code, name in STATES.items()}


def ncic_state(given: str) -> str:
    """Postal code of an NCIC or CLEW state; empty where blank or a code we do not know (a Mexican state, say).

    Raises MalformedError for what cannot be a state code, as a record shifted by a column has it (`A0`, `3C`).
    """
    text = given.strip()
    if not text:
        return ""
    code = _STATES_RESTORED.get(text.replace("O", "0"))
    if code is not None:
        return NCIC_STATES.get(code, code)
    if not re.fullmatch(r"[A-Z]{2}", text):
        raise MalformedError("state_malformed", "the state is not a code of two letters")
    return ""


def written_state(given: str) -> str:
    """Postal code of a state as people write it: `CA`, `us-ca`, `California`; empty where blank or unknown."""
    text = given.strip().casefold()
    if text in _STATES_NAMED:
        return _STATES_NAMED[text]
    code = re.sub(r"^(?:us|ca)-(?=..$)", "", text).upper()
    return code if code in STATES else ""


def make_code(given: str) -> str:
    return _MAKES_RESTORED.get(given.replace("O", "0"), given)


def plate_type_code(given: str) -> str:
    return _PLATE_TYPES_RESTORED.get(given, given)


def colour_code(given: str) -> str:
    """One or two colours, `RED/WHI`; each half is restored on its own."""
    return "/".join(_COLOURS_RESTORED.get(half.replace("O", "0"), half) for half in given.split("/"))
