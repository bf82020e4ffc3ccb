"""`python -m alpr_training.calibration`: fit the confidence of the recogniser in `--models` and write it beside the reader.

Draws plates, lets the whole recogniser read them, fits on half of the pictures and says how the other half came out. A run that
was stopped goes on where it was. The threshold it states belongs into the policy, as recognition.sure_confidence.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from alpr_assets.lifecycle.recognition.calibration import UNFITTED, Calibration
from alpr_training.calibration import fitting
from alpr_training.calibration.diagram import reliability_diagram
from alpr_training.calibration.fitting import Accepted, Kept
from alpr_training.calibration.observing import Observation, Plan, observe

PRECISION = 0.95  # on drawn pictures, where a quarter of all readings is wrong: far harder than what cameras send
N_CHUNKS, N_PICTURES = 24, 200
SMOKE_FOLDER = Path(".cache/smoke/plate_reader")


@dataclass(frozen=True, slots=True)
class Fit:
    """A calibration and how it does on what was held out; `before` is the reader's own probability there."""

    calibration: Calibration
    sure_confidence: float
    held_out: Kept
    before: Kept
    accepted: Accepted


def fitted(observations: Sequence[Observation]) -> Fit:
    """Fit on what is not held out; judge, and choose the threshold, on what is."""
    learned = [one for one in observations if not one.held_out]
    rest = [one for one in observations if one.held_out]
    calibration = fitting.fit(learned)
    threshold = fitting.threshold_for(calibration, rest, PRECISION)
    return Fit(
        calibration,
        threshold,
        fitting.kept(calibration, rest),
        fitting.kept(UNFITTED, rest),
        fitting.accepted(calibration, rest, threshold),
    )


def as_json(fit: Fit, observations: Sequence[Observation], seed: int) -> dict[str, object]:
    """calibration.json: what `alpr_assets.lifecycle.recognition.calibration` reads, and where it came from."""
    learned = fitting.readings([one for one in observations if not one.held_out])
    plates = [one for one in observations if one.kind == "whole"]
    unread = sum(one.features is None for one in plates)
    return {
        "intercept": round(fit.calibration.intercept, 6),
        "weights": {name: round(weight, 6) for name, weight in fit.calibration.weights.items()},
        "fitted_on": f"{len(learned)} readings of drawn plates, half plates and clutter in road_frames (train), seed {seed}",
        "drawn": {
            "plates": len(plates),
            "not_read": unread,
            "misread": sum(one.features is not None and not one.right for one in plates),
            "readings_of_no_whole_plate": sum(one.kind != "whole" for one in observations),
        },
        "sure_confidence": fit.sure_confidence,
        "precision_asked": PRECISION,
        "held_out": asdict(fit.held_out) | {"accepted": asdict(fit.accepted)},
        "held_out_before": {"log_loss": fit.before.log_loss, "brier": fit.before.brier},
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m alpr_training.calibration", description=__doc__)
    parser.add_argument("--pictures", type=int, default=N_CHUNKS * N_PICTURES)
    parser.add_argument("--seed", type=int, default=422)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/road_frames"), help="labelled frames")
    parser.add_argument(
        "--models", type=Path, default=Path("models"), help="pinned weights; the calibration goes there"
    )
    parser.add_argument("--cache", type=Path, default=Path(".cache/calibration"), help="what was observed is kept here")
    parser.add_argument("--smoke", action="store_true", help=f"some seconds, into {SMOKE_FOLDER}")
    asked = parser.parse_args()
    n_chunks, n_pictures = (2, 40) if asked.smoke else (N_CHUNKS, -(-asked.pictures // N_CHUNKS))
    plan = Plan(asked.data, asked.models, asked.cache, asked.seed, n_chunks, n_pictures, smoke=asked.smoke)
    out = SMOKE_FOLDER if asked.smoke else asked.models / "plate_reader"
    observations = observe(plan)
    fit = fitted(observations)
    out.mkdir(parents=True, exist_ok=True)
    written = as_json(fit, observations, asked.seed)
    (out / "calibration.json").write_text(json.dumps(written, indent=1) + "\n", "utf-8")
    reliability_diagram(fit.held_out, fit.sure_confidence, out / "reliability.png")
    report(fit, observations)


def report(fit: Fit, observations: Sequence[Observation]) -> None:
    """Print what was found, and what each feature is worth: the log loss without it."""
    n, right = fit.held_out.n, fit.held_out.n_right
    print(f"held out: {n} readings, {right} exactly right ({right / n:.1%})")
    print(f"log loss {fit.held_out.log_loss:.4f}, before {fit.before.log_loss:.4f}; Brier {fit.held_out.brier:.4f}")
    found = fit.accepted
    print(
        f"sure from {found.threshold:.2f}: {found.n_accepted} of {found.n} accepted, {found.n_wrong} wrong, "
        f"{found.n_wrong_o_is_0} of them when O and 0 are one"
    )
    learned = [one for one in observations if not one.held_out]
    rest = [one for one in observations if one.held_out]
    for name, weight in fit.calibration.weights.items():
        others = [other for other in fitting.NAMES if other != name]
        loss = fitting.kept(fitting.fit(learned, others), rest).log_loss
        print(f"  {name:12} {weight:+.3f}   log loss without it {loss - fit.held_out.log_loss:+.5f}")


if __name__ == "__main__":
    main()
