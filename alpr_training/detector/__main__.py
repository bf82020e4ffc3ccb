"""`python -m alpr_training.detector`: train, then export into the folder given by `--out`."""

import argparse
import hashlib
import json
from pathlib import Path

import numpy as np

from alpr_training.detector.export import export
from alpr_training.detector.scenes import SceneSampler
from alpr_training.detector.train import BATCH, Plan, Run, frames_of, train

SMOKE_FOLDER = Path(".cache/smoke/plate_detector")
RECORD = "training.json"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m alpr_training.detector", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60, help="of training in all, over every start")
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/road_frames"), help="labelled frames")
    parser.add_argument("--out", type=Path, default=Path("models/plate_detector"), help="where the ONNX files go")
    parser.add_argument(
        "--checkpoint", type=Path, default=Path(".cache/plate_detector.pt"), help="continued if it exists"
    )
    parser.add_argument("--start", type=Path, help="weights to begin with")
    parser.add_argument("--smoke", action="store_true", help=f"some seconds, into {SMOKE_FOLDER}")
    asked = parser.parse_args()
    plan, out = Plan(asked.data, asked.checkpoint, asked.minutes, asked.seed, asked.start), asked.out
    if asked.smoke:
        plan, out = Plan(asked.data, SMOKE_FOLDER / "last.pt", 0.1, asked.seed, asked.start, smoke=True), SMOKE_FOLDER
        plan.checkpoint.unlink(missing_ok=True)
    run = train(plan)
    rng = np.random.default_rng(plan.seed)
    export(run.average, out, SceneSampler(frames_of(plan, 60), rng, n_plates=60, n_clutter=60, n_vehicles=10))
    (out / RECORD).write_text(json.dumps(record(run), indent=2) + "\n")


def record(run: Run) -> dict[str, object]:
    """What went into the weights beside this code."""
    start = run.plan.start
    return {
        "data": run.plan.data.name,
        "split": "train",
        "seed": run.plan.seed,
        "steps": run.step,
        "pictures": run.step * BATCH,
        "minutes": round(run.elapsed_s / 60, 1),
        "started_from": start and {"name": start.name, "sha256": hashlib.sha256(start.read_bytes()).hexdigest()},
    }


if __name__ == "__main__":
    main()
