"""`python -m alpr_training.reader`: train the plate reader and write it to a model folder."""

from __future__ import annotations

import argparse
from pathlib import Path

from alpr_training.reader import network, training


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m alpr_training.reader", description=__doc__)
    parser.add_argument("--minutes", type=float, default=100, help="of training on one core, over all runs")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=float, default=5e-4)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--start", type=Path, required=True, help="PP-OCRv6_rec_small.onnx, of the rapidocr wheel")
    parser.add_argument("--checkpoint", type=Path, default=Path("data/training/reader.pt"))
    parser.add_argument("--out", type=Path, help="model folder for inference.onnx")
    given = parser.parse_args()
    schedule = training.Schedule(minutes=given.minutes, seed=given.seed, rate=given.rate, batch=given.batch)
    network_ = training.train(network.pretrained(given.start), schedule, given.checkpoint)
    print(f"read of drawn crops exactly: {training.drawn_accuracy(network_):.3f}")
    if given.out:
        given.out.mkdir(parents=True, exist_ok=True)
        network.export(network_, given.out / "inference.onnx")


if __name__ == "__main__":
    main()
