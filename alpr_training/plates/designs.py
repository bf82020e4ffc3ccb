"""How plates look: colours and wording by state, and looks by lot for what the table does not know.

Here: facts and lots. Not here: pixels (`drawing`), serials (`serials`).
A look is roughly that of the state's plates of the last two decades; artwork is suggested by washes and shapes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Colour = tuple[int, int, int]  # blue, green, red; 0 to 255


def rgb(code: str) -> Colour:
    """`"1f2a63"` as blue, green, red."""
    red, green, blue = bytes.fromhex(code)
    return blue, green, red


@dataclass(frozen=True, slots=True)
class Look:
    """Colours of one plate; `upper` and `lower` are bands behind the words, or None."""

    paper: Colour
    ink: Colour
    name_ink: Colour
    upper: Colour | None = None
    lower: Colour | None = None
    wash: Colour | None = None


# region: (name as printed, slogans, looks as "paper ink name-ink [upper] [lower] [wash]", `-` for none)
_TABLE: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "ak": ("ALASKA", ("The Last Frontier", "Celebrating Statehood"), ("f2c93a 1b2f7a 1b2f7a", "e9e4cf 20304a 20304a")),
    "al": ("Alabama", ("Heart of Dixie", "Sweet Home"), ("f4f4f4 1c2b55 b8242c - - 9fc4df", "ffffff c0272d c0272d")),
    "ar": ("Arkansas", ("The Natural State",), ("f4f4f4 b0202c 1d2c5e", "f0f2f4 1d2c5e b0202c - - b9d3a8")),
    "az": ("ARIZONA", ("GRAND CANYON STATE",), ("efe3cf 1f4a38 f5f2ea 5b4a8a - e0a070", "7a1f2a f4f0e8 f4f0e8")),
    "ca": ("California", ("dmv.ca.gov", "THE GOLDEN STATE"), ("f4f4f6 1c2a5a c0272d", "f4f4f6 1c2a5a c0272d", "1d2c5e e8b83a e8b83a", "161616 e8c23a e8c23a")),
    "co": ("COLORADO", (), ("2d6a4f f4f4ee f4f4ee - - f4f4ee", "f2f4f0 2d6a4f 2d6a4f - 2d6a4f")),
    "ct": ("Connecticut", ("Constitution State",), ("dfe9f4 1b2550 1b2550 8fb4dc", "1d2c6e f4f4f4 f4f4f4")),
    "dc": ("WASHINGTON, D.C.", ("TAXATION WITHOUT REPRESENTATION", "CELEBRATE & DISCOVER"), ("f4f4f6 1d2c6e b0202c c0272d",)),
    "de": ("DELAWARE", ("THE FIRST STATE",), ("1d2c5e e8c860 e8c860",)),
    "fl": ("FLORIDA", ("SUNSHINE STATE", "MYFLORIDA.COM"), ("f4f4f4 1d5b3c 1d5b3c - - e8a850", "f4f4f4 1c2a5a c0272d")),
    "ga": ("GEORGIA", ("on my mind", "www.georgia.gov", "IN GOD WE TRUST"), ("f4f4f4 1c2445 c0272d - - f0c8a0", "f4ece4 20283c 20283c")),
    "hi": ("HAWAII", ("ALOHA STATE",), ("f4f4f4 202024 202024 - - d8b8e0",)),
    "ia": ("IOWA", (), ("cfe0ee 1b2550 1b2550 - - 88a8c8", "f4f4f4 161616 161616 - 161616")),
    "id": ("IDAHO", ("FAMOUS POTATOES", "SCENIC"), ("f4f0ee b0202c 1d2c5e c83038 - 3a70b0", "ffffff 1d2c5e b0202c")),
    "il": ("Illinois", ("Land of Lincoln",), ("e8ecf2 b0202c 1d2c6e - - a8c0dc", "dce6f0 20284a 20284a")),
    "in": ("INDIANA", ("IN GOD WE TRUST", "Lincoln's Boyhood Home"), ("e8eef4 1d2c5e 1d2c5e 1d2c6e - 88b0d8", "f0ead0 1c2a4a 1c2a4a 2f6a4a")),
    "ks": ("KANSAS", ("www.travelKS.com",), ("cfdcec 1b2550 1b2550 - - f0e0a0",)),
    "ky": ("KENTUCKY", ("UNBRIDLED SPIRIT", "Bluegrass State"), ("d8e6f2 1c2a5a 1c2a5a - - a8c8e8",)),
    "la": ("Louisiana", ("Sportsman's Paradise",), ("f4f4f4 1c2a5a b0202c - - a8c8e0",)),
    "ma": ("Massachusetts", ("The Spirit of America",), ("f4f4f4 b0202c 1d2c6e", "f4f4f4 2c6a4a 2c6a4a")),
    "md": ("MARYLAND", ("War of 1812", "www.maryland.gov"), ("f4f4f4 161616 161616 - c0272d", "f4f4f4 161616 1d2c5e c8a040")),
    "me": ("MAINE", ("Vacationland",), ("f4f4f0 1c2a4a 1c2a4a - - b8d0b8",)),
    "mi": ("MICHIGAN", ("PURE MICHIGAN", "GREAT LAKES SPLENDOR", "WWW.MICHIGAN.GOV"), ("f4f4f6 1d2c6e 1d2c6e - - 88b0dc", "1d3c8a f4f4f4 f4f4f4")),
    "mn": ("Minnesota", ("10,000 lakes", "Explore"), ("eaf0f4 1b2550 1b2550 5a90c8 - a8c8e8",)),
    "mo": ("MISSOURI", ("SHOW-ME STATE", "BICENTENNIAL"), ("eef2f4 1b2a5a 1b2a5a 3a60a8 - b8ccdc",)),
    "ms": ("MISSISSIPPI", ("HOSPITALITY STATE", "IN GOD WE TRUST"), ("dfe8f0 20304a 20304a - - c8b890",)),
    "mt": ("MONTANA", ("TREASURE STATE", "BIG SKY"), ("1d3c7a f4f4f4 f4f4f4", "f2f4f6 1b2550 1b2550 - - 88a8cc")),
    "nc": ("NORTH CAROLINA", ("First in Flight", "First in Freedom"), ("f4f4f6 1d3c8a b0202c - - b8ccdf",)),
    "nd": ("NORTH DAKOTA", ("Peace Garden State", "LEGENDARY"), ("e8ecf0 1b2a4a 1b2a4a - - e0b070",)),
    "ne": ("Nebraska", ("www.nebraska.gov", "150"), ("f0f2f4 20283c b0202c - - f0d890", "dfe6ee 1c2a5a 1c2a5a")),
    "nh": ("New Hampshire", ("LIVE FREE OR DIE",), ("eef2ea 1f4a38 1f4a38 - - b8d0b8",)),
    "nj": ("New Jersey", ("Garden State",), ("f0d870 161616 161616", "f4ecc8 161616 161616")),
    "nm": ("NEW MEXICO", ("LAND OF ENCHANTMENT", "USA"), ("f0c433 b4232b b4232b", "2aa0a8 f0d040 f0d040")),
    "nv": ("NEVADA", ("THE SILVER STATE", "HOME MEANS NEVADA"), ("dfe6ee 1d2c5e 1d2c5e - - a8b8cc", "eef2f6 1d2c6e 1d2c6e - 3a60a8")),
    "ny": ("NEW YORK", ("EMPIRE STATE", "EXCELSIOR"), ("eeb23a 1a2552 f2f2f2 1a2552 1a2552", "f4f4f6 1a2552 f2f2f2 1a2552 1a2552", "f4f4f6 1a2552 1a2552 - - e8c050")),
    "oh": ("OHIO", ("Birthplace of Aviation", "BEAUTIFUL OHIO"), ("f4f4f6 1c2a5a b0202c - - d8dce4", "e8eef4 20284a 20284a c83038 - a8c8e0")),
    "ok": ("OKLAHOMA", ("NATIVE AMERICA", "TravelOK.com", "EXPLORE"), ("f4f2ea 2c4a3a b0202c", "dce8f0 1c2a4a 1c2a4a - - 88b0cc")),
    "or": ("Oregon", (), ("dfdcea 1b2450 1b2450 - - 6a88b0",)),
    "pa": ("PENNSYLVANIA", ("visitPA.com", "KEYSTONE STATE"), ("f4f4f6 1c2a5a f2f2f2 1d3c8a e8c23a", "f4f4f6 1c2a5a f2f2f2 1d3c8a e8c23a")),
    "ri": ("Rhode Island", ("Ocean State",), ("eef4f8 1b2a5a 1b2a5a - - 88b8dc",)),
    "sc": ("South Carolina", ("While I Breathe, I Hope", "Smiling Faces. Beautiful Places.", "Travel2SC.com"), ("f0f2f4 1c2a5a 1c2a5a - - c8a8c0",)),
    "sd": ("SOUTH DAKOTA", ("Great Faces. Great Places.",), ("dce8f2 b0202c 1d2c5e - - b8c8a8",)),
    "tn": ("TENNESSEE", ("The Volunteer State", "tnvacation.com"), ("e4ecdc 1f3a2c 1f3a2c - - a8c8a8", "1d2c5e f4f4f4 f4f4f4")),
    "tx": ("TEXAS", ("The Lone Star State",), ("f4f4f4 1c1c1e 1c1c1e", "f0f2f6 20284a b0202c - - a8c0d8")),
    "ut": ("UTAH", ("LIFE ELEVATED", "GREATEST SNOW ON EARTH"), ("dfe9f2 22335f 22335f - - e8b890", "f2f2f0 22335f 22335f - - c87848")),
    "va": ("VIRGINIA", ("VIRGINIA IS FOR LOVERS", "400TH ANNIVERSARY"), ("f4f4f6 1c2a5a 1c2a5a", "f4f4f6 1c2a5a 1c2a5a")),
    "vt": ("VERMONT", ("Green Mountain State",), ("2c5a3a f4f4ee f4f4ee",)),
    "wa": ("WASHINGTON", ("EVERGREEN STATE",), ("f2f4f6 17265c b3202c - - b8cce0",)),
    "wi": ("WISCONSIN", ("America's Dairyland",), ("f4f4f4 1c1c1e b0202c - - a8c8a0", "f4f4f4 b0202c b0202c")),
    "wv": ("West Virginia", ("Wild, Wonderful",), ("f4f4f2 1c2a5a 1c2a5a 1d3c8a e8b83a",)),
    "wy": ("WYOMING", ("FOREVER WEST",), ("dce8f0 2a2a30 2a2a30 - - 88a8c0", "f2f0e8 5a2a1a 5a2a1a - - a87848")),
}  # fmt: skip
REGIONS = tuple(sorted(_TABLE))
_DARK = ("141414", "1e1e1e", "142870", "1e3282", "0a148c", "8c1e1e", "aa1414", "14501e", "0a3c1e", "5a283c", "28325a")
_LIGHT = ("ebebeb", "f5f0f0", "dce1dc", "f0e6dc", "c8d2f0", "fae6b4", "d7ebd2", "bed7e6", "fae1be", "f0be3c", "ebc828")
FRAME_WORDS = (
    "DELTA AUTO CENTER", "RIVERTOWN MOTORS", "AUTO SALES", "MOTORS INC", "HONDA OF THE VALLEY", "CHEVROLET", "TOYOTA",
    "FORD", "ALUMNI", "UNIVERSITY", "I LOVE MY DOG", "MY OTHER CAR IS A BOAT", "(555) 010-1234", "#1 MOM", "NISSAN",
    "LEXUS", "SUBARU", "DEALER SALES", "CERTIFIED", "4X4", "GO TEAM", "COUNTY CREDIT UNION", "THANK A TEACHER",
)  # fmt: skip
COUNTIES = (
    "Cook",
    "MARION",
    "JACKSON",
    "Hamilton",
    "JEFFERSON",
    "LINCOLN",
    "POLK",
    "DEALER",
    "TRUCK",
    "EXEMPT",
    "APPORTIONED",
)


def words_of(region: str) -> tuple[str, tuple[str, ...]]:
    """The state's name as it prints it, and its slogans."""
    name, slogans, _ = _TABLE[region]
    return name, slogans


def draw_look(rng: np.random.Generator, region: str) -> Look:
    """One of the state's looks with a little wear in the colours, or, a third of the time, a look by lot."""
    if rng.random() < 0.35:
        return _any_look(rng)
    looks = _TABLE[region][2]
    parts = looks[int(rng.integers(len(looks)))].split()
    parts += ["-"] * (6 - len(parts))
    colours = [None if part == "-" else _faded(rng, rgb(part)) for part in parts]
    paper, ink, name = colours[0], colours[1], colours[2]
    assert paper is not None
    assert ink is not None
    assert name is not None
    return Look(paper, ink, name, colours[3], colours[4], colours[5])


def _any_look(rng: np.random.Generator) -> Look:
    pale, strong = _one(rng, _LIGHT), _one(rng, _DARK)
    if rng.random() < 0.14:
        pale, strong = strong, pale
    name = strong if rng.random() < 0.5 else _one(rng, _DARK)
    band = _one(rng, _DARK + _LIGHT)
    return Look(
        pale, strong, name,
        upper=band if rng.random() < 0.25 else None,
        lower=band if rng.random() < 0.2 else None,
        wash=_one(rng, _LIGHT + _DARK[2:]) if rng.random() < 0.5 else None,
    )  # fmt: skip


def _one(rng: np.random.Generator, codes: tuple[str, ...]) -> Colour:
    return _faded(rng, rgb(codes[int(rng.integers(len(codes)))]))


def _faded(rng: np.random.Generator, colour: Colour) -> Colour:
    blue, green, red = (int(np.clip(c + rng.normal(0, 8), 0, 255)) for c in colour)
    return blue, green, red
