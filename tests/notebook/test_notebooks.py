"""Notebooks run against a real console, from the first cell to the last."""

from __future__ import annotations

import subprocess
from pathlib import Path

import nbformat
import pytest
from nbmake.nb_run import NotebookRun

from alpr_assets.settings import ROOT
from tests.live import STOLEN, Live

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.mark.clause("422.6(a)")
@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_against_a_real_console_and_opens_no_database(
    live: Live, environment: Path, notebook: Path
) -> None:
    before = live.n_recorded()
    ran = NotebookRun(notebook, default_timeout=120).execute()
    assert ran.error is None, ran.error and ran.error.trace
    assert live.n_recorded() > before
    assert not (environment / "ours").exists()
    for cell in ran.nb.cells:
        for output in cell.get("outputs", []):
            assert output.get("name") != "stderr", output


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
