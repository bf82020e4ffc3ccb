"""Notebooks run against a real console, from the first cell to the last."""

from __future__ import annotations

import re
import subprocess
from datetime import date
from pathlib import Path

import nbformat
import pytest
from nbmake.nb_run import NotebookRun

from alpr_assets.sample import case
from alpr_assets.sample.city.simulate import City
from alpr_assets.settings import ROOT
from tests.live import STOLEN, Live

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.mark.clause("422.6(a)")
@pytest.mark.clause("422.4(c)")
@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_against_a_real_console_opens_no_database_and_tells_its_story(
    detective: Live, desk: Path, notebook: Path
) -> None:
    before = detective.n_recorded()
    ran = NotebookRun(notebook, default_timeout=120).execute()
    assert ran.error is None, ran.error and ran.error.trace
    assert detective.n_recorded() > before
    assert not (desk / "ours").exists()
    outputs = [output for cell in ran.nb.cells for output in cell.get("outputs", [])]
    assert not [output for output in outputs if output.get("name") == "stderr"]
    kinds = ("text/plain", "text/html")
    told = [
        output.get("text", "") + "".join(output.get("data", {}).get(kind, "") for kind in kinds) for output in outputs
    ]
    if (tells := STORIES.get(notebook.stem)) is not None:
        tells("\n".join(told), City(case.size(date(2025, 9, 1))))


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_committed_notebook_has_no_outputs(notebook: Path) -> None:
    """They show vehicles."""
    for cell in nbformat.read(notebook, 4).cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
    assert STOLEN not in notebook.read_text()


def test_git_strips_the_outputs_of_every_notebook() -> None:
    said = subprocess.run(
        ["git", "check-attr", "filter", "notebooks/any.ipynb", "any.ipynb"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert said.stdout.splitlines() == ["notebooks/any.ipynb: filter: nbstripout", "any.ipynb: filter: nbstripout"]
    assert "filter.nbstripout.clean" in (ROOT / "Makefile").read_text()


def test_the_first_notebook_tells_the_whole_story(live: Live, environment: Path) -> None:
    """A hit, its plate's five reads on a map, its picture, and what the record holds of it."""
    ran = NotebookRun(ROOT / "notebooks" / "01_getting_started.ipynb", default_timeout=120).execute()
    shown = [
        output.get("data", {}) | {"text": output.get("text", "")}
        for cell in ran.nb.cells
        for output in cell.get("outputs", [])
    ]
    assert sum("image/png" in one for one in shown) == 3  # the map, the picture, its plate
    texts = " ".join(one.get("text/plain", "") + one["text"] for one in shown)
    for part in ("8XYZ991", "7ABC123", "26-01250", "6 entries proven to be in the record"):
        assert part in texts


def leads_to_the_offender(text: str, city: City) -> None:
    """The planted plate leads both lists: by the first witness, and by both shootings."""
    offender = city.plate_of(city.planted.incidents[0].vehicle)
    firsts = [line.split()[2] for line in text.splitlines() if line.split()[:2] == ["0", "1"]]
    assert firsts.count(offender) >= 2
    assert "asked again: the same answer" in text
    assert re.search(r"capture \d+ of \S+ is simulated: there is no picture of it", text)
    assert "It holds vehicles, and must be gone by" in text  # the report
    assert "entries proven to be in the record" in text


def tells_the_copy(text: str, _city: City) -> None:
    assert "cloned" in text
    assert re.search(r"[1-9]\d* of \d+ gaps cannot have been driven", text)


def names_the_companion(text: str, city: City) -> None:
    assert city.plate_of(city.planted.convoys[0].follower) in text
    assert re.search(r"[1-9]\d* did not meet it by chance", text)


def holds_two_versions_side_by_side(text: str, _city: City) -> None:
    assert re.search(r"[1-9]\d+ reads alike, [1-9]\d* otherwise, [1-9]\d* gained, 0 lost", text)
    assert re.search(r"[1-9]\d* of \d+ counts are left out", text)


def traces_a_read_to_its_end(text: str, _city: City) -> None:
    for part in ("It is in the store.", "Landed with drop", "receipt_sha256", "no purge has it on its list"):
        assert part in text, part
    times = {int(n) for n in re.findall(r"Returned by (\d+) entr", text)}
    assert len(times) == 2, "asked again, there is one more"
    assert max(times) == min(times) + 1
    assert "there never was a read" in text


STORIES = {
    "02_canvass": leads_to_the_offender, "03_plate_history": tells_the_copy, "04_convoy": names_the_companion,
    "05_read_quality": holds_two_versions_side_by_side, "07_lineage": traces_a_read_to_its_end,
}  # fmt: skip
