"""`python -m alpr_training.reader`: train the plate reader and write it to its model folder."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
import onnxruntime
import torch

from alpr_assets.lifecycle.recognition import weights
from alpr_training.reader import network, training
from alpr_training.reader.crops import batches


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m alpr_training.reader", description=__doc__)
    parser.add_argument("--minutes", type=float, default=95, help="of training on one core, over all runs")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=float, default=5e-4, help="learning rate at its highest")
    parser.add_argument("--batch", type=int, default=32, help="crops a step")
    parser.add_argument(
        "--start", type=Path, help="PP-OCRv6_rec_small.onnx; that of the rapidocr wheel where not given"
    )
    parser.add_argument("--checkpoint", type=Path, default=Path("data/training/reader.pt"))
    parser.add_argument("--out", type=Path, default=Path("models/plate_reader"), help="folder for inference.onnx")
    parser.add_argument(
        "--smoke", action="store_true", help="a few steps, to see that training, export and reading run"
    )
    given = parser.parse_args()
    start = given.start or weights.locate(weights.READER)
    if given.smoke:
        with tempfile.TemporaryDirectory() as folder:
            schedule = training.Schedule(minutes=0.3, seed=given.seed, batch=8)
            _train(start, schedule, Path(folder) / "reader.pt", Path(folder), n_drawn=64)
        return
    schedule = training.Schedule(minutes=given.minutes, seed=given.seed, rate=given.rate, batch=given.batch)
    _train(start, schedule, given.checkpoint, given.out, n_drawn=1024)


def _train(start: Path, schedule: training.Schedule, checkpoint: Path, out: Path, *, n_drawn: int) -> None:
    reader = training.train(network.pretrained(start), schedule, checkpoint)
    print(f"{training.drawn_accuracy(reader, n=n_drawn):.3f} of {n_drawn} drawn crops read exactly")
    out.mkdir(parents=True, exist_ok=True)
    network.export(reader, out / "inference.onnx")
    network.describe(out / "inference.yml")
    print(f"{out / 'inference.onnx'} differs from the trained net by at most {_difference(reader, out):.1e}")


def _difference(reader: network.TextReader, out: Path) -> float:
    """Largest difference in probability between the net and its export over one batch of drawn crops."""
    crops = training.as_input(next(batches(7, 16, training.SIZE)).crops)
    with torch.no_grad():
        ours = torch.softmax(reader.eval()(crops), -1).numpy()
    session = onnxruntime.InferenceSession(out / "inference.onnx", providers=["CPUExecutionProvider"])
    theirs = session.run(None, {"x": crops.contiguous().numpy()})[0]
    return float(np.abs(ours - theirs).max())


if __name__ == "__main__":
    main()
