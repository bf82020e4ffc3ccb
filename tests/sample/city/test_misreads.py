"""Misreads and serials: each wrong spelling is another plate, most are look-alikes, and confidences are those that were measured."""

from __future__ import annotations

import re

import numpy as np
import pytest

from alpr_assets.lifecycle.lookalikes import fold, normalise
from alpr_assets.sample import states
from alpr_assets.sample.city import misreads, serials


@pytest.fixture(scope="module")
def drawn():
    rng = np.random.default_rng(422)
    visiting = np.arange(20_000) >= 5_000
    plates, state = serials.draw(rng, visiting)
    texts = [plate.decode() for plate in misreads.text(plates)]
    wrong = [[one.decode() for one in row] for row in misreads.text(misreads.wrong_spellings(rng, plates))]
    return texts, [serials.STATES[code] for code in state], wrong, visiting


def test_no_two_serials_are_alike_and_each_is_in_a_series_of_its_state(drawn):
    texts, of_state, _, _ = drawn
    assert len(set(texts)) == len(texts)
    classes = {"A": "[A-Z]", "9": "[0-9]"}
    series = {
        code: [re.compile("".join(classes.get(sign, "") for sign in form)) for form in state.formats]
        for code, state in states.STATES.items()
    }
    assert all(any(form.fullmatch(plate) for form in series[code]) for plate, code in zip(texts, of_state, strict=True))


def test_visitors_come_from_elsewhere_more_often(drawn):
    _, of_state, _, visiting = drawn
    elsewhere = np.array(of_state) != "CA"
    assert elsewhere[~visiting].mean() == pytest.approx(0.15, abs=0.02)
    assert elsewhere[visiting].mean() == pytest.approx(0.35, abs=0.02)


def test_a_wrong_spelling_is_a_plate_and_never_the_right_one(drawn):
    texts, _, wrong, _ = drawn
    for plate, spellings in zip(texts, wrong, strict=True):
        for spelling in spellings:
            assert spelling != plate
            assert normalise(spelling) == spelling
            assert len(spelling) in (len(plate), len(plate) - 1)


def test_four_of_five_wrong_spellings_are_look_alikes_and_one_in_twenty_is_cut(drawn):
    texts, _, wrong, _ = drawn
    commonest = [(plate, spellings[0]) for plate, spellings in zip(texts, wrong, strict=True)]
    alike = np.mean([fold(plate) == fold(spelling) for plate, spelling in commonest])
    cut = np.mean([len(plate) > len(spelling) for plate, spelling in commonest])
    assert alike == pytest.approx(0.80, abs=0.03)
    assert cut == pytest.approx(0.05, abs=0.01)
    assert all(
        plate[1:] == spelling or plate[:-1] == spelling for plate, spelling in commonest if len(spelling) < len(plate)
    )


@pytest.mark.parametrize("rate", [0.0, misreads.MISREAD, 0.5, 1.0])
def test_the_rate_is_the_one_asked_for_and_the_commonest_spelling_comes_first(rate):
    passed = np.arange(200_000) // 2
    which = misreads.draw_misread(np.random.default_rng(1), passed, 100_000, rate)
    assert (which >= 0).mean() == pytest.approx(rate, abs=0.004)
    counts = np.bincount(which[which >= 0], minlength=misreads.N_WRONG)
    assert (np.diff(counts) <= 0).all()


def test_pictures_of_one_pass_fare_alike_more_often_than_by_chance():
    which = misreads.draw_misread(np.random.default_rng(1), np.arange(200_000) // 2, 100_000, 0.1) >= 0
    both = (which[::2] & which[1::2]).mean()
    assert both > 3 * 0.1**2


def test_confidences_have_the_quantiles_that_were_measured():
    rng = np.random.default_rng(1)
    right = misreads.draw_confidence(rng, np.ones(100_000, bool))
    wrong = misreads.draw_confidence(rng, np.zeros(100_000, bool))
    assert np.quantile(right, [0.1, 0.5, 0.9]) == pytest.approx([0.796, 0.987, 0.998], abs=0.01)
    assert np.quantile(wrong, [0.1, 0.5, 0.9]) == pytest.approx([0.386, 0.719, 0.892], abs=0.01)
    assert 0 <= min(right.min(), wrong.min()) <= max(right.max(), wrong.max()) <= 1


def test_texts_and_codes_are_each_others_reverse():
    assert misreads.text(misreads.codes(["7ABC123", "XYZ", ""])).tolist() == [b"7ABC123", b"XYZ", b""]
