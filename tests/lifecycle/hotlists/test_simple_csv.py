"""Simple CSV lists, as spreadsheets and other systems write them."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from alpr_assets.errors import ImportRefusedError
from alpr_assets.lifecycle.hotlists.categories import Category
from alpr_assets.lifecycle.hotlists.formats import Options, simple_csv

ZONE = ZoneInfo("America/Los_Angeles")
HEADER = "Plate Number,Description,State/Province\n"


def parse(text, name="Gang BOLO.csv", encoding="utf-8", category=Category.SUSPECT_INTERDICTION, **options):
    raw = text if isinstance(text, bytes) else text.encode(encoding)
    return simple_csv.parse(raw, name, Options(zone=ZONE, category=category, **options))


def refusal(text, **options):
    with pytest.raises(ImportRefusedError) as refused:
        parse(text, **options)
    assert refused.value.remedy
    return refused.value.code


def plates(parsed):
    return [entry.plate for entry in parsed.entries]


def rows(parsed):
    return [(entry.plate, entry.details.get("description", ""), entry.state) for entry in parsed.entries]


def test_one_plate_per_line():
    parsed = parse("7abc123\nXYZ 999\n")
    assert plates(parsed) == ["7ABC123", "XYZ999"]
    assert [entry.given for entry in parsed.entries] == ["7abc123", "XYZ 999"]
    assert (parsed.n_lines, parsed.skipped) == (2, {})


def test_the_usual_header():
    parsed = parse(HEADER + "7ABC123,White van,CA\n12-34,,\n")
    assert rows(parsed) == [("7ABC123", "White van", "CA"), ("1234", "", "")]
    assert parsed.skipped == {"header": 1}
    assert parsed.variant == "comma, header, utf-8-sig"


@pytest.mark.parametrize(
    "header",
    ["state;plate", "Province;License Plate #", "PlateState;PlateNumber", "ST;LPN", "Region;licence_plate_number"],
)
def test_obvious_synonyms_in_any_order(header):
    entry = parse(f"{header}\nNV;7ABC123\n").entries[0]
    assert (entry.plate, entry.state) == ("7ABC123", "NV")


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_any_of_the_three_delimiters(delimiter):
    text = f"Plate Number{delimiter}Description{delimiter}State\n7ABC123{delimiter}van{delimiter}CA\n"
    assert rows(parse(text)) == [("7ABC123", "van", "CA")]


def test_a_semicolon_file_may_have_commas_in_its_descriptions():
    parsed = parse("Plate;Description;State\n7ABC123;white, dented, old;CA\nXYZ999;red, new;NV\n")
    assert rows(parsed) == [("7ABC123", "white, dented, old", "CA"), ("XYZ999", "red, new", "NV")]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_line_end(end):
    assert rows(parse(end.join([HEADER.strip(), "7ABC123,van,CA", "XYZ999,,NV"]))) == [
        ("7ABC123", "van", "CA"),
        ("XYZ999", "", "NV"),
    ]


@pytest.mark.parametrize("text", ["7ABC123\n", HEADER + "7ABC123,,CA\n"])
def test_a_byte_order_mark_is_not_part_of_the_first_cell(text):
    assert plates(parse(text, encoding="utf-8-sig")) == ["7ABC123"]


def test_quoted_cells_may_hold_delimiters_quotes_and_line_ends():
    parsed = parse(HEADER + '"7ABC123","van, ""old""","CA"\r\n"XYZ999","blue\r\nsedan",NV\r\n')
    assert rows(parsed) == [("7ABC123", 'van, "old"', "CA"), ("XYZ999", "blue\nsedan", "NV")]
    assert parsed.n_lines == 3


@pytest.mark.parametrize("stray", ['7AAA111,6" pipe rack,CA', '7AAA111,"van,CA', '"7AAA111,van,CA'])
def test_a_stray_quote_costs_one_row_and_not_the_rest_of_the_file(stray):
    parsed = parse(HEADER + f'7ABC123,van,CA\n{stray}\nXYZ999,red,NV\n7ABC124,"blue",CA\n')
    assert {"7ABC123", "XYZ999", "7ABC124"} <= set(plates(parsed))
    assert parsed.n_lines == 5
    assert len(parsed.entries) + len(parsed.quarantined) == 4


def test_two_stray_quotes_swallow_no_row_between_them():
    parsed = parse(HEADER + '7ABC123,"van,CA\nXYZ999,red,NV\n7ABC124,blue",CA\n')
    assert "XYZ999" in plates(parsed)
    assert parsed.n_lines == 4


def test_a_windows_file_keeps_its_accents_in_the_description():
    parsed = parse(HEADER + "7ABC123,Señor’s van,CA\n", encoding="cp1252")
    assert rows(parsed)[0][1] == "Señor’s van"
    assert parsed.variant.endswith("cp1252")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf16_is_refused_clearly(encoding):
    assert refusal(HEADER + "7ABC123,van,CA\n", encoding=encoding) == "utf16"


def test_bytes_that_are_no_text_are_refused():
    assert refusal(b"7ABC123\x81\n") == "encoding"


@pytest.mark.parametrize("text", ["", "\n\n", " \r\n", '""\n', ",,\n"])
def test_an_empty_file_is_refused(text):
    assert refusal(text) == "empty"


@pytest.mark.clause("422.3")
def test_a_list_whose_category_nobody_gave_is_refused():
    assert refusal("7ABC123\n", category=None) == "category_missing"


@pytest.mark.clause("422.3")
def test_a_category_column_overrides_the_lists_and_an_unknown_one_is_kept_as_text():
    parsed = parse("Plate,Category\n7ABC123,Missing Person\nXYZ999,Scofflaw\n")
    assert [entry.category for entry in parsed.entries] == [Category.MISSING_PERSON, Category.SUSPECT_INTERDICTION]
    assert parsed.entries[1].details == {"category": "Scofflaw"}


def test_the_list_type_is_the_files_stem_unless_given():
    assert parse("7ABC123\n").list_type == "gang_bolo"
    assert parse("7ABC123\n", list_type="bolo").entries[0].list_type == "bolo"
    assert parse("7ABC123\n", name="Ω.csv").list_type == "list"


def test_a_header_without_a_plate_column_is_refused_and_never_a_plate():
    assert refusal("Vehicle,Notes,State\nABC123,van,CA\n") == "plate_column_missing"


def test_wide_rows_without_a_header_are_refused():
    assert refusal("1,ABC123,van,CA\n2,XYZ999,car,NV\n") == "header_missing"


@pytest.mark.parametrize("plate", ["ST123", "TAG 123", "PLATE1", "STATE9"])
def test_a_first_plate_that_resembles_a_header_word_is_a_plate(plate):
    assert len(parse(f"{plate}\n7ABC123\n").entries) == 2


def test_two_columns_without_a_header_are_plate_and_state_when_every_second_is_a_state():
    assert rows(parse("7ABC123,CA\nXYZ999,NV\nQRS123\n")) == [
        ("7ABC123", "", "CA"),
        ("XYZ999", "", "NV"),
        ("QRS123", "", ""),
    ]
    assert rows(parse("7ABC123,CA\nXYZ999,van\n")) == [("7ABC123", "CA", ""), ("XYZ999", "van", "")]


def test_three_columns_without_a_header_are_in_the_usual_order():
    assert rows(parse("7ABC123,van,CA\nXYZ999,,NV\n")) == [("7ABC123", "van", "CA"), ("XYZ999", "", "NV")]


@pytest.mark.parametrize(
    ("given", "state"), [("CA", "CA"), ("ca", "CA"), ("California", "CA"), ("us-ca", "CA"), ("British Columbia", "BC")]
)
def test_states_as_people_write_them(given, state):
    entry = parse(HEADER + f"7ABC123,,{given}\n").entries[0]
    assert (entry.state, entry.details) == (state, {})


def test_a_state_nobody_knows_is_unknown_and_kept():
    entry = parse(HEADER + "7ABC123,,Baja\n").entries[0]
    assert (entry.state, entry.details) == ("", {"state_given": "Baja"})


@pytest.mark.parametrize("day", ["2026-04-01", "04/01/2026", "20260401"])
def test_a_date_column_is_the_day_of_listing(day):
    entry = parse(f"Plate,Date\n7ABC123,{day}\n").entries[0]
    assert (entry.listed_on, entry.details) == (date(2026, 4, 1), {})


def test_other_columns_stay_as_details_under_their_own_names():
    entry = parse("Plate,Case,Notes,Comments,Case,\n7ABC123,26-1,a,b,26-2,x\n").entries[0]
    assert entry.details == {"Case": "26-1", "description": "a", "Comments": "b", "Case 5": "26-2", "6": "x"}


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (",van,CA", "plate_empty"),
        ("7AB?123,van,CA", "plate_characters"),
        ("7АBC123,van,CA", "plate_characters"),
        ("7.0E+06,van,CA", "plate_characters"),
        ("7ABC123,white, dented,CA", "column_count"),
        ("ABCDEFGHIJ1234567,van,CA", "plate_too_long"),
    ],
)
def test_a_malformed_row_is_quarantined_with_its_number_and_the_rest_is_kept(row, code):
    parsed = parse(HEADER + f"XYZ999,,NV\n{row}\nXYZ998,,NV\n")
    assert [(bad.line, bad.code, bad.text) for bad in parsed.quarantined] == [(3, code, row)]
    assert plates(parsed) == ["XYZ999", "XYZ998"]


def test_blank_rows_and_repeated_rows_are_counted():
    parsed = parse(HEADER + "7ABC123,van,CA\n\n,,\n7ABC123,van,CA\n7ABC123,van,NV\n")
    assert [(entry.plate, entry.state) for entry in parsed.entries] == [("7ABC123", "CA"), ("7ABC123", "NV")]
    assert parsed.skipped == {"header": 1, "blank": 2, "duplicate": 1}
    assert parsed.n_lines == 6
