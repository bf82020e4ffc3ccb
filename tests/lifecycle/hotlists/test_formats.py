"""Which parser a file is for, and the invariant that all of them keep."""

from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from alpr_assets.errors import ImportRefusedError
from alpr_assets.lifecycle.hotlists import formats
from alpr_assets.lifecycle.hotlists.categories import CLEW_FILES, NCIC_FILES, Category, category_named
from alpr_assets.lifecycle.hotlists.formats import Options, clew, ncic, simple_csv
from tests.lifecycle.hotlists.test_clew import EIGHT, SEVEN, table
from tests.lifecycle.hotlists.test_ncic import MINNESOTA, TEXAS, WASHINGTON, record

OPTIONS = Options(zone=ZoneInfo("America/Los_Angeles"), category=Category.STOLEN_PROPERTY_RECOVERY)
FIXED = f"HEADER\n{record()}\n".encode()
PLATES = b"7ABC123\nXYZ999\n"


@pytest.mark.parametrize(
    ("raw", "name", "parser"),
    [
        (table(*SEVEN), "svs.tbl", clew.parse),
        (table(*SEVEN), "sfr.txt", clew.parse),
        (PLATES, "SLR.TBL", clew.parse),
        (FIXED, "extract.dat", ncic.parse),
        (FIXED, "extract.csv", ncic.parse),
        (TEXAS.encode(), "list.csv", ncic.parse),
        (f"id,ori\n{MINNESOTA}".encode(), "list.txt", ncic.parse),
        (f"header\n{WASHINGTON}".encode(), "lpr", ncic.parse),
        (PLATES, "ncic_daily.csv", ncic.parse),
        (PLATES, "bolo.csv", simple_csv.parse),
        (PLATES, "bolo.TXT", simple_csv.parse),
        (b"Plate\tState\n7ABC123\tCA\n", "bolo.tsv", simple_csv.parse),
    ],
)
def test_the_parser_is_found_by_content_first(raw, name, parser):
    assert formats.detect(raw, name) is parser


@pytest.mark.parametrize(
    ("raw", "name", "code"),
    [
        (PLATES, "bolo.json", "format_unknown"),
        (PLATES, "bolo", "format_unknown"),
        (b"PK\x03\x04rest", "bolo.csv", "not_text"),
        (b"\xd0\xcf\x11\xe0rest", "bolo.csv", "not_text"),
        (b"\x1f\x8brest", "svs.tbl", "not_text"),
        ("7ABC123\n".encode("utf-16"), "bolo.csv", "utf16"),
        (b"", "bolo.csv", "empty"),
        (PLATES, "svs.tbl", "header_malformed"),
        (PLATES, "ncic.txt", "layout_unknown"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_what_to_do(raw, name, code):
    with pytest.raises(ImportRefusedError) as refused:
        formats.parse(raw, name, OPTIONS)
    assert refused.value.code == code
    assert refused.value.remedy


@pytest.mark.clause("422.3")
def test_the_categories_are_the_nine_of_the_policy(policy):
    assert len(Category) == 9
    assert set(Category) <= {purpose.code for purpose in policy.purposes}


def test_every_list_type_fits_the_tables():
    assert all(len(kind.name) <= 32 for kind in [*CLEW_FILES.values(), *NCIC_FILES.values()])


@pytest.mark.parametrize(
    ("text", "category"), [("Stolen Plate", "stolen_plate"), ("ACTIVE-WARRANT", "active_warrant"), ("x", None)]
)
def test_a_category_may_be_written_as_its_title(text, category):
    assert category_named(text) == category


# ── the invariant ──────────────────────────────────────────────────────────────────────────────────────────────────

pieces = st.sampled_from([
    *SEVEN, *EIGHT, TEXAS, MINNESOTA, WASHINGTON, record(), record("N"), record("Q"), record(state="9Z"), record()[:30],
    "DATE06/15/2026 04:30", "TOTAL RECORD 0000002", "Plate Number,Description,State/Province", "7ABC123,van,CA",
    "7ABC123;van;CA", '"7ABC123,van', '7ABC123,"a', "7ABC123", "", " ", ",,", "\t", "\x0c", "\x85", "Ö", "a,b,c,d,e",
])  # fmt: skip
names = st.sampled_from(["svs.tbl", "slr_1.tbl", "x.tbl", "ncic.txt", "bolo.csv", "bolo.txt", "bolo"])
files = st.builds(
    lambda lines, end, encoding: end.join(lines).encode(encoding, "replace"),
    st.lists(pieces | st.text(max_size=25), max_size=12),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["utf-8", "utf-8-sig", "cp1252"]),
)


@settings(max_examples=600)
@given(files | st.binary(max_size=60), names)
@example(table(*SEVEN, "BAD    XX9920180627"), "svs.tbl")
@example(f"{record()}\n\x0c\n{record()}\x85\n".encode("latin-1"), "ncic.txt")
@example(b'"\n', "bolo.csv")
def test_every_line_is_an_entry_quarantined_or_counted_or_the_file_is_refused(raw, name):
    try:
        parsed = formats.parse(raw, name, OPTIONS)
    except ImportRefusedError as refused:
        assert refused.code  # noqa: PT017 - a refusal is one of the two lawful ends
        return
    assert parsed.n_lines == len(parsed.entries) + len(parsed.quarantined) + sum(parsed.skipped.values())
    lines = [entry.line for entry in parsed.entries] + [bad.line for bad in parsed.quarantined]
    assert len(set(lines)) == len(lines)
    assert all(1 <= line <= parsed.n_lines for line in lines)
    assert all(entry.plate.isascii() and entry.plate.isalnum() and len(entry.plate) <= 16 for entry in parsed.entries)
    assert all(entry.state == "" or len(entry.state) == 2 for entry in parsed.entries)
    assert len({entry.says() for entry in parsed.entries}) == len(parsed.entries)


@settings(max_examples=200)
@given(st.lists(st.sampled_from(SEVEN), min_size=1, max_size=6), st.data())
def test_a_clew_table_cut_anywhere_is_refused(records, data):
    whole = table(*records)
    cut = data.draw(st.integers(0, len(whole) - 3))  # short of the line end after the trailer
    with pytest.raises(ImportRefusedError):
        formats.parse(whole[:cut], "svs.tbl", OPTIONS)
