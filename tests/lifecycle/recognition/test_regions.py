"""Names of states with the reader's slips, and nothing else."""

from __future__ import annotations

import pytest

from alpr_assets.lifecycle.recognition.regions import STATES, is_lettering, region_of


@pytest.mark.parametrize(("name", "code"), STATES.items())
def test_each_name_is_its_own_state(name, code):
    assert region_of(name) == (code, 1.0)


@pytest.mark.parametrize(
    ("raw", "code"),
    [("California", "ca"), ("CALIFCRNIA", "ca"), ("Califomia", "ca"), ("New Jersey", "nj"), ("dmv.ca.gov", "ca"),
     ("North Carolina", "nc"), ("WEST VIRGINIA", "wv"), ("Virginia", "va"), ("Kansas", "ks"), ("ARKANSAS", "ar")],
)  # fmt: skip
def test_slips_and_spaces_are_allowed(raw, code):
    assert (region_of(raw) or ("",))[0] == code


@pytest.mark.parametrize("raw", ["", "CA", "7ABC123", "FORD", "HELLO WORLD", "ABC1234", "OIO", "2014-05-09", "程"])
def test_other_texts_name_no_state(raw):
    assert region_of(raw) is None


def test_fifty_states_and_the_capital():
    assert len(set(STATES.values())) == 51


@pytest.mark.parametrize(
    "raw",
    [
        "FORD",
        "Toyota",
        "CHEVR0LET".replace("0", "O"),
        "CHEVRLET",
        "Police",
        "CALIFORNIA",
        "PHARMACY",
        "Donuts",
        "LAUNDRV",
        "Taqueria",
    ],
)
def test_lettering(raw):
    assert is_lettering(raw)


@pytest.mark.parametrize("raw", ["F0RD", "7ABC123", "ILUVNY", "NAILS4U", "CATLADY", "BISON", ""])
def test_no_lettering(raw):
    assert not is_lettering(raw)
