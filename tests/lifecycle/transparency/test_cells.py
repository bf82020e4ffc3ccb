"""No hidden figure can be worked out from what is published: held against every sum and bound that a reader can write down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, milp

from alpr_assets.lifecycle.transparency.cells import Cell, exact, volume
from alpr_assets.lifecycle.transparency.publishing import _most, tells_nothing
from alpr_assets.lifecycle.transparency.report import Head, MonthFigures, Table
from alpr_assets.lifecycle.transparency.sections import SECTIONS

SMALL, BASE = 5, 100
COUNTS = st.one_of(st.integers(0, 2 * SMALL), st.integers(0, 100_000))


@dataclass
class Reader:
    """Everything that a reader knows of unknown whole numbers: their bounds, and equations or bounds over sums of them."""

    low: list[float]
    high: list[float]
    rows: list[tuple[np.ndarray, float, float]]

    @classmethod
    def of(cls, cells: Sequence[Cell]) -> Reader:
        bounds = [bounds_of(cell) for cell in cells]
        return cls([low for low, _ in bounds], [high for _, high in bounds], [])

    def knows(self, coefficients: Sequence[float], low: float, high: float) -> None:
        self.rows.append((np.array(coefficients), low, high))

    def range_of(self, coefficients: Sequence[float]) -> tuple[int, int]:
        """The least and the largest that a sum can be, by integer programming over all that is known."""
        found = []
        for sign in (1, -1):
            solved = milp(
                sign * np.array(coefficients), bounds=Bounds(self.low, self.high), integrality=np.ones(len(self.low)),
                constraints=[LinearConstraint(row, low, high) for row, low, high in self.rows],
            )  # fmt: skip
            assert solved.success
            found.append(round(sign * solved.fun))
        return found[0], found[1]


def bounds_of(cell: Cell) -> tuple[float, float]:
    if cell.count is None:
        assert cell.fewer_than
        return 1, cell.fewer_than - 1
    return cell.count, cell.count + (cell.rounded_to - 1 if cell.rounded_to and cell.count else 0)


def shown(counts: Sequence[int]) -> list[Cell]:
    return [Cell(row=str(i), **exact(n, small=SMALL)) for i, n in enumerate(counts)]


def only(index: int, n: int) -> list[float]:
    return [float(i == index) for i in range(n)]


@given(st.lists(st.lists(COUNTS, min_size=2, max_size=6), min_size=1, max_size=3))
@example([[1, 0, 0], [1, 1, 4]])
def test_no_hidden_count_follows_from_the_tables_of_all_months_and_what_they_add_up_to(months: list[list[int]]) -> None:
    """422.2: rows, columns, months. The only sums that are published are those of published figures."""
    counts = [n for month in months for n in month]
    cells = shown(counts)
    reader = Reader.of(cells)
    for start, month in enumerate(months):
        inside = [float(start * len(month) <= i < (start + 1) * len(month)) for i in range(len(counts))]
        published = [w if cell.count is not None else 0.0 for w, cell in zip(inside, cells, strict=True)]
        total = sum(n for n, w in zip(counts, published, strict=True) if w)
        reader.knows(published, total, total)
    for i, (n, cell) in enumerate(zip(counts, cells, strict=True)):
        if cell.count is None:
            assert reader.range_of(only(i, len(counts))) == (1, SMALL - 1)
            assert 0 < n < SMALL
        else:
            assert cell.count == n


def test_a_total_of_all_counts_would_give_a_hidden_one_away() -> None:
    """What the rule forbids, as control: this reader can work things out."""
    reader = Reader.of(shown([7, 2, 9]))
    assert reader.range_of(only(1, 3)) == (1, 4)
    reader.knows([1, 1, 1], 18, 18)
    assert reader.range_of(only(1, 3)) == (2, 2)


@given(
    st.lists(st.tuples(st.integers(0, 3 * BASE), st.integers(0, 2 * SMALL)), min_size=1, max_size=4),
    st.lists(st.integers(0, 1), min_size=4, max_size=4),
)
@example([(100, 1)], [0, 0, 0, 0])
@example([(99, 99)], [0, 0, 0, 0])
def test_the_number_kept_of_what_was_captured_is_never_known_while_it_is_not_nought(
    months: list[tuple[int, int]], plan_of: list[int]
) -> None:
    """Captures of a month less what its purges destroyed is what was kept, such as a single held picture."""
    captured = [n for n, _ in months]
    kept = [min(n, k) for n, k in months]
    plans = sorted({plan_of[i] for i in range(len(months))})
    destroyed = [sum(captured[i] - kept[i] for i in range(len(months)) if plan_of[i] == plan) for plan in plans]
    cells = [Cell(row="c", **volume(n, base=BASE)) for n in (*captured, *destroyed)]
    reader = Reader.of(cells)
    for p, plan in enumerate(plans):
        difference = [float(plan_of[i] == plan) for i in range(len(months))] + [
            -float(q == p) for q in range(len(plans))
        ]
        reader.knows(difference, 0, np.inf)
    for p, plan in enumerate(plans):
        mine = [i for i in range(len(months)) if plan_of[i] == plan]
        if sum(kept[i] for i in mine):
            low, high = reader.range_of(
                [float(i in mine) for i in range(len(months))] + [-float(q == p) for q in range(len(plans))]
            )
            assert low < high


@given(st.lists(st.tuples(st.lists(COUNTS, min_size=1, max_size=4), st.integers(0, 30)), min_size=1, max_size=4))
@example([([1], 0)])
@example([([4, 4], 1), ([1], 200)])
def test_the_size_of_a_published_head_never_bounds_a_hidden_search(months: list[tuple[list[int], int]]) -> None:
    """Each search is an entry of the record, whose size a head tells; n others: entries that are none."""
    published: list[MonthFigures] = []
    size, sizes = 0, []
    for searched, n_others in months:
        size += sum(searched) + n_others
        table = Table(code="searches", title="", note="", cells=tuple(shown(searched)))
        is_shown = tells_nothing(size, _most([table]), published)
        published.insert(0, month_of(table, size if is_shown else None))
        sizes.append(size if is_shown else None)
    cells = [cell for month in reversed(published) for cell in month.tables[0].cells]
    reader = Reader.of(cells)
    until, before = 0, 0
    for (searched, _), told in zip(months, sizes, strict=True):
        until += len(searched)
        if told is not None:
            reader.knows([float(before <= i < until) for i in range(len(cells))], 0, told - (sizes_before(sizes, told)))
            before = until
    for i, cell in enumerate(cells):
        if cell.count is None:
            assert reader.range_of(only(i, len(cells))) == (1, SMALL - 1)


def sizes_before(sizes: Sequence[int | None], told: int) -> int:
    return max((one for one in sizes[: sizes.index(told)] if one is not None), default=0)


def month_of(table: Table, size: int | None) -> MonthFigures:
    head = {"format": "", "log_id": "", "root": "0" * 64, "at": "", "key_id": "", "signature": "", "public_key": ""}
    return MonthFigures(
        month="2026-05", counted_on=date(2026, 6, 11), policy_version="1", is_sample=True, small_cell=SMALL, round_to=BASE,
        tables=(table,), head=None if size is None else Head(size=size, **head),
    )  # fmt: skip


def test_no_two_sections_count_the_same() -> None:
    assert len({one.population for one in SECTIONS}) == len({one.code for one in SECTIONS}) == len(SECTIONS)
