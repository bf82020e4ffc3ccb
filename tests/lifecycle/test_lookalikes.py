"""Normal form and folded key of a plate."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from alpr_assets.errors import MalformedError
from alpr_assets.lifecycle.lookalikes import ALPHABET, GROUPS, fold, fold_many, normalise

plates = st.text(ALPHABET, min_size=1, max_size=12)


@pytest.mark.parametrize("group", GROUPS)
def test_every_character_of_a_group_has_one_key(group):
    assert {fold(character) for character in group} == {group[0]}


def test_groups_do_not_overlap():
    assert len(set("".join(GROUPS))) == len("".join(GROUPS))


def test_folding_leaves_other_characters_alone():
    assert fold("ACEFHJKLMNPRTUVWXY3479") == "ACEFHJKLMNPRTUVWXY3479"


@given(plates)
def test_folding_keeps_the_length_and_is_final(plate):
    assert len(fold(plate)) == len(plate)
    assert fold(fold(plate)) == fold(plate)


@given(st.lists(st.one_of(plates, st.text(max_size=3))))
@example(["A\nO", "Q"])
def test_a_column_folds_like_its_plates(given_plates):
    expected = [fold(plate) for plate in given_plates]
    assert fold_many(np.array(given_plates, dtype=object)).tolist() == expected
    assert fold_many(pd.Series(given_plates, dtype=str)).tolist() == expected


def test_a_folded_column_keeps_index_name_and_missing_values():
    column = pd.Series(["B0B", None, "Q1"], index=[5, 6, 9], name="plate", dtype=str)
    folded = fold_many(column)
    assert folded.index.tolist() == [5, 6, 9]
    assert (folded.name, folded.dtype) == ("plate", column.dtype)
    assert folded.isna().tolist() == [False, True, False]
    assert folded[5] == "808"


@pytest.mark.parametrize(
    "text", ["7ABC123", " 7abc 123 ", "7-ABC·123", "7–ABC.123", "7\u00a0ABC\u2009123", "7\tABC•123"]
)
def test_spaces_dashes_dots_and_case_are_not_part_of_a_plate(text):
    assert normalise(text) == "7ABC123"


@pytest.mark.parametrize("text", ["ÖABC123", "7АBC123", "7ＡBC123", "straße", "dıp1", "7ABC①", "٣ABC"])
def test_a_foreign_letter_is_refused_and_never_dropped(text):
    with pytest.raises(MalformedError) as refused:
        normalise(text)
    assert refused.value.code == "plate_characters"


@pytest.mark.parametrize("text", ["7AB?123", "7AB*", "7AB/23", "1.2E+05", '="7ABC123"', "7AB\n123", "7AB\x00"])
def test_a_partial_plate_or_a_formula_is_refused(text):
    with pytest.raises(MalformedError):
        normalise(text)


@pytest.mark.parametrize("text", ["", "  ", "---", "·"])
def test_no_plate_is_refused(text):
    with pytest.raises(MalformedError) as refused:
        normalise(text)
    assert refused.value.code == "plate_empty"


@given(st.text(max_size=12))
def test_what_is_normalised_is_a_plate_and_stays_one(text):
    try:
        plate = normalise(text)
    except MalformedError:
        return
    assert set(plate) <= set(ALPHABET)
    assert normalise(plate) == plate
