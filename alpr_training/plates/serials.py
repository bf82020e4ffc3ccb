"""What plates say: serials by state, words of vanity plates, and strings without any rule.

Here: text only. In a format `A` is a letter and `9` a digit; other signs (space, dash, `~` for an emblem) are shown but
are no part of the plate.
Formats are those on the road, passenger plates of the last two decades first, after the states' published series.
"""

from __future__ import annotations

import string
from dataclasses import dataclass

import numpy as np

DIGITS = string.digits
# Most states leave out letters that could be taken for digits; some leave out none.
COMMON_LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"
ALL_LETTERS = string.ascii_uppercase

FORMATS: dict[str, tuple[str, ...]] = {
    "al": ("99A99A9", "9A99A99", "9A9999A", "99A9A99", "A9999A"), "ak": ("AAA 999", "AAA~999"),
    "az": ("AAA9999", "AAA 9999", "999 AAA", "A9A 9AA"), "ar": ("999 AAA", "AAA 99A"),
    "ca": ("9AAA999", "9AAA999", "9AAA999", "9A99999", "99999A9"), "co": ("999-AAA", "AAA-999", "AAA~A99"),
    "ct": ("AAA-999", "999-AAA", "9AAAA9", "AA 99999", "999 AAA"), "de": ("999999", "99999", "9999"),
    "dc": ("AA 9999", "AA~9999"), "fl": ("A99 9AA", "999 AAA", "AAA~A99", "AA9 9AA", "AAA A99"),
    "ga": ("AAA 9999", "999 AAA", "AAA9999", "AAA 9999"), "hi": ("AAA 999",),
    "id": ("9A 99999", "9A A9999", "A 999999", "9A 999AA"), "il": ("A99 9999", "AA 99999", "999 9999", "A99 99999"),
    "in": ("999AAA", "99A9999", "999A", "999AA", "AAA999"), "ia": ("999 AAA", "AAA 999"), "ks": ("999 AAA", "999AAA"),
    "ky": ("999 AAA", "999-AAA"), "la": ("AAA 999", "999 AAA"), "me": ("9999 AA", "999 AAA", "9999AA"),
    "md": ("9AA9999", "AAA 999", "9A 99999"), "ma": ("999 AA9", "9AA A99", "999A A9", "9999 AA", "999 AAA"),
    "mi": ("AAA 9999", "9AA A99", "AAA 999", "AAA9999"), "mn": ("999-AAA", "AAA-999"),
    "ms": ("AAA 999", "999 AAA", "AAA 9999"), "mo": ("AA9 A9A", "999-AAA", "AAA-999"),
    "mt": ("9-99999A", "99-9999A", "999999A", "AAA999"), "ne": ("AAA 999", "99-A999", "9-A9999"),
    "nv": ("999~AAA", "99A~999", "999 AAA", "999A99"), "nh": ("999 9999", "AAA 999"),
    "nj": ("A99-AAA", "AAA-99A", "A99~AAA", "AA-999-A"), "nm": ("999-AAA", "AAA-999", "999 AAA", "AAAA99"),
    "ny": ("AAA-9999", "AAA 9999", "A99 9AA", "AAA~9999"), "nc": ("AAA-9999", "AAA 9999", "AAA-9999"),
    "nd": ("999 AAA", "AAA 999"), "oh": ("AAA 9999", "AA99 AA", "AAA-9999"), "ok": ("999-AAA", "AAA-999", "AAA 999"),
    "or": ("999 AAA", "999~AAA", "AAA 999"), "pa": ("AAA-9999", "AAA 9999", "AAA~9999"),
    "ri": ("AA-999", "999-999", "99 999", "AA 999", "9AA 999"), "sc": ("AAA 999", "999 AAA", "9999 AA", "AAA~999"),
    "sd": ("9A9 999", "99A 999", "9AA 999", "9A9999"), "tn": ("A99-99A", "999-AAA", "AAA 9999", "A99~99A"),
    "tx": ("AAA 9999", "AA9 A999", "AAA-9999", "A99 AAA", "999 AAA", "AAA~9999"),
    "ut": ("999 9AA", "A99 9AA", "999 AAA", "A999 AA"), "vt": ("AAA 999", "999A99"),
    "va": ("AAA-9999", "AAA 9999"), "wa": ("999-AAA", "AAA9999", "999 AAA", "AAA 9999"),
    "wv": ("9AA 999", "9A 9999", "AA 9999"), "wi": ("999-AAA", "AAA-9999", "AAA 999"),
    "wy": ("99-9999", "9-9999A", "99~9999", "9~99999"),
}  # fmt: skip
# Plates of other kinds: trucks, dealers, trailers, governments, the short ones of a series' beginning.
OTHER = (
    "999999", "99999", "9999", "AA 9999", "A999999", "99AAA9", "AA9999", "99 A999", "999AA", "99AAA", "9999AA",
    "99999A", "A 99999", "AA99A", "9A9999", "AAA 99", "99 AAA", "A9999", "9AA9999", "99 9999", "AAA9A99", "9999999",
    "AAAA", "AAAAAA", "AAAAA", "AAAAAAA", "A99AAA", "AAA A99", "A99 99A", "999A99", "AA99999", "999-999", "A9 9999",
)  # fmt: skip
EUROPE = (
    "AA999AA", "AA-999-AA", "AA99 AAA", "AA 9999 AA", "9AA 9999", "9 AA9999", "AA 99999", "9999 AAA", "AAA 9999",
    "A 9999 AA", "AA AA 999", "A AA 9999", "999 AA 99", "AA 999", "AAA 999", "AAA99A", "99 AAA 9", "AAA AA99",
    "AA A99", "AA9999AA", "9999AAA", "AA9999", "AA 999A", "A 99999A", "AA 99AA", "A 999 AAA",
)  # fmt: skip
BRAZIL = ("AAA-9999",) * 4 + ("AAA9A99",)
WORDS = (  # noqa: SIM905 - a page of quotation marks otherwise
    "LOVE MY DOG BOAT GOLF FISH RUN FAST SPEED KING QUEEN BOSS CAT NURSE DOC MOM DAD HOT ROD BLUE RED COOL SKI SURF "
    "BEACH FUN FREE WILD ROCK STAR JAZZ MUSIC HAPPY SMILE LUCKY ANGEL TIGER BEAR WOLF HAWK EAGLE FLY HIGH SKY SUN MOON "
    "ZOOM VROOM GONE HOME FAMILY TEAM GAME WIN BALL TEXAS GATOR MR MRS THE ONE TWO FOR YOU ME WE GO IM BE NO YES OH WOW "
    "LOL BYE HI ROO JO BO ZO QUICK JUMP FOX OVER LAZY JEEP TRUCK TURBO VETTE STANG SAMPLE ANY TEXT GRAMPS PAPA NANA "
    "BOOM COOKIE OOPS MOO GOOGOO HOCKEY KIWI PIZZA WICKED XRAY YOGA JINX ZEN QUILT EQUINE UNIQUE IOWA OHIO IDAHO"
).split()
_VOWELS, _CONSONANTS = "AEIOUY", "BCDFGHJKLMNPQRSTVWXZ"


@dataclass(frozen=True, slots=True)
class Serial:
    """`shown` with gaps and emblem, `plate` as it is read."""

    shown: str

    @property
    def plate(self) -> str:
        return "".join(char for char in self.shown if char in DIGITS or char in ALL_LETTERS)


def draw_us(rng: np.random.Generator, region: str) -> Serial:
    """A plate of one state, or of any kind met on the road."""
    lot = rng.random()
    if lot < 0.14:
        return Serial(_vanity(rng))
    if lot < 0.26:
        return Serial(_anything(rng))
    if lot < 0.40:
        return Serial(_filled(rng, str(rng.choice(OTHER)), _letters(rng)))
    form = str(rng.choice(FORMATS[region]))
    if rng.random() < 0.2:
        form = form.replace(" ", "~").replace("-", "~")
    return Serial(_filled(rng, form, _letters(rng)))


def draw_europe(rng: np.random.Generator) -> Serial:
    """A European plate."""
    return Serial(_filled(rng, str(rng.choice(EUROPE)), ALL_LETTERS if rng.random() < 0.3 else COMMON_LETTERS))


def draw_brazil(rng: np.random.Generator) -> Serial:
    """A Brazilian plate, before or after 2018."""
    return Serial(_filled(rng, str(rng.choice(BRAZIL)), ALL_LETTERS))


def _letters(rng: np.random.Generator) -> str:
    lot = rng.random()
    return COMMON_LETTERS if lot < 0.6 else COMMON_LETTERS + "Q" if lot < 0.72 else ALL_LETTERS


def _filled(rng: np.random.Generator, form: str, letters: str) -> str:
    pools = {"A": letters, "9": DIGITS}
    return "".join(pools[c][int(rng.integers(len(pools[c])))] if c in pools else c for c in form)


def _anything(rng: np.random.Generator) -> str:
    """Any characters, so that the reader looks instead of guessing by rule."""
    pool = np.array(list(DIGITS + ALL_LETTERS))
    text = "".join(rng.choice(pool, int(rng.integers(3, 9))))
    if len(text) > 4 and rng.random() < 0.4:
        cut = int(rng.integers(1, len(text)))
        text = text[:cut] + str(rng.choice([" ", "-", "~"])) + text[cut:]
    return text


def _vanity(rng: np.random.Generator) -> str:
    lot = rng.random()
    if lot < 0.5:
        text = str(rng.choice(WORDS))
        while len(text) < 6 and rng.random() < 0.5:
            text += (" " if rng.random() < 0.4 else "") + str(rng.choice(WORDS))
        text = text[:8].strip()
    elif lot < 0.75:
        text = "".join(str(rng.choice(list(_VOWELS if i % 2 else _CONSONANTS))) for i in range(int(rng.integers(2, 8))))
    else:
        text = str(rng.choice(WORDS))[:5] + str(rng.choice(["", " "])) + str(int(rng.integers(0, 100)))
    if rng.random() < 0.12:
        text = text.translate(str.maketrans("OEAI", "0341"))
    return text
