"""Training: minutes of scenes made on the fly, one thread, and a checkpoint that continues where it stopped.

Here: the loop. Not here: what is learned from (`scenes`), what is minimised (`losses`), export.
"""

import copy
import math
import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch

from alpr_training.detector.frames import Frame, invented_frames, read_frames
from alpr_training.detector.grid import encode
from alpr_training.detector.losses import losses
from alpr_training.detector.network import PlateNet, start_from
from alpr_training.detector.scenes import CROP, SceneSampler

LEARNING_RATE, LAST_RATE, WEIGHT_DECAY = 1e-3, 2e-5, 0.02
WARM_STEPS, EMA_DECAY, BATCH = 100, 0.998, 16
PRINT_EVERY, SAVE_EVERY_S = 100, 120


@dataclass(frozen=True, slots=True)
class Plan:
    """What one run is asked to do.

    data : folder of labelled frames
    checkpoint : written every two minutes; continued from where it exists
    minutes : of training in all, over every start; the learning rate falls along them
    start : weights to begin with, by `network.start_from`
    smoke : a few steps on a few frames
    """

    data: Path
    checkpoint: Path
    minutes: float
    seed: int
    start: Path | None = None
    smoke: bool = False


def to_input(pixels: np.ndarray) -> torch.Tensor:
    """Greys (n, H, W) uint8 as the network takes them."""
    x = torch.from_numpy(pixels[:, None]).float().sub_(110).div_(60)
    return x.contiguous(memory_format=torch.channels_last)


class Run:
    """Network, average, optimiser, and how far they are."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.net = PlateNet().to(memory_format=torch.channels_last)
        if plan.start is not None:
            n = start_from(self.net, torch.load(plan.start, weights_only=True))
            print(f"started from {plan.start.name}: {n} tensors", flush=True)
        self.average = copy.deepcopy(self.net)
        self.optimiser = torch.optim.AdamW(self.net.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
        self.step, self.elapsed_s = 0, 0.0
        if plan.checkpoint.exists():
            self._load()

    def _load(self) -> None:
        state = torch.load(self.plan.checkpoint, weights_only=True)
        self.net.load_state_dict(state["net"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.elapsed_s = state["step"], state["elapsed_s"]
        print(f"continued at step {self.step}, {self.elapsed_s:.0f} s", flush=True)

    def save(self) -> None:
        """Written aside, then moved: a run that is killed leaves the last whole checkpoint."""
        state = {
            "net": self.net.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "step": self.step,
            "elapsed_s": self.elapsed_s,
        }
        aside = self.plan.checkpoint.with_suffix(".part")
        aside.parent.mkdir(parents=True, exist_ok=True)
        torch.save(state, aside)
        aside.replace(self.plan.checkpoint)

    @property
    def rate(self) -> float:
        """Cosine over the minutes, after a short warming."""
        done = min(1.0, self.elapsed_s / (self.plan.minutes * 60))
        return (
            LEARNING_RATE * min(1.0, (self.step + 1) / WARM_STEPS) * (0.5 + 0.5 * math.cos(math.pi * done)) + LAST_RATE
        )

    def learn(self, sampler: SceneSampler) -> np.ndarray:
        """One step; returns heat, box and corner loss."""
        scenes = [sampler.sample() for _ in range(BATCH)]
        targets = encode(
            [scene.boxes for scene in scenes],
            [scene.corners for scene in scenes],
            CROP,
            [scene.unsure for scene in scenes],
        )
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate
        with torch.autocast("cpu", dtype=torch.bfloat16):
            features = self.net.features(to_input(np.stack([scene.pixels for scene in scenes])))
        # In full precision: a step of bfloat16 in log w is 1.5% of a plate's width.
        found = losses(self.net.out(features.float()), targets)
        self.optimiser.zero_grad(set_to_none=True)
        found.total.backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 5.0)
        self.optimiser.step()
        self._average()
        self.step += 1
        return np.array([found.heat.item(), found.box.item(), found.corner.item()])

    @torch.no_grad()
    def _average(self) -> None:
        decay = min(EMA_DECAY, (self.step + 1) / (self.step + 20))
        for mean, value in zip(self.average.state_dict().values(), self.net.state_dict().values(), strict=True):
            if mean.dtype.is_floating_point:
                mean.lerp_(value, 1 - decay)
            else:
                mean.copy_(value)


def frames_of(plan: Plan, limit: int | None = None) -> list[Frame]:
    """What the plan learns from; a trial run makes do without the data."""
    if plan.smoke and not plan.data.exists():
        return invented_frames(4, np.random.default_rng(plan.seed))
    return read_frames(plan.data, "train", limit=12 if plan.smoke else limit)


def train(plan: Plan) -> Run:
    """Train as planned; the result is `Run.average`, in evaluation mode."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    torch.manual_seed(plan.seed)
    run = Run(plan)
    run.average.eval()
    if run.elapsed_s >= plan.minutes * 60:
        return run
    # A continued run must not repeat the scenes it has seen.
    rng = np.random.default_rng((plan.seed, run.step))
    frames = frames_of(plan)
    few = {"n_plates": 40, "n_clutter": 40, "n_vehicles": 5} if plan.smoke else {}
    sampler = SceneSampler(frames, rng, **few)
    print(f"{len(frames)} frames, {len(sampler.plates)} plates, {len(sampler.decoys)} decoys", flush=True)
    before_s, begun, saved = run.elapsed_s, time.monotonic(), time.monotonic()
    first, since = run.step, []
    while run.elapsed_s < plan.minutes * 60:
        since.append(run.learn(sampler))
        run.elapsed_s = before_s + time.monotonic() - begun
        if run.step % PRINT_EVERY == 0 or plan.smoke:
            n, seconds = run.step - first, run.elapsed_s - before_s
            heat, box, corner = np.mean(since, axis=0)
            line = f"step {run.step}  {run.elapsed_s:.0f} s  {n * BATCH / seconds:.1f} images/s"
            print(f"{line}  heat {heat:.3f}  box {box:.3f}  corner {corner:.4f}  rate {run.rate:.5f}", flush=True)
            since.clear()
        if time.monotonic() - saved > SAVE_EVERY_S:
            run.save()
            saved = time.monotonic()
    run.save()
    return run
