"""Look-alikes: what a plate's characters are, and which of them a camera and a typist confuse.

Here: a plate's normal form and its folded key. Not here: matching, drawing, reading.
Source: the NCIC extracts write every letter O as the digit 0, and readers confuse the same few shapes.
Invariant: folding keeps the length, so that a position in a key is a position in the plate.
"""

from __future__ import annotations

import unicodedata
from typing import Final, overload

import numpy as np
import pandas as pd

from alpr_assets.errors import MalformedError

GROUPS: Final = ("0OQD", "1I", "8B", "5S", "2Z", "6G")
"""Characters taken for one another; the first stands for its group."""

ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

_FOLD: Final = str.maketrans({other: group[0] for group in GROUPS for other in group[1:]})
_PLATE_CHARACTERS: Final = frozenset(ALPHABET)
_SEPARATORS: Final = frozenset(".·•\t")  # besides every Unicode space and dash


def fold(plate: str) -> str:
    """Key of a normalised plate under which look-alikes are equal: `ABC120` and `A8CI2O` are both `A8C120`.

    Source: 422.4(f), the person who verifies a hit is shown both spellings.
    """
    return plate.translate(_FOLD)


@overload
def fold_many(plates: pd.Series[str]) -> pd.Series[str]: ...
@overload
def fold_many(plates: np.ndarray) -> np.ndarray: ...
def fold_many(plates: pd.Series[str] | np.ndarray) -> pd.Series[str] | np.ndarray:
    """`fold` of a column; missing values stay missing.

    Parameters
    ----------
    plates : Series or array (n,) of normalised plates

    Returns
    -------
    Series (n,) with the same index and dtype, or array (n,) of objects
    """
    values = np.asarray(plates, dtype=object)
    known = ~pd.isna(values)
    keys = values.copy()
    keys[known] = _fold_list(values[known].tolist())
    if isinstance(plates, pd.Series):
        return pd.Series(keys, index=plates.index, name=plates.name, dtype=plates.dtype)
    return keys


def _fold_list(plates: list[str]) -> list[str]:
    """Fold all at once: one `translate` over the joined text is several times faster than one a plate."""
    if not plates:
        return []
    keys = "\n".join(plates).translate(_FOLD).split("\n")
    return keys if len(keys) == len(plates) else [fold(plate) for plate in plates]  # a plate held a line end


def normalise(text: str) -> str:
    """Plate as it is stored and compared: A–Z and 0–9, upper case; spaces, dashes and dots are dropped.

    Anything else is an error and never silently dropped: an Ö or a Cyrillic letter would become another plate,
    and `7?A*23` is a partial plate, which belongs in a watch.

    Raises
    ------
    MalformedError : `plate_empty`, or `plate_characters`; the message names no character of the plate
    """
    if text.isascii() and text.isalnum():
        return text.upper()
    kept = [character for character in text if not _separates(character)]
    if not kept:
        raise MalformedError("plate_empty", "there is no plate")
    plate = "".join(kept)
    if not (plate.isascii() and plate.isalnum()):
        foreign = sum(character.upper() not in _PLATE_CHARACTERS for character in kept)
        raise MalformedError(
            "plate_characters",
            f"{foreign} of {len(kept)} characters are not A–Z or 0–9",
            remedy="Write the plate in Latin letters and digits; enter a partial plate as a watch.",
        )
    return plate.upper()


def _separates(character: str) -> bool:
    return character in _SEPARATORS or unicodedata.category(character) in {"Zs", "Pd"}
