"""NCIC extracts in their four layouts."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from alpr_assets.errors import ImportRefusedError
from alpr_assets.lifecycle.hotlists.categories import NCIC_FILES, Category
from alpr_assets.lifecycle.hotlists.formats import Options, ncic

ZONE = ZoneInfo("America/Los_Angeles")
HEADER = "NCIC LPR EXTRACT"
TEXAS = "C165399977,0H0671200,20200124,GGX6728,0H,2021,2009,D0DG,CHA,4D,GRY"
MINNESOTA = "C845996328,0H0671200,20211122,JFJ4764,0H,2022,TK,2013,CHEV,AVA,PK,CRM"
WASHINGTON = "21V0128839WAKCS000020211006BN0W111   WA2022PC"


def record(letter="V", *, plate="AB12345", state="CA", date="20190509", rest="2009PC2009TOYTCAM4DRED/WHI"):
    """A fixed-width record; `rest` begins at the plate's year."""
    return f"{letter}123456789LA0570200{date}{plate:<10}{state}{rest}"


def parse(*lines, import_immigration=False, header=HEADER, end="\n"):
    raw = end.join([*([header] if header is not None else []), *lines]).encode("latin-1")
    return ncic.parse(raw, "ncic.txt", Options(zone=ZONE, import_immigration=import_immigration))


def only(*lines, **options):
    (entry,) = parse(*lines, **options).entries
    return entry


def test_a_fixed_width_record_is_read_by_its_columns():
    entry = only(record(rest="2009PC2008CHEVCAM4DRED/WHI"))
    assert (entry.plate, entry.state, entry.listed_on) == ("AB12345", "CA", date(2019, 5, 9))
    assert (entry.list_type, entry.category, entry.restricted) == ("stolen_vehicle", Category.STOLEN_VEHICLE, False)
    assert entry.details == {
        "file": "V", "nic": "V123456789", "ori": "LA0570200", "plate_year": "2009", "plate_type": "PC",
        "vehicle_year": "2008", "make": "CHEV", "model": "CAM", "style": "4D", "colour": "RED/WHI",
    }  # fmt: skip
    assert entry.line == 2


@pytest.mark.parametrize("rest", ["", "2009", "2009MC2009YAMACYLMCBLK", "    PC"])
def test_trailing_fields_may_be_missing(rest):
    assert only(record(rest=rest)).plate == "AB12345"


def test_a_missing_field_is_not_a_detail():
    assert set(only(record(rest="    PC")).details) == {"file", "nic", "ori", "plate_type"}


def test_a_line_that_ends_inside_the_plate_is_quarantined_and_never_a_shorter_plate():
    parsed = parse(record(), record()[:31])
    assert [(bad.line, bad.code) for bad in parsed.quarantined] == [(3, "line_short")]


def test_one_header_line_is_skipped_and_counted():
    parsed = parse(record())
    assert (parsed.n_lines, parsed.skipped) == (2, {"header": 1})


def test_a_file_without_a_header_keeps_its_first_record():
    parsed = parse(record(plate="FIRST1"), record(), header=None)
    assert [entry.plate for entry in parsed.entries] == ["FIRST1", "AB12345"]


# ── variants ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_washington_has_the_file_letter_at_index_two_and_no_column_moves():
    parsed = parse(WASHINGTON, "21P0128840WAKCS000020211006BN0W112   0R2022PC")
    assert parsed.variant == "washington"
    assert [(e.list_type, e.plate, e.state) for e in parsed.entries] == [
        ("stolen_vehicle", "BN0W111", "WA"),
        ("stolen_plate", "BN0W112", "OR"),
    ]


def test_texas_has_eleven_columns():
    parsed = parse(TEXAS, header=None)
    (entry,) = parsed.entries
    assert parsed.variant == "texas"
    assert (entry.plate, entry.state, entry.list_type) == ("GGX6728", "OH", "supervised_release")
    assert (entry.details["vehicle_year"], entry.details["make"]) == ("2009", "DODG")
    assert (entry.details["style"], "plate_type" in entry.details) == ("4D", False)


def test_minnesota_has_twelve_columns_with_a_plate_type():
    parsed = parse(MINNESOTA, header="id,ORI,date,plate,state,registration year,plate type,year,make,model,body,color")
    (entry,) = parsed.entries
    assert parsed.variant == "minnesota"
    assert (entry.plate, entry.state) == ("JFJ4764", "OH")
    assert (entry.details["plate_type"], entry.details["vehicle_year"], entry.details["colour"]) == (
        "TK",
        "2013",
        "CRM",
    )


def test_rows_of_nothing_but_commas_are_blank():
    assert parse(TEXAS, "," * 10, header=None).skipped == {"blank": 1}


def test_a_quoted_cell_may_hold_a_comma():
    assert only(TEXAS.replace("CHA", '"CH,A"'), header=None).details["model"] == "CH,A"


@pytest.mark.parametrize("line", [TEXAS + ",X", TEXAS[:-4], TEXAS.replace("CHA", '"CHA')])
def test_a_row_with_other_columns_is_quarantined(line):
    parsed = parse(TEXAS, TEXAS.replace("GGX6728", "GGX6729"), line, header=None)
    assert [bad.line for bad in parsed.quarantined] == [3]


def test_a_line_of_another_layout_is_quarantined():
    parsed = parse(record(), record(plate="XYZ123"), WASHINGTON, TEXAS)
    assert [bad.line for bad in parsed.quarantined] == [4, 5]
    assert len(parsed.entries) == 2


def test_a_file_of_no_known_layout_is_refused():
    with pytest.raises(ImportRefusedError) as refused:
        parse("Plate Number,Description", "ABC123,white van")
    assert refused.value.code == "layout_unknown"


# ── the letter O ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("given", "state"), [("0H", "OH"), ("C0", "CO"), ("M0", "MO"), ("OR", "OR"), ("0N", "ON")])
def test_states_written_with_zero_for_o_are_restored(given, state):
    assert only(record(state=given)).state == state


def test_makes_colours_and_plate_types_are_restored_where_the_code_is_known():
    details = only(record(rest="2009C02009D0DGC0N4D0NG/BR0")).details
    assert (details["make"], details["colour"], details["plate_type"]) == ("DODG", "ONG/BRO", "CO")
    assert details["model"] == "C0N"  # no table of models: as given
    assert only(record(rest="2009PC2009X0X0")).details["make"] == "X0X0"


def test_the_plate_is_kept_as_given():
    entry = only(record(plate="BN0W-111"))
    assert (entry.plate, entry.given) == ("BN0W111", "BN0W-111")


def test_nebraska_is_not_new_brunswick():
    assert only(record(state="NB")).state == "NE"
    assert only(record(state="NK")).state == "NB"


@pytest.mark.parametrize("given", ["A1", "3C", "00", "C "])
def test_what_cannot_be_a_state_is_quarantined(given):
    assert [bad.code for bad in parse(record(state=given)).quarantined] == ["state_malformed"]


def test_a_blank_or_unknown_state_is_unknown():
    assert only(record(state="  ")).state == ""
    unknown = only(record(state="QZ"))
    assert (unknown.state, unknown.details["state_given"]) == ("", "QZ")


# ── files ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_same_plate_in_two_states_or_files_is_two_entries():
    parsed = parse(record(state="CA"), record(state="NV"), record("P", state="CA"), record(state="CA"))
    keys = [(entry.plate, entry.state, entry.list_type) for entry in parsed.entries]
    assert keys == [
        ("AB12345", "CA", "stolen_vehicle"),
        ("AB12345", "NV", "stolen_vehicle"),
        ("AB12345", "CA", "stolen_plate"),
    ]
    assert parsed.skipped["duplicate"] == 1


@pytest.mark.clause("422.4(e)")
def test_immigration_violators_are_counted_and_not_imported():
    parsed = parse(record(), record("N", plate="NNN111"), record("N", plate="N")[:30])
    assert [entry.list_type for entry in parsed.entries] == ["stolen_vehicle"]
    assert parsed.skipped == {"header": 1, "immigration": 2}
    assert not parsed.quarantined


def test_immigration_violators_are_imported_only_when_asked():
    entry = only(record("N"), import_immigration=True)
    assert (entry.list_type, entry.category) == ("immigration_violator", Category.SUSPECT_INTERDICTION)


@pytest.mark.clause("422.4(e)")
def test_restricted_files_are_marked_so_that_their_dissemination_is_logged():
    letters = [letter for letter in NCIC_FILES if letter != "N"]
    parsed = parse(*(record(letter) for letter in letters))
    assert "".join(sorted(e.details["file"] for e in parsed.entries if e.restricted)) == "CKLTX"
    assert len(parsed.entries) == len(letters) == 14


@pytest.mark.clause("422.3")
@pytest.mark.parametrize(
    ("letter", "category"),
    [
        ("A", "missing_person"), ("B", "stolen_property_recovery"), ("F", "suspect_interdiction"),
        ("K", "homeland_security"), ("M", "missing_person"), ("P", "stolen_plate"), ("R", "stolen_vehicle"),
        ("T", "homeland_security"), ("V", "stolen_vehicle"), ("W", "wanted_person"), ("X", "suspect_interdiction"),
    ],
)  # fmt: skip
def test_each_file_letter_has_a_category_of_the_policy(letter, category):
    assert only(record(letter)).category == category


def test_an_unknown_file_letter_is_quarantined():
    parsed = parse(record(), record("Q"), record("0", plate="XYZ123"))
    assert [bad.code for bad in parsed.quarantined] == ["file_letter_unknown"] * 2


def test_a_record_without_a_plate_is_counted_and_not_quarantined():
    parsed = parse(record(), record("W", plate=""))
    assert parsed.skipped["no_plate"] == 1


@pytest.mark.parametrize(("given", "listed_on"), [("20190509", date(2019, 5, 9)), (" " * 8, None)])
def test_a_date_may_be_blank(given, listed_on):
    assert only(record(date=given)).listed_on == listed_on


@pytest.mark.parametrize("given", ["20191309", "00000000", "2019 509", "90509AB1"])
def test_a_malformed_date_is_quarantined(given):
    assert [bad.code for bad in parse(record(), record(date=given)).quarantined] == ["date_malformed"]
