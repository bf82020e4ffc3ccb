"""Training learns, stops when its time is up, and goes on from its checkpoint."""

import itertools

import torch

from alpr_assets.lifecycle.recognition import weights
from alpr_training.reader import network, training
from alpr_training.reader.crops import batches


def test_the_same_seed_draws_the_same_crops():
    one, again = (list(itertools.islice(batches(3, 8, training.SIZE), 2)) for _ in range(2))
    assert [batch.plates for batch in one] == [batch.plates for batch in again]
    assert all((a.crops == b.crops).all() for a, b in zip(one, again, strict=True))


def test_training_learns_and_continues_from_its_checkpoint(tmp_path):
    start = network.pretrained(weights.locate(weights.READER))
    checkpoint = tmp_path / "reader.pt"
    training.train(start, training.Schedule(minutes=0.2, batch=8), checkpoint)
    first = torch.load(checkpoint, weights_only=True)
    assert first["step"] > 0
    assert first["seconds"] >= 12
    training.train(
        network.pretrained(weights.locate(weights.READER)), training.Schedule(minutes=0.4, batch=8), checkpoint
    )
    second = torch.load(checkpoint, weights_only=True)
    assert second["step"] > first["step"]
    assert second["seconds"] >= 24
    moved = (second["network"]["head.weight"] - first["network"]["head.weight"]).abs().max()
    assert moved > 0
