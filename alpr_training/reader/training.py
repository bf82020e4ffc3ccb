"""Training the reader: drawn crops in, weights and a checkpoint out.

Here: the loop. It stops after so many minutes of its own time and continues from its checkpoint when it was ended.
Not here: the network, the crops, export.
"""

from __future__ import annotations

import copy
import math
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from alpr_training.reader import network as net
from alpr_training.reader.crops import Batch, Drawing, batches

SIZE = (net.WIDTH, net.HEIGHT)
_SAVE_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how fast.

    minutes : of training, over all runs from one checkpoint; the learning rate falls to nothing over them
    batch : crops a step
    rate : learning rate of the pretrained layers; the head's is half as high again
    seed : of everything drawn by lot
    drawers : processes that draw crops
    """

    minutes: float
    batch: int = 32
    rate: float = 5e-4
    seed: int = 1
    drawers: int = 1


def as_input(crops: np.ndarray[Any, np.dtype[np.uint8]]) -> Tensor:
    """(n, H, W, 3) uint8 → (n, 3, H, W) in −1…1, laid out for the processor's matrix units."""
    x = torch.from_numpy(crops).permute(0, 3, 1, 2).float().div_(127.5).sub_(1.0)
    return x.contiguous(memory_format=torch.channels_last)


def train(start: net.TextReader, schedule: Schedule, checkpoint: Path) -> net.TextReader:
    """Train from `start`, or on from `checkpoint` where that is a file; returns the averaged network."""
    torch.set_num_threads(1)
    torch.manual_seed(schedule.seed)
    network = start.to(memory_format=torch.channels_last)
    average = copy.deepcopy(network)
    optimiser = torch.optim.AdamW(_groups(network, schedule.rate), weight_decay=0.01)
    step, spent = _resumed(checkpoint, network, average, optimiser)
    # Another checkpoint draws other plates: the stream itself is not resumed.
    seeds = [schedule.seed * 1000 + 100 * step + i for i in range(schedule.drawers)]
    began = saved = time.monotonic()
    losses: list[float] = []
    with Drawing(seeds, schedule.batch, SIZE) as drawing:
        while True:
            elapsed = spent + time.monotonic() - began
            share = elapsed / (60 * schedule.minutes)
            if share >= 1:
                break
            _set_rate(optimiser, share, step)
            losses.append(_step(network, optimiser, drawing.next()))
            step += 1
            _average(average, network, min(0.9985, step / (step + 20)))
            if step % 100 == 0:
                n = step * schedule.batch
                print(f"{step} {elapsed:.0f}s loss {np.mean(losses[-100:]):.4f} crops {n}", flush=True)
            if time.monotonic() - saved > _SAVE_SECONDS:
                _save(checkpoint, network, average, optimiser, step=step, seconds=elapsed, schedule=schedule)
                saved = time.monotonic()
    _save(checkpoint, network, average, optimiser, step=step, seconds=elapsed, schedule=schedule)
    return average


def read(network: net.TextReader, crops: np.ndarray[Any, np.dtype[np.uint8]]) -> list[str]:
    """The most probable string of each crop, step by step."""
    network.eval()
    found = []
    for begin in range(0, len(crops), 64):
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            best = network(as_input(crops[begin : begin + 64])).argmax(-1).numpy()
        for row in best:
            kept = [c for c, before in zip(row, [0, *row[:-1]], strict=True) if c not in (0, before)]
            found.append("".join(net.CHARACTERS[c - 1] for c in kept))
    return found


def drawn_accuracy(network: net.TextReader, *, n: int = 1024, seed: int = 999_983) -> float:
    """Share of `n` drawn crops read exactly; their seed is none of the training's."""
    made = batches(seed, 64, SIZE)
    right = 0
    for _ in range(n // 64):
        batch = next(made)
        right += sum(one == other for one, other in zip(read(network, batch.crops), batch.plates, strict=True))
    return right / (n // 64 * 64)


def _groups(network: net.TextReader, rate: float) -> list[dict[str, Any]]:
    head = list(network.head.parameters())
    others = [p for name, p in network.named_parameters() if not name.startswith("head.")]
    return [{"params": others, "lr": rate, "rate": rate}, {"params": head, "lr": rate, "rate": 1.5 * rate}]


def _set_rate(optimiser: torch.optim.Optimizer, share: float, step: int) -> None:
    """Warm up over 60 steps, then half a cosine."""
    factor = min(1.0, (step + 1) / 60) * (0.5 + 0.5 * math.cos(math.pi * share))
    for group in optimiser.param_groups:
        group["lr"] = group["rate"] * factor + 1e-6


def _step(network: net.TextReader, optimiser: torch.optim.Optimizer, batch: Batch) -> float:
    network.train()
    targets = torch.tensor([net.CHARACTERS.index(c) + 1 for plate in batch.plates for c in plate])
    lengths = torch.tensor([len(plate) for plate in batch.plates])
    with torch.autocast("cpu", torch.bfloat16):
        logits = network(as_input(batch.crops))
    logs = logits.float().log_softmax(-1).transpose(0, 1)
    steps = torch.full((len(batch.plates),), logs.shape[0])
    # A plate with more characters and doubles than there are steps cannot be spelled; it counts nothing.
    loss = functional.ctc_loss(logs, targets, steps, lengths, zero_infinity=True)
    optimiser.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(network.parameters(), 3.0)
    optimiser.step()
    return loss.item()


def _average(average: net.TextReader, network: net.TextReader, keep: float) -> None:
    with torch.no_grad():
        for held, now in zip(average.parameters(), network.parameters(), strict=True):
            held.lerp_(now, 1 - keep)


def _resumed(
    checkpoint: Path, network: net.TextReader, average: net.TextReader, optimiser: torch.optim.Optimizer
) -> tuple[int, float]:
    """Steps and seconds done so far."""
    if not checkpoint.is_file():
        return 0, 0.0
    state = torch.load(checkpoint, weights_only=True)
    network.load_state_dict(state["network"])
    average.load_state_dict(state["average"])
    optimiser.load_state_dict(state["optimiser"])
    return int(state["step"]), float(state["seconds"])


def _save(
    checkpoint: Path,
    network: net.TextReader,
    average: net.TextReader,
    optimiser: torch.optim.Optimizer,
    *,
    step: int,
    seconds: float,
    schedule: Schedule,
) -> None:
    checkpoint.parent.mkdir(parents=True, exist_ok=True)
    state = {
        "network": network.state_dict(), "average": average.state_dict(), "optimiser": optimiser.state_dict(),
        "step": step, "seconds": seconds, "schedule": asdict(schedule),
    }  # fmt: skip
    draft = checkpoint.with_suffix(".tmp")
    torch.save(state, draft)
    draft.replace(checkpoint)
