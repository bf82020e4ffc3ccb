"""`alpr recognize`: the plates of any pictures, without a database; nothing is kept but annotated copies that were asked for."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from alpr_assets.cli.common import Existing, console
from alpr_assets.errors import ConfigurationError, RecognitionError
from alpr_assets.lifecycle.recognition.configured import recogniser_factory
from alpr_assets.lifecycle.recognition.pool import Outcome, executor, recognise_many
from alpr_assets.lifecycle.recognition.recogniser import PlateReading, Recognition
from alpr_assets.policy import policy
from alpr_assets.settings import settings

PICTURES = Existing(folder=None)
FOLDER = click.Path(file_okay=False, path_type=Path)
SUFFIXES = frozenset(
    (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".gif", ".webp", ".jp2", ".pgm", ".ppm", ".pnm")
)
ALONE = 16  # pictures up to which starting processes takes longer than they save


@dataclass(frozen=True, slots=True)
class Result:
    """One picture's answer, or `error` saying why there is none; `remarks` on what of it was not looked at."""

    path: Path
    found: Recognition | None
    error: RecognitionError | None
    remarks: tuple[str, ...] = ()


@click.command()
@click.argument("pictures", type=PICTURES, nargs=-1, required=True, metavar="PICTURE-OR-FOLDER…")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a picture, one a line.")
@click.option(
    "--annotate", "out", type=FOLDER, help="Write a copy of each picture with its plates outlined into this folder."
)
def recognize(pictures: tuple[Path, ...], as_json: bool, out: Path | None) -> None:
    """Read the plates of pictures, or of a folder's; needs no database and keeps nothing.

    What cannot be read is named in one line each, the rest goes on, and the status is 1.

    Example: alpr recognize street.jpg --json

    Example: alpr recognize ~/pictures --annotate ~/annotated
    """
    paths = list(_chosen(pictures))
    if out is not None:
        _check_out(paths, out)
        out.mkdir(parents=True, exist_ok=True)
    version_id = recogniser_factory().version.version_id
    table = Table("file", "plate", "confidence", "state", "box", "ms")
    unread: list[Result] = []
    for result in _results(paths, out, quiet=as_json):
        if result.found is None:
            unread.append(result)
        if as_json:
            click.echo(json.dumps(_as_json(result, version_id)))
            continue
        _add_rows(table, result)
        for said in (*result.remarks, *([result.error] if result.error else [])):
            console.print(f"{result.path}: {said}", style="red" if result.error else "yellow", soft_wrap=True)
    if not as_json:
        if table.row_count:
            console.print(table)
        if unread:
            console.print(f"{len(unread)} of {len(paths)} pictures could not be read", style="red")
        if out is not None:
            console.print(f"annotated copies of {len(paths) - len(unread)} pictures: {out}")
    sys.exit(1 if unread else 0)


def _chosen(given: Iterable[Path]) -> Iterator[Path]:
    """The pictures named, and those that lie in the folders named, by name; what else lies there is left out."""
    for path in given:
        if not path.is_dir():
            yield path
            continue
        inside = sorted(entry for entry in path.iterdir() if entry.is_file() and entry.suffix.lower() in SUFFIXES)
        if not inside:
            raise click.UsageError(f"{path} holds no pictures ({', '.join(sorted(SUFFIXES))})")
        yield from inside


def _check_out(paths: list[Path], out: Path) -> None:
    """Copies leave neither the store nor over anything: pictures of vehicles leave the store by permitted paths only."""
    kept = [settings().path(name).resolve() for name in ("data", "keys", "drops")]
    for path in (*paths, out):
        if any(path.resolve().is_relative_to(folder) for folder in kept):
            raise ConfigurationError(
                f"{path} lies in the store, whose pictures are not copied out",
                remedy="annotate pictures of your own, into a folder outside of it",
            )
    if any(path.resolve().parent == out.resolve() for path in paths):
        raise ConfigurationError(f"{out} holds the pictures themselves", remedy="name another folder for the copies")
    twice = sorted(name for name, n in Counter(_copy_name(path) for path in paths).items() if n > 1)
    if twice:
        raise ConfigurationError(
            f"{len(twice)} names of copies are those of two pictures, such as {twice[0]}", remedy="annotate them apart"
        )


def _copy_name(path: Path) -> str:
    return path.name if path.suffix.lower() in {".jpg", ".jpeg"} else f"{path.name}.jpg"


def _results(paths: list[Path], out: Path | None, *, quiet: bool) -> Iterator[Result]:
    """Results in the order of the pictures; annotated copies are written as they come."""
    workers = settings().workers if len(paths) > ALONE else 1
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
        console=console, transient=True, disable=quiet or not console.is_terminal,
    )  # fmt: skip
    early: dict[int, Result] = {}
    following = 0
    with bar, executor(workers, None, recogniser_factory()) as pool:
        task = bar.add_task("reading", total=len(paths))
        outcomes = recognise_many(pool, ((i, partial(path.read_bytes)) for i, path in enumerate(paths)))
        for outcome in outcomes:
            early[outcome.key] = _looked_over(paths[outcome.key], outcome, out)
            bar.advance(task)
            while following in early:
                yield early.pop(following)
                following += 1


def _looked_over(path: Path, outcome: Outcome[int], out: Path | None) -> Result:
    """The result with its remarks, its copy written if asked for. A copy that cannot be made is the picture's error."""
    from alpr_assets.lifecycle.recognition import annotating  # noqa: PLC0415 - with Pillow and fonts, only where used

    found = outcome.recognition
    if found is None:
        return Result(path, None, outcome.error)
    try:
        picture = path.read_bytes()
        remarks = annotating.remarks(picture)
        if out is not None:
            annotating.write_whole(out / _copy_name(path), annotating.annotated(picture, found))
    except RecognitionError as error:
        return Result(path, None, error)
    except OSError as error:
        return Result(path, None, RecognitionError(f"its copy could not be written: {error.strerror or error}"))
    return Result(path, found, None, remarks)


def _add_rows(table: Table, result: Result) -> None:
    if result.found is None:
        return
    ms = f"{result.found.ms:.0f}"
    if not result.found.plates:
        table.add_row(str(result.path), "–", "", "", "", ms)
    for plate in result.found.plates:
        box = plate.box
        table.add_row(
            str(result.path), plate.plate, f"{plate.confidence:.3f}{'' if _is_sure(plate) else ' unsure'}",
            (plate.region or "").upper(),
            f"{box.x},{box.y} {box.width}×{box.height}", ms,
        )  # fmt: skip


def _is_sure(plate: PlateReading) -> bool:
    """Whether a read is one by the policy's figure, and not only a lead."""
    return plate.confidence >= policy().recognition.sure_confidence


def _as_json(result: Result, version_id: str) -> dict[str, Any]:
    found = result.found
    if found is None:
        return {"file": str(result.path), "error": str(result.error)}
    return {
        "file": str(result.path),
        "ms": round(found.ms, 1),
        "width": found.width,
        "height": found.height,
        "version": version_id,
        "remarks": list(result.remarks),
        "plates": [
            {
                "plate": plate.plate,
                "raw": plate.raw,
                "confidence": round(plate.confidence, 4),
                "sure": _is_sure(plate),
                "characters": [[c.text, round(c.confidence, 4)] for c in plate.characters],
                "region": plate.region,
                "region_confidence": plate.region_confidence,
                "box": asdict(plate.box),
                "quad": [[round(x, 1), round(y, 1)] for x, y in plate.quad],
                "candidates": [[c.plate, round(c.confidence, 4)] for c in plate.candidates],
            }
            for plate in found.plates
        ],
    }
