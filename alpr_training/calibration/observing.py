"""What the recogniser makes of drawn pictures: the features of each reading, and whether it was exactly right.

Here: matching readings with what was drawn, chunk by chunk, kept so that a fit that was stopped goes on. Not here: drawing,
fitting. A reading of something that nobody drew is left out: the scenes are real, and it may be a plate without a label.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np

from alpr_assets.lifecycle.recognition import calibration, plates
from alpr_assets.lifecycle.recognition.calibration import Features
from alpr_assets.lifecycle.recognition.plates import DETECTOR, READER, PlateRecogniser
from alpr_assets.lifecycle.recognition.recogniser import Box
from alpr_training.calibration.pictures import Drawn, Thing, draw_picture
from alpr_training.detector.frames import Frame, invented_frames, read_frames

ROOT = Path(__file__).parents[2]
MIN_IOU, MIN_INSIDE = 0.3, 0.5  # a reading is of a thing that it overlaps so, or that so much of it lies in


@dataclass(frozen=True, slots=True)
class Observation:
    """One reading, or a whole plate that was not read: then `features` is None.

    kind : of the thing that was read, see `pictures.Kind`
    right, right_o_is_0 : whether the thing is a whole plate that says just this; the same where O and 0 count as one
    width_px : of the thing
    held_out : not fitted on
    """

    kind: str
    features: dict[str, float] | None
    right: bool
    right_o_is_0: bool
    width_px: float
    held_out: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is drawn. Frames of one chunk are in no other, and every second chunk is held out."""

    data: Path
    models: Path
    cache: Path
    seed: int
    n_chunks: int
    n_pictures: int  # a chunk
    smoke: bool = False


class Recorder:
    """Stands in for a calibration and keeps the features that it is asked about."""

    def __init__(self) -> None:
        self.features: list[Features] = []

    def __call__(self, features: Features) -> float:
        self.features.append(features)
        return calibration.UNFITTED.confidence(features)


def observe(plan: Plan) -> list[Observation]:
    """All chunks' observations; those that are kept from before are not drawn again."""
    cv2.setNumThreads(1)
    folder = plan.cache / _identity(plan)
    folder.mkdir(parents=True, exist_ok=True)
    recorder = Recorder()
    recogniser = PlateRecogniser(plan.models, recorder)
    found: list[Observation] = []
    for chunk in range(plan.n_chunks):
        kept = folder / f"{chunk:03}.json"
        if not kept.exists():
            rows = [asdict(row) for row in _chunk(plan, chunk, recogniser, recorder)]
            aside = kept.with_suffix(".part")  # a run that is killed leaves whole chunks
            aside.write_text(json.dumps(rows), "utf-8")
            aside.replace(kept)
            print(f"chunk {chunk + 1} of {plan.n_chunks}: {len(rows)} observations", flush=True)
        found += [Observation(**row) for row in json.loads(kept.read_text("utf-8"))]
    return found


def _chunk(plan: Plan, chunk: int, recogniser: PlateRecogniser, recorder: Recorder) -> Iterator[Observation]:
    rng = np.random.default_rng((plan.seed, chunk))
    for drawn in (draw_picture(rng, frames) for frames in [_frames(plan, chunk)] for _ in range(plan.n_pictures)):
        recorder.features.clear()
        read = recogniser.recognise(drawn.jpeg).plates
        yield from matched(
            drawn, [(plate.box, plate.plate) for plate in read], recorder.features, held_out=chunk % 2 == 1
        )


def _frames(plan: Plan, chunk: int) -> list[Frame]:
    if plan.smoke and not plan.data.exists():
        return invented_frames(3, np.random.default_rng((plan.seed, chunk)))
    return read_frames(plan.data, "train", limit=3 if plan.smoke else None, step=slice(chunk, None, plan.n_chunks))


def matched(
    drawn: Drawn, read: list[tuple[Box, str]], features: list[Features], *, held_out: bool
) -> Iterator[Observation]:
    """An observation a reading of something drawn, and one a whole plate that was not read."""
    missed = [thing for thing in drawn.things if thing.kind == "whole"]
    for (box, plate), of_reading in zip(read, features, strict=True):
        thing = max(drawn.things, key=lambda one: _shared(box, one), default=None)
        if thing is None or not _is_of(box, thing):
            continue
        missed = [one for one in missed if one is not thing]
        is_plate = thing.kind == "whole"
        yield Observation(
            kind=thing.kind,
            features=asdict(of_reading),
            right=is_plate and plate == thing.plate,
            right_o_is_0=is_plate and plate.replace("O", "0") == thing.plate.replace("O", "0"),
            width_px=thing.box[2] - thing.box[0],
            held_out=held_out,
        )
    for thing in missed:
        width = thing.box[2] - thing.box[0]
        yield Observation("whole", None, right=False, right_o_is_0=False, width_px=width, held_out=held_out)


def _shared(box: Box, thing: Thing) -> float:
    left, top, right, bottom = thing.box
    across = min(box.x + box.width, right) - max(box.x, left)
    down = min(box.y + box.height, bottom) - max(box.y, top)
    return max(across, 0.0) * max(down, 0.0)


def _is_of(box: Box, thing: Thing) -> bool:
    shared, area = _shared(box, thing), box.width * box.height
    left, top, right, bottom = thing.box
    joint = area + (right - left) * (bottom - top) - shared
    return shared >= MIN_IOU * joint or shared >= MIN_INSIDE * area


def _identity(plan: Plan) -> str:
    """Of all that decides an observation: another recogniser's readings are no evidence for this one."""
    known = hashlib.sha256(f"{plan.seed} {plan.n_chunks} {plan.n_pictures} {plan.smoke}".encode())
    code = [*Path(plates.__file__).parent.glob("*.py"), *(ROOT / "alpr_training" / "plates").glob("*.py")]
    code += [
        ROOT / "alpr_training" / "detector" / name for name in ("clutter.py", "frames.py", "paste.py", "suspects.csv")
    ]
    code += [Path(__file__), Path(__file__).with_name("pictures.py")]
    labels = plan.data / "labels.csv"
    for path in (*sorted(code), plan.models / DETECTOR, plan.models / READER, *([labels] if labels.exists() else [])):
        known.update(path.read_bytes())
    return known.hexdigest()[:12]
