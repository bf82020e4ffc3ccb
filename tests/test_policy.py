"""The policy file: every figure comes from it, and a mistake in it is named, never worked around."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from alpr_assets.errors import ConfigurationError
from alpr_assets.lifecycle.hotlists.categories import Category
from alpr_assets.policy import Policy, load
from tests import policies
from tests.policies import ADOPTED, SAMPLE, adopted


def written(folder: Path, *changes: tuple[str, object]) -> Path:
    return policies.written(folder, dict(changes))


def refusal(path: Path) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load(path)
    assert caught.value.remedy
    assert str(path) in str(caught.value)
    return str(caught.value)


def test_the_sample_loads_and_says_that_it_is_not_adopted(policy: Policy) -> None:
    assert policy.policy.adopted is None
    assert policy.policy.number == "422"
    assert policy.zone == ZoneInfo("America/Los_Angeles")
    assert policy.captures.oldest_at == datetime(2020, 1, 1, tzinfo=UTC)
    assert SAMPLE.read_text(encoding="utf-8").startswith("# SAMPLE — NOT ADOPTED")


@pytest.mark.clause("422.3")
def test_every_hit_category_is_a_purpose_and_no_refused_purpose_is_one(policy: Policy) -> None:
    purposes = {purpose.code for purpose in policy.purposes}
    assert {category.value for category in Category} <= purposes
    assert "immigration" in policy.refused_purposes
    assert not purposes & set(policy.refused_purposes)


def test_every_category_that_a_source_names_is_one(policy: Policy) -> None:
    assert {Category(rule.category) for rule in policy.hotlists.sources if rule.category}


@pytest.mark.parametrize(
    ("changed", "value", "named"),
    [
        ("captures.future_tolerance_minuets", 10, "captures.future_tolerance_minuets"),
        ("figures", {}, "figures"),
        ("policy.motto", "to serve", "policy.motto"),
        ("training.valid_months", None, "training.valid_months"),
        ("training.valid_months", 0, "training.valid_months"),
        ("retention.reads.minimum_years", 0, "retention.reads.minimum_years"),
        ("hotlists.max_shrink", 1.5, "hotlists.max_shrink"),
        ("captures.area.north", 120, "captures.area.north"),
        ("recognition.sure_confidence", None, "recognition.sure_confidence"),
        ("recognition.sure_confidence", 0.49, "recognition.sure_confidence"),
        ("recognition.sure_confidence", 1, "recognition.sure_confidence"),
        ("hotlists.sources", [{"pattern": "*", "name": "{day}", "source": "state"}], "hotlists.sources.0.name"),
        ("hotlists.sources", [{"pattern": "*", "name": "{", "source": "state"}], "hotlists.sources.0.name"),
        ("captures.oldest", "sometime", "captures.oldest"),
        ("alerts.attempts", 0, "alerts.attempts"),
        ("alerts.timeout_seconds", 600, "alerts.timeout_seconds"),
        ("alerts.inside", ["10.0.0.0/8"], "alerts.inside"),
        ("alerts.inside", ["*.pd.example"], "alerts.inside"),
        ("purposes", [], "purposes"),
        ("in_force", {"from_on": "2026-06-02", "to_on": "2026-06-01"}, "in_force"),
        ("document.shearing", "none", "document.shearing"),
        ("policy.version", "1" * 17, "policy.version"),
        ("transparency.small_cell", 2, "transparency.small_cell"),
        ("transparency.covert", ["curiosity"], "transparency.covert"),
        ("policy.time_zone", "America/Los_Angles", "policy.time_zone"),
        ("policy.time_zone", "America", "policy.time_zone"),
        ("policy.time_zone", "../../etc/passwd", "policy.time_zone"),
        ("policy.time_zone", "", "policy.time_zone"),
    ],
)
def test_a_wrong_key_or_value_is_refused_by_its_name(tmp_path: Path, changed: str, value: object, named: str) -> None:
    assert named in refusal(written(tmp_path, (changed, value)))


def test_every_wrong_key_is_named_at_once(tmp_path: Path) -> None:
    message = refusal(written(tmp_path, ("training.valid_months", 0), ("matching.edit1_min_length", 1)))
    assert "training.valid_months" in message
    assert "matching.edit1_min_length" in message


def test_a_source_other_than_the_three_is_refused(tmp_path: Path) -> None:
    rule = {"pattern": "*", "name": "x", "source": "private"}
    assert "hotlists.sources.0.source" in refusal(written(tmp_path, ("hotlists.sources", [rule])))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    refusal(tmp_path / "none.yaml")


def test_a_folder_in_its_place_is_named(tmp_path: Path) -> None:
    refusal(tmp_path)


@pytest.mark.parametrize("raw", [b"policy: [", b"\tpolicy: x", b"policy: \xff\xfe", b"", b"- a\n- b\n", b"422"])
def test_what_is_no_policy_in_yaml_is_refused(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "policy.yaml"
    path.write_bytes(raw)
    assert len(refusal(path).splitlines()) == 1


@pytest.mark.clause("422.4(e)")
@pytest.mark.parametrize(
    ("file_name", "name", "source"),
    [
        ("svs.tbl", "svs", "state"),
        ("SFR.TBL", "sfr", "state"),
        ("slr.tbl", "slr", "state"),
        ("NCIC_extract.txt", "ncic", "federal"),
        ("2026-06-15-ncic.txt", "ncic", "federal"),
        ("Gang BOLO.csv", "gang bolo", "department"),
        ("xyz.tbl", "xyz", "department"),
    ],
)
def test_a_files_name_says_which_list_it_is_and_whose(policy: Policy, file_name: str, name: str, source: str) -> None:
    rule = policy.hotlists.source_of(file_name)
    assert (rule.name, rule.source) == (name, source)


def test_the_first_pattern_that_fits_decides(tmp_path: Path) -> None:
    rules = [
        {"pattern": "*.csv", "name": "ours", "source": "department"},
        {"pattern": "ncic*", "name": "ncic", "source": "federal"},
    ]
    loaded = load(written(tmp_path, ("hotlists.sources", rules)))
    assert loaded.hotlists.source_of("ncic.csv").name == "ours"
    assert loaded.hotlists.source_of("ncic.txt").source == "federal"


@pytest.mark.clause("422.4(e)")
def test_the_departments_own_lists_are_answered_for_unless_the_policy_says_otherwise(tmp_path: Path) -> None:
    rules = [
        {"pattern": "a", "name": "a", "source": "department"},
        {"pattern": "b", "name": "b", "source": "department", "answered": False},
        {"pattern": "c", "name": "c", "source": "state"},
        {"pattern": "d", "name": "d", "source": "federal", "answered": True},
    ]
    loaded = load(written(tmp_path, ("hotlists.sources", rules)))
    assert [loaded.hotlists.source_of(rule["name"]).answered for rule in rules] == [True, False, False, True]
    wrong = [{"pattern": "*", "name": "x", "source": "state", "answered": "perhaps"}]
    assert "hotlists.sources.0.answered" in refusal(written(tmp_path, ("hotlists.sources", wrong)))


@pytest.mark.clause("422.4(e)")
def test_a_list_without_a_source_is_refused(tmp_path: Path) -> None:
    rules = [{"pattern": "*.tbl", "name": "{stem}", "source": "state"}]
    loaded = load(written(tmp_path, ("hotlists.sources", rules)))
    with pytest.raises(ConfigurationError, match="no source") as caught:
        loaded.hotlists.source_of("watch.csv")
    assert "hotlists.sources" in caught.value.remedy


def test_a_vehicle_is_located_for_purposes_that_the_policy_knows(tmp_path: Path) -> None:
    assert "curiosity" in refusal(written(tmp_path, ("search.locate_purposes", ["curiosity"])))


def test_two_files_that_say_the_same_are_one_policy_whatever_their_layout(tmp_path: Path) -> None:
    sample = load(SAMPLE)
    other = load(written(tmp_path))
    assert (sample.digest, sample.sha256 == other.sha256) == (other.digest, False)
    assert load(written(tmp_path, ("training.valid_months", 11))).digest != sample.digest
    assert adopted(tmp_path).document.adoption.reference == ADOPTED["document.adoption"]["reference"]


def test_a_file_from_before_there_were_texts_still_loads_and_says_what_it_lacks(tmp_path: Path) -> None:
    old = load(written(tmp_path, ("document", None), ("transparency", None), ("in_force", None)))
    assert (old.transparency, old.in_force.why_not(date(2026, 6, 15))) == (load(SAMPLE).transparency, "")
    assert {"sharing", "correction", "adoption.meeting"} <= set(old.document.missing)
    assert load(SAMPLE).document.missing == ["adoption.meeting", "adoption.public_comment"]
