"""The figures of a run: as tables for people, as plain JSON for the next run to compare with."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from rich.table import Table

from benchmarks.recognition import scoring
from benchmarks.recognition.conditions import order
from benchmarks.recognition.measuring import Answer, Measured
from benchmarks.recognition.scoring import Row, Share

SHARES = {
    "found": "found",
    "found_first": "found first",
    "exact": "exact",
    "o_is_0": "O = 0",
    "folded": "look-alikes",
    "in_candidates": "in top 5",
}


@dataclass(frozen=True, slots=True)
class Run:
    """All of one run. `measured` and `pictures_per_second` (by number of processes) are by recogniser, in order."""

    rows: list[Row]
    measured: dict[str, Measured]
    pictures_per_second: dict[str, dict[int, float]]
    threshold: float
    region_confidence: float

    def of(self, set_name: str, recogniser: str) -> list[Row]:
        return [row for row in self.rows if (row.labelled.set_name, row.recogniser) == (set_name, recogniser)]

    @property
    def sets(self) -> list[str]:
        return list(dict.fromkeys(row.labelled.set_name for row in self.rows))


def tables(run: Run) -> list[Table]:
    """Accuracy and time; then by condition; states; acceptance; reliability; throughput and memory."""
    return [
        _accuracy(run),
        *(_by_condition(run, set_name) for set_name in run.sets),
        _regions(run),
        _acceptance(run),
        _reliability(run),
        _processes(run),
    ]


def as_json(run: Run) -> dict[str, Any]:
    """The same figures, and one entry a labelled plate and recogniser."""
    return {
        "threshold": run.threshold,
        "region_confidence": run.region_confidence,
        "recognisers": {
            name: {
                "version": measured.version_id,
                "load_seconds": measured.load_seconds,
                "peak_megabytes": measured.peak_megabytes,
                "pictures_per_second": run.pictures_per_second.get(name, {}),
                "sets": {set_name: _figures(run, run.of(set_name, name)) for set_name in run.sets},
            }
            for name, measured in run.measured.items()
        },
        "plates": [_plate(row) for row in run.rows],
    }


def _figures(run: Run, rows: Sequence[Row]) -> dict[str, Any]:
    accepted, states = scoring.acceptance(rows, run.threshold), scoring.regions(rows)
    known = scoring.regions(rows, run.region_confidence)
    return {
        **_shares(rows),
        "errors": sum(answer.error is not None for answer in _answers(rows)),
        "false_boxes_per_picture": _false_boxes(rows),
        "milliseconds": _times(rows),
        "conditions": {
            condition: {name: _shares(of_class) for name, of_class in classes}
            for condition, classes in _classes(rows).items()
        },
        "acceptance": accepted and asdict(accepted) | {"wrong_interval": accepted.wrong.interval},
        "states_answered": states and asdict(states),
        "states_known": known and asdict(known),
        "reliability": [asdict(found) | {"interval": found.kept.interval} for found in scoring.reliability(rows)],
    }


def _plate(row: Row) -> dict[str, Any]:
    return {
        "set": row.labelled.set_name,
        "image": row.labelled.path.name,
        "recogniser": row.recogniser,
        "conditions": row.conditions,
        "label": row.labelled.plate,
        "read": row.answer.plates[0].plate if row.answer.plates else None,
        "confidence": row.confidence,
        **{name: getattr(row, name) for name in SHARES},
        "error": row.answer.error,
        "milliseconds": round(row.answer.wall_ms, 2),
    }


def _shares(rows: Sequence[Row]) -> dict[str, Any]:
    found = {name: scoring.share(rows, name) for name in SHARES}
    return {name: asdict(share) | {"interval": share.interval} for name, share in found.items() if share}


def _answers(rows: Iterable[Row]) -> list[Answer]:
    """One a picture, which may have several labelled plates."""
    return list({row.labelled.path: row.answer for row in rows}.values())


def _times(rows: Sequence[Row]) -> dict[str, float]:
    wall = [answer.wall_ms for answer in _answers(rows)]
    cpu = [answer.cpu_ms for answer in _answers(rows)]
    return {
        "median": statistics.median(wall),
        "p90": float(np.percentile(wall, 90)),
        "cpu_median": statistics.median(cpu),
    }


def _false_boxes(rows: Sequence[Row]) -> float | None:
    """Boxes a picture that are no labelled plate's; some are plates that nobody labelled."""
    if any(row.labelled.box is None for row in rows):
        return None
    boxes: dict[Any, list[Any]] = {}
    for row in rows:
        boxes.setdefault(row.labelled.path, []).append(row.labelled.box)
    answers = {row.labelled.path: row.answer for row in rows}
    false = sum(
        all(scoring.iou(plate.box, box) < scoring.FOUND_IOU for box in boxes[path])
        for path, answer in answers.items()
        for plate in answer.plates
    )
    return false / len(answers)


def _classes(rows: Sequence[Row]) -> dict[str, list[tuple[str, list[Row]]]]:
    """Rows by class, by condition."""
    return {
        condition: [
            (name, [row for row in rows if row.conditions.get(condition) == name])
            for name in order({row.conditions[condition] for row in rows if condition in row.conditions})
        ]
        for condition in dict.fromkeys(condition for row in rows for condition in row.conditions)
    }


# ── tables ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _accuracy(run: Run) -> Table:
    columns = (*SHARES.values(), "false boxes", "ms median", "p90", "CPU ms", "errors")
    table = _table("accuracy, % of the labelled plates; time a picture, one thread", "set", "recogniser", "n", *columns)
    for set_name in run.sets:
        for name in run.measured:
            rows = run.of(set_name, name)
            times, false = _times(rows), _false_boxes(rows)
            table.add_row(
                set_name, short(name), str(len(rows)), *(_percent(scoring.share(rows, field)) for field in SHARES),
                "" if false is None else f"{false:.2f}", *(f"{times[key]:.0f}" for key in ("median", "p90", "cpu_median")),
                str(sum(answer.error is not None for answer in _answers(rows)) or ""),
            )  # fmt: skip
        table.add_section()
    return table


def _by_condition(run: Run, set_name: str) -> Table:
    """What is asked most of each set: plates read right, and found where the labels have boxes."""
    names = list(run.measured)
    rows = run.of(set_name, names[0])
    fields = [field for field in ("found", "exact", "o_is_0") if scoring.share(rows, field)]
    columns = [f"{short(name)}: {SHARES[field]}" for name in names for field in fields]
    table = _table(f"{set_name} by condition, %", "condition", "class", "n", *columns)
    by_recogniser = {name: _classes(run.of(set_name, name)) for name in names}
    for condition, classes in by_recogniser[names[0]].items():
        for i, (class_name, of_class) in enumerate(classes):
            figures = [
                _percent(scoring.share(by_recogniser[name][condition][i][1], field))
                for name in names
                for field in fields
            ]
            table.add_row("" if i else condition, class_name, str(len(of_class)), *figures)
        table.add_section()
    return table


def _regions(run: Run) -> Table:
    sure = f"≥ {run.region_confidence}"
    columns = ("answered", "right of them", f"answered {sure}", "right of them")
    table = _table("states, %", "set", "recogniser", *columns)
    for set_name, name, rows in _each(run):
        found, known = scoring.regions(rows), scoring.regions(rows, run.region_confidence)
        if found and known:
            figures = (found.answered, found.right, known.answered, known.right)
            table.add_row(set_name, short(name), *(_percent(figure) for figure in figures))
    return table


def _acceptance(run: Run) -> Table:
    table = _table(
        f"accepted at a confidence of {run.threshold} or more; wrong when O = 0 too; Wilson 95 % intervals",
        "set", "recogniser", "accepted", "interval, %", "wrong of the accepted", "interval, %",
    )  # fmt: skip
    for set_name, name, rows in _each(run):
        if found := scoring.acceptance(rows, run.threshold):
            accepted, wrong = found.accepted, found.wrong
            table.add_row(
                set_name, short(name), f"{accepted.n_right} of {accepted.n}", _interval(accepted),
                f"{wrong.n_right} of {wrong.n}", _interval(wrong),
            )  # fmt: skip
    return table


def _reliability(run: Run) -> Table:
    table = _table(
        "reliability: what the confidence promises, and what was right (O = 0)",
        "set", "recogniser", "confidence", "n", "promised, %", "right, %", "interval, %",
    )  # fmt: skip
    for set_name, name, rows in _each(run):
        for i, found in enumerate(scoring.reliability(rows)):
            whose = ("", "") if i else (set_name, short(name))
            table.add_row(
                *whose, f"{found.low:g}–{found.high:g}", str(found.kept.n), f"{100 * found.promised:.1f}",
                _percent(found.kept), _interval(found.kept),
            )  # fmt: skip
        table.add_section()
    return table


def _processes(run: Run) -> Table:
    counts = sorted({n for by_count in run.pictures_per_second.values() for n in by_count})
    columns = [f"pictures/s, {n} process{'es' * (n > 1)}" for n in counts]
    table = _table("processes", "recogniser", "version", "load, s", "peak memory, MB", *columns)
    for name, measured in run.measured.items():
        rates = run.pictures_per_second.get(name, {})
        table.add_row(
            short(name), measured.version_id, f"{measured.load_seconds:.1f}", f"{measured.peak_megabytes:.0f}",
            *(f"{rates[n]:.2f}" for n in counts),
        )  # fmt: skip
    return table


def short(name: str) -> str:
    """A recogniser's name without its package: `paddle:PaddleFactory`."""
    return name.rsplit(".", 1)[-1]


def _each(run: Run) -> Iterable[tuple[str, str, list[Row]]]:
    return ((set_name, name, run.of(set_name, name)) for set_name in run.sets for name in run.measured)


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title)
    for column in columns:
        words = column in {"set", "recogniser", "condition", "class", "version", "confidence"}
        table.add_column(column, justify="left" if words else "right")
    return table


def _percent(share: Share | None) -> str:
    return "" if share is None else "–" if not share.n else f"{100 * share.value:.1f}"


def _interval(share: Share) -> str:
    low, high = share.interval
    return f"{100 * low:.1f}–{100 * high:.1f}"
