"""`alpr recognize`: the plates of any pictures, without a database; nothing is kept."""

from __future__ import annotations

import json
import sys
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from alpr_assets.cli.common import Existing, console
from alpr_assets.errors import RecognitionError
from alpr_assets.lifecycle.recognition.configured import recogniser_factory


@click.command()
@click.argument("images", type=Existing(folder=False), nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a picture, one a line.")
def recognize(images: tuple[Path, ...], as_json: bool) -> None:
    """Read the plates of pictures; needs no database and keeps nothing.

    Example: alpr recognize street.jpg --json
    """
    with console.status("loading the recogniser …") if not as_json else nullcontext():
        factory = recogniser_factory()
        recogniser = factory()
    table = Table("file", "plate", "confidence", "state", "box", "ms")
    failed = False
    for path in images:
        try:
            found = recogniser.recognise(path.read_bytes())
        except RecognitionError as error:
            failed = True
            if as_json:
                click.echo(json.dumps({"file": str(path), "error": str(error)}))
            else:
                table.add_row(str(path), f"[red]{error}[/]")
            continue
        if as_json:
            click.echo(json.dumps(_as_json(path, found, factory.version.version_id)))
            continue
        for plate in found.plates or (None,):
            if plate is None:
                table.add_row(str(path), "–", "", "", "", f"{found.ms:.0f}")
            else:
                box = plate.box
                table.add_row(
                    str(path), plate.plate, f"{plate.confidence:.3f}", (plate.region or "").upper(),
                    f"{box.x},{box.y} {box.width}×{box.height}", f"{found.ms:.0f}",
                )  # fmt: skip
    if not as_json:
        console.print(table)
    sys.exit(1 if failed else 0)


def _as_json(path: Path, found: Any, version_id: str) -> dict[str, Any]:
    return {
        "file": str(path),
        "ms": round(found.ms, 1),
        "width": found.width,
        "height": found.height,
        "version": version_id,
        "plates": [
            {
                "plate": plate.plate,
                "raw": plate.raw,
                "confidence": round(plate.confidence, 4),
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
