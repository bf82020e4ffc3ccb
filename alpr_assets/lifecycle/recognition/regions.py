"""States by the words on and around a plate; other words that are never a plate.

Here: names of the issuing states, their slogans and addresses, matching with the reader's slips allowed, the lettering of
vehicles and shop fronts. Not here: serial grammar. A state is only ever read, never guessed from the serial.
"""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from functools import lru_cache

STATES = {
    "ALABAMA": "al", "ALASKA": "ak", "ARIZONA": "az", "ARKANSAS": "ar", "CALIFORNIA": "ca", "COLORADO": "co",
    "CONNECTICUT": "ct", "DELAWARE": "de", "FLORIDA": "fl", "GEORGIA": "ga", "HAWAII": "hi", "IDAHO": "id",
    "ILLINOIS": "il", "INDIANA": "in", "IOWA": "ia", "KANSAS": "ks", "KENTUCKY": "ky", "LOUISIANA": "la",
    "MAINE": "me", "MARYLAND": "md", "MASSACHUSETTS": "ma", "MICHIGAN": "mi", "MINNESOTA": "mn",
    "MISSISSIPPI": "ms", "MISSOURI": "mo", "MONTANA": "mt", "NEBRASKA": "ne", "NEVADA": "nv", "NEWHAMPSHIRE": "nh",
    "NEWJERSEY": "nj", "NEWMEXICO": "nm", "NEWYORK": "ny", "NORTHCAROLINA": "nc", "NORTHDAKOTA": "nd", "OHIO": "oh",
    "OKLAHOMA": "ok", "OREGON": "or", "PENNSYLVANIA": "pa", "RHODEISLAND": "ri", "SOUTHCAROLINA": "sc",
    "SOUTHDAKOTA": "sd", "TENNESSEE": "tn", "TEXAS": "tx", "UTAH": "ut", "VERMONT": "vt", "VIRGINIA": "va",
    "WASHINGTON": "wa", "WESTVIRGINIA": "wv", "WISCONSIN": "wi", "WYOMING": "wy",
    "DISTRICTOFCOLUMBIA": "dc", "WASHINGTONDC": "dc",
}  # fmt: skip
# Printed on plates beside or instead of the name, letters only. What several states print (IN GOD WE TRUST) is left out.
# Source: the states' plates since about 1990, https://en.wikipedia.org/wiki/Vehicle_registration_plates_of_the_United_States
SLOGANS = {
    slogan: state
    for state, slogans in {
        "ak": "LASTFRONTIER CELEBRATINGSTATEHOOD",
        "al": "HEARTOFDIXIE SWEETHOMEALABAMA STARSFELLON",
        "ar": "NATURALSTATE LANDOFOPPORTUNITY",
        "az": "GRANDCANYONSTATE",
        "ca": "DMVCAGOV GOLDENSTATE SESQUICENTENNIAL",
        "ct": "CONSTITUTIONSTATE",
        "dc": "TAXATIONWITHOUTREPRESENTATION CELEBRATEDISCOVER NATIONSCAPITAL",
        "de": "FIRSTSTATE",
        "fl": "SUNSHINESTATE MYFLORIDACOM",
        "ga": "PEACHSTATE GEORGIAONMYMIND",
        "hi": "ALOHASTATE",
        "ia": "CORNSTATE",
        "id": "FAMOUSPOTATOES SCENICIDAHO",
        "il": "LANDOFLINCOLN",
        "in": "AMBERWAVESOFGRAIN BACKHOMEAGAIN HOOSIERHOSPITALITY HOOSIERSTATE LINCOLNSBOYHOODHOME CROSSROADSOFAMERICA",
        "ks": "TOTHESTARS WHEATSTATE TRAVELKSCOM",
        "ky": "BLUEGRASSSTATE UNBRIDLEDSPIRIT ITSTHATFRIENDLY",
        "la": "SPORTSMANSPARADISE BAYOUSTATE",
        "ma": "SPIRITOFAMERICA",
        "md": "MARYLANDPROUD MARYLANDGOV",
        "me": "VACATIONLAND",
        "mi": "GREATLAKESSTATE GREATLAKESSPLENDOR GREATLAKES WINTERWONDERLAND PUREMICHIGAN MICHIGANGOV",
        "mn": "EXPLOREMINNESOTA LANDOFLAKES",
        "mo": "SHOWMESTATE",
        "ms": "HOSPITALITYSTATE BIRTHPLACEOFAMERICASMUSIC",
        "mt": "BIGSKYCOUNTRY TREASURESTATE",
        "nc": "FIRSTINFLIGHT FIRSTINFREEDOM",
        "nd": "PEACEGARDENSTATE DISCOVERTHESPIRIT LEGENDARY",
        "ne": "CORNHUSKERSTATE NEBRASKAGOV",
        "nh": "LIVEFREEORDIE",
        "nj": "GARDENSTATE",
        "nm": "LANDOFENCHANTMENT CHILECAPITALOFTHEWORLD",
        "nv": "SILVERSTATE HOMEMEANSNEVADA",
        "ny": "EMPIRESTATE EXCELSIOR",
        "oh": "BIRTHPLACEOFAVIATION HEARTOFITALL",
        "ok": "NATIVEAMERICA TRAVELOKCOM OKLAHOMAISOK IMAGINETHAT",
        "or": "PACIFICWONDERLAND",
        "pa": "KEYSTONESTATE VISITPACOM WWWSTATEPAUS",
        "ri": "OCEANSTATE",
        "sc": "SMILINGFACES BEAUTIFULPLACES WHILEIBREATHEIHOPE TRAVELSCCOM",
        "sd": "GREATFACES GREATPLACES",
        "tn": "VOLUNTEERSTATE TNVACATIONCOM SOUNDSGOODTOME",
        "tx": "LONESTARSTATE",
        "ut": "LIFEELEVATED GREATESTSNOWONEARTH SKIUTAH",
        "va": "VIRGINIAISFORLOVERS",
        "vt": "GREENMOUNTAINSTATE",
        "wa": "EVERGREENSTATE",
        "wi": "AMERICASDAIRYLAND DAIRYLAND",
        "wv": "WILDWONDERFUL",
        "wy": "FOREVERWEST",
    }.items()
    for slogan in slogans.split()
}
WORDS = STATES | SLOGANS
ALIKE = 0.8  # similarity from which a text is taken for a name: one slip in five letters, two in ten

# Words of plates' frames, makers, models, service vehicles, street signs and shop fronts. Only ever compared with all of a text.
LETTERING = frozenset(
    """
    ACCORD ACURA ALTIMA AMBULANCE AMERICA AVALANCHE AVALON BEETLE BLAZER BMW BUICK BUSINESS CADILLAC CAMRY CARAVAN
    CAUTION CHEROKEE CHEVROLET CHEVY CHRYSLER CIVIC COMMERCIAL COOPER COROLLA DAKOTA DEALER DEPARTMENT DIESEL
    DODGE DURANGO ELANTRA ELECTRIC EMERGENCY ENTER ENTRANCE EQUINOX ESCALADE ESCAPE EXEMPT EXIT EXPEDITION
    EXPLORER FIRE FLEX FOCUS FORD FUSION GRAND HARLEY HEMI HIGHLANDER HONDA HYBRID HYUNDAI IMPALA INFINITI
    INTERNATIONAL JEEP JETTA LAND LEXUS LIBERTY LIMITED LINCOLN MALIBU MAXIMA MAZDA MERCEDES MERCURY METRO
    MITSUBISHI MOTORS MUSTANG NISSAN NOTICE ODYSSEY ONLY OPEN OUTBACK PARKING PASSAT PASSENGER PATHFINDER PENSKE
    PERMANENT PICKUP PILOT POLICE PONTIAC PORSCHE PRIUS PRIVATE PROPERTY QUATTRO RANGER RENTAL RESCUE RESERVED
    RESIDENT RIDGELINE RYDER SATURN SCHOOL SENTRA SERVICE SHERIFF SIENNA SIERRA SILVERADO SONATA SPORT
    STATE STATETROOPER STOP SUBARU SUBURBAN SUZUKI TACOMA TAHOE TAURUS TAXI TITAN TOYOTA TRAILBLAZER TRAILER
    TRANSIT TRUCK TUCSON TUNDRA TURBO UHAUL UNLIMITED VEHICLE VERSA VETERAN VISITOR VOLKSWAGEN VOLVO
    WRANGLER YUKON
    ANTIQUES APPLIANCES ATM BAKERY BANK BARBER BARGAIN BOOKS BOTANICA BURGERS BUTCHER CAFE CARWASH CLEANERS CLINIC COFFEE
    COSTUMES DELI DENTAL DENTIST DINER DONUT DONUTS FLORIST FLOWERS FURNITURE GARAGE GAS GROCERY GYM HARDWARE HOTEL
    JEWELRY KARAOKE LAUNDROMAT LAUNDRY LIQUOR LIQUORS LOANS LOTTERY MARKET MATTRESS MOTEL MUFFLER NAILS OPTICAL PAWN
    PHARMACY PIZZA PIZZERIA RADIATOR REALTY RESTAURANT SALON SHOES SMOG SMOKE SUSHI TACOS TAILOR TAQUERIA TATTOO
    TAVERN THEATER THEATRE TIRE TIRES TOBACCO TOWING TRAVEL VAPE WIRELESS
    """.split()  # noqa: SIM905 - a page of quotation marks otherwise
)


def letters(raw: str) -> str:
    """The letters of a text in capitals, without spaces and signs."""
    return re.sub(r"[^A-Z]", "", raw.upper())


@lru_cache(maxsize=4096)
def region_of(raw: str) -> tuple[str, float] | None:
    """The state that a text names, or whose slogan it is, with the similarity 0–1 of the two; None when there is none.

    >>> region_of("Califomia")
    ('ca', 0.84...)
    """
    word = letters(raw)
    if len(word) < 4 or sum(c.isdigit() for c in raw) > 1:
        return None
    words, likeness = max(((words, _likeness(word, words)) for words in WORDS), key=lambda scored: scored[1])
    return (WORDS[words], likeness) if likeness >= ALIKE else None


@lru_cache(maxsize=4096)
def is_lettering(raw: str) -> bool:
    """Whether a text is a state's name or a word that vehicles, plate frames and shop fronts carry, slips allowed."""
    if sum(c.isdigit() for c in raw) > 0:
        return False  # a plate such as F0RD1 stays a plate
    word = letters(raw)
    return word in LETTERING or region_of(raw) is not None or _slipped(word)


def _slipped(word: str) -> bool:
    return len(word) >= 6 and any(abs(len(word) - len(w)) <= 1 and _likeness(word, w) >= 0.85 for w in LETTERING)


def _likeness(one: str, other: str) -> float:
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    if matcher.real_quick_ratio() < ALIKE or matcher.quick_ratio() < ALIKE:
        return 0.0
    return matcher.ratio()
