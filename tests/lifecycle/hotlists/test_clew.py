"""California DOJ CLEW tables."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from alpr_assets.errors import ImportRefusedError
from alpr_assets.lifecycle.hotlists.categories import Category
from alpr_assets.lifecycle.hotlists.formats import Options, clew

OPTIONS = Options(zone=ZoneInfo("America/Los_Angeles"))
HEADER = "DATE06/15/2026 04:30"
SEVEN = ["ABC123 CA0120180627", "7XYZ999CA0720260401"]
EIGHT = ["ABC1234 CA1220190515", "12345678NV0120260401"]


def table(*records, header=HEADER, count=None, end="\r\n"):
    trailer = f"TOTAL RECORD {len(records) if count is None else count:07}"
    return (end.join([header, *records, trailer]) + end).encode("latin-1")


def parse(*records, name="svs.tbl", **options):
    return clew.parse(table(*records, **options), name, OPTIONS)


def refusal(raw, name="svs.tbl"):
    with pytest.raises(ImportRefusedError) as refused:
        clew.parse(raw, name, OPTIONS)
    assert refused.value.remedy
    return refused.value.code


def codes(parsed):
    return [(bad.line, bad.code) for bad in parsed.quarantined]


def test_a_record_seven_wide_is_taken_from_the_right():
    parsed = parse(*SEVEN)
    first, second = parsed.entries
    assert (first.plate, first.state, first.listed_on) == ("ABC123", "CA", date(2018, 6, 27))
    assert first.details == {"file": "svs", "county": "01"}
    assert (first.line, first.given) == (2, "ABC123")
    assert (second.plate, second.details["county"]) == ("7XYZ999", "07")
    assert parsed.variant == "plate 7 wide"


def test_a_record_eight_wide_is_taken_from_the_right():
    parsed = parse(*EIGHT)
    assert [(entry.plate, entry.state) for entry in parsed.entries] == [("ABC1234", "CA"), ("12345678", "NV")]
    assert parsed.entries[0].listed_on == date(2019, 5, 15)
    assert parsed.variant == "plate 8 wide"


def test_every_line_of_the_file_is_accounted_for():
    parsed = parse(*SEVEN, SEVEN[0])
    assert (parsed.n_lines, len(parsed.entries)) == (5, 2)
    assert parsed.skipped == {"header": 1, "trailer": 1, "duplicate": 1}


@pytest.mark.clause("422.3")
@pytest.mark.parametrize(
    ("name", "list_type", "category"),
    [
        ("svs.tbl", "stolen_vehicle", Category.STOLEN_VEHICLE),
        ("SFR.TBL", "felony_vehicle", Category.SUSPECT_INTERDICTION),
        ("slr_20260615.tbl", "stolen_plate", Category.STOLEN_PLATE),
    ],
)
def test_the_name_of_the_file_says_what_it_lists(name, list_type, category):
    parsed = parse(*SEVEN, name=name)
    assert parsed.list_type == list_type
    assert {(entry.list_type, entry.category) for entry in parsed.entries} == {(list_type, category)}


@pytest.mark.parametrize("name", ["hotlist.tbl", "svsx.tbl", "ssr.tbl"])
def test_a_table_with_another_name_is_refused(name):
    assert refusal(table(*SEVEN), name) == "list_type_unknown"


def test_the_same_plate_in_two_states_is_two_entries():
    parsed = parse("ABC123 CA0120180627", "ABC123 NV0120180627")
    assert [(entry.plate, entry.state) for entry in parsed.entries] == [("ABC123", "CA"), ("ABC123", "NV")]


def test_the_same_plate_lost_twice_stays_two_entries():
    assert len(parse("ABC123 CA0120180627", "ABC123 CA0120190627").entries) == 2


# ── when it was made ───────────────────────────────────────────────────────────────────────────────────────────────


def test_the_header_is_the_departments_local_time():
    assert parse(*SEVEN).made_at == datetime(2026, 6, 15, 11, 30, tzinfo=UTC)
    assert parse(*SEVEN, header="DATE01/15/2026 04:30").made_at == datetime(2026, 1, 15, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "made_at"),
    [
        ("DATE11/01/2026 01:30", datetime(2026, 11, 1, 8, 30, tzinfo=UTC)),  # came twice
        ("DATE03/08/2026 02:30", datetime(2026, 3, 8, 9, 30, tzinfo=UTC)),  # never came
    ],
)
def test_a_doubtful_local_time_never_makes_a_list_look_newer(header, made_at):
    assert parse(*SEVEN, header=header).made_at == made_at


@pytest.mark.parametrize(
    "header",
    ["", "DATE2026-06-15 04:30", "DATE13/40/2026 04:30", "DATE06/15/2026 24:30", "DATE 06/15/2026 04:30", SEVEN[0]],
)
def test_a_malformed_header_refuses_the_file(header):
    assert refusal(table(*SEVEN, header=header)) == "header_malformed"


# ── refusals ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_file_cut_in_transfer_is_refused():
    whole = table(*EIGHT * 20, end="\n")
    for end in range(len(HEADER), len(whole) - 2):
        assert refusal(whole[:end]) in {"trailer_missing", "count_mismatch"}


@pytest.mark.parametrize("count", [0, 1, 3, 72])
def test_a_trailer_that_disagrees_refuses_the_file(count):
    assert refusal(table(*SEVEN, count=count)) == "count_mismatch"


@pytest.mark.parametrize("trailer", ["TOTAL RECORD 2", "TOTAL RECORDS 0000002", "TOTAL RECORD 000002 ", "EOF"])
def test_a_trailer_of_another_shape_refuses_the_file(trailer):
    raw = table(*SEVEN).decode().replace("TOTAL RECORD 0000002", trailer).encode()
    assert refusal(raw) == "trailer_missing"


def test_records_of_different_widths_refuse_the_file():
    assert refusal(table(SEVEN[0], EIGHT[0])) == "mixed_widths"


def test_a_blank_line_between_records_refuses_the_file():
    assert refusal(table(SEVEN[0], "", SEVEN[1])) == "mixed_widths"


def test_records_of_an_unknown_width_refuse_the_file():
    assert refusal(table("ABC12 CA0120180627")) == "record_width"


def test_a_list_without_records_is_refused():
    assert refusal(table()) == "empty"


@pytest.mark.parametrize("raw", [b"", b"\r\n\r\n", b" \t\x1a"])
def test_an_empty_file_is_refused(raw):
    assert refusal(raw) == "empty"


def test_a_utf16_file_is_refused():
    assert refusal(table(*SEVEN).decode().encode("utf-16")) == "utf16"


# ── lines ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("record", "code"),
    [
        ("ABC123 CA0020180627", "county_malformed"),
        ("ABC123 CA5920180627", "county_malformed"),
        ("ABC123 CA  20180627", "county_malformed"),
        ("ABC123 CA0120180229", "date_malformed"),
        ("ABC123 CA0101201806", "date_malformed"),  # shifted
        ("ABC123 A00120180627", "state_malformed"),
        ("       CA0120180627", "plate_empty"),
        ("AB?123 CA0120180627", "plate_characters"),
        ("AB\xd6123 CA0120180627", "plate_characters"),
    ],
)
def test_a_malformed_record_is_quarantined_with_its_line_and_the_rest_is_kept(record, code):
    parsed = parse(SEVEN[0], record, SEVEN[1])
    assert codes(parsed) == [(3, code)]
    assert parsed.quarantined[0].text == record
    assert "ABC" not in parsed.quarantined[0].reason
    assert len(parsed.entries) == 2


def test_a_blank_or_unknown_state_is_unknown_and_an_unknown_one_is_kept():
    blank, unknown, nebraska = parse("ABC123   0120180627", "ABC123 QZ0120180627", "ABC123 NB0120180627").entries
    assert (blank.state, "state_given" in blank.details) == ("", False)
    assert (unknown.state, unknown.details["state_given"]) == ("", "QZ")
    assert nebraska.state == "NE"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_line_end_will_do(end):
    assert len(parse(*SEVEN, end=end).entries) == 2


def test_a_dos_end_of_file_mark_is_not_a_line():
    assert len(clew.parse(table(*SEVEN) + b"\x1a", "svs.tbl", OPTIONS).entries) == 2
