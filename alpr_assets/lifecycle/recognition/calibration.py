"""How far to trust a read: features of a reading → the probability that its plate is exactly right.

Here: applying a logistic map that was fitted elsewhere and lies beside the reader's weights as calibration.json:
    {"intercept": −1.2, "weights": {"probability": 0.8, …}, "fitted_on": "…"}
A feature that the file does not name has no weight; a name that is no feature is refused. Not here: fitting it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

from alpr_assets.errors import RecognitionError

REMEDY = "fit the calibration again, or leave calibration.json out of models/manifest.json"


@dataclass(frozen=True, slots=True)
class Features:
    """What a reading's confidence is made of; `of` makes them, so that all grow with trust and none runs away.

    probability : log-odds of the plate's probability as read
    character : log-odds of its least confident character
    lead : logarithm of the plate's probability over the next candidate's
    detection : log-odds of the detector's score
    height : logarithm of the plate's height in pixels over 20
    """

    probability: float
    character: float
    lead: float
    detection: float
    height: float

    @classmethod
    def of(
        cls, *, probability: float, next_probability: float, least_character: float, score: float, height_px: float
    ) -> Features:
        """The features of one reading; probabilities and the detector's score 0–1, height in pixels of the picture."""
        lead = math.log(max(probability, 1e-6)) - math.log(max(next_probability, 1e-6))
        return cls(
            probability=_log_odds(probability),
            character=_log_odds(least_character),
            lead=min(max(lead, -7.0), 7.0),
            detection=_log_odds(score),
            height=math.log(min(max(height_px, 5.0), 80.0) / 20),
        )


@dataclass(frozen=True, slots=True)
class Calibration:
    """A logistic map; with no weights at all it is the reader's own probability."""

    intercept: float
    weights: Mapping[str, float]

    def confidence(self, features: Features) -> float:
        """The probability 0–1 that the plate is exactly right."""
        values = asdict(features)
        total = self.intercept + sum(weight * values[name] for name, weight in self.weights.items())
        return 1 / (1 + math.exp(-min(max(total, -700.0), 700.0)))  # beyond, exp overflows


UNFITTED = Calibration(0.0, {"probability": 1.0})


def parse(content: bytes) -> Calibration:
    """Read calibration.json. Raises RecognitionError when it is not what the module describes."""
    try:
        given = json.loads(content)
        weights = {str(name): float(weight) for name, weight in given["weights"].items()}
        intercept = float(given["intercept"])
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise RecognitionError("calibration.json is not a calibration", remedy=REMEDY) from error
    unknown = sorted(set(weights) - {field.name for field in fields(Features)})
    if unknown:
        raise RecognitionError(f"calibration.json weighs {', '.join(unknown)}, which is no feature", remedy=REMEDY)
    if not all(math.isfinite(value) for value in (intercept, *weights.values())):
        raise RecognitionError("calibration.json holds a weight that is no number", remedy=REMEDY)
    return Calibration(intercept, weights)


def _log_odds(probability: float) -> float:
    """Log-odds, of at most 999 to 1 either way."""
    p = min(max(probability, 1e-3), 1 - 1e-3)
    return math.log(p / (1 - p))
