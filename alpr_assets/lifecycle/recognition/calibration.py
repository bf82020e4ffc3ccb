"""How far to trust a read: features of a reading → the probability that its plate is exactly right.

Here: applying a logistic map that was fitted elsewhere and lies beside the reader's weights as calibration.json:
    {"intercept": −1.2, "weights": {"probability": 0.8, …}, "fitted_on": "…"}
A feature that the file does not name has no weight; a name that is no feature is refused. Not here: fitting it
(alpr_training.calibration).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields

from alpr_assets.errors import RecognitionError

PROPORTIONS = (1.9, 4.3)  # width over height, of a state's plate a little from the side and of a long one
REMEDY = "fit the calibration again, or leave calibration.json out of models/manifest.json"


@dataclass(frozen=True, slots=True)
class Features:
    """What a reading's confidence is made of; `of` makes them, so that none runs away.

    probability : log-odds of the plate's probability as read, the mean over the looks
    look : the same of the look that believes it least
    character : log-odds of the least confident of its characters but one: a single doubtful one is in the plate's probability
    grammar : how much rather such a string is a plate, see `serials.evidence`
    short : characters that it has fewer than 5
    detection : log-odds of the detector's score
    height : logarithm of the plate's height in pixels over 20
    shape : how far width over height is from a state's plate or a long one, in logarithms
    whole : 0 where the box touches one or two edges of the picture, which may have cut it; else 1
    room : what is left of the crop before the first character or behind the last, the smaller: 0 where one may be missing
    state : the probability of the state that was read on it; 0 where none was
    """

    probability: float
    look: float
    character: float
    grammar: float
    short: float
    detection: float
    height: float
    shape: float
    whole: float
    room: float
    state: float

    @classmethod
    def of(
        cls,
        *,
        probability: float,
        looks: Sequence[float],
        characters: Sequence[float],
        grammar: float,
        state: float,
        score: float,
        size_px: tuple[float, float],
        n_edges: int,
        margins: tuple[float, float],
    ) -> Features:
        """The features of one reading.

        Parameters
        ----------
        probability : 0–1, of the best candidate
        looks : the best candidate's probability in each look
        characters : the confidence of each of its characters
        grammar : `serials.evidence` of it
        state : probability of the state read on it, 0 where none was
        score : the detector's, 0–1
        size_px : width and height of the box in pixels of the picture
        n_edges : how many edges of the picture the box touches
        margins : shares of the crop's width before the first character and behind the last
        """
        width, height = max(size_px[0], 1.0), max(size_px[1], 1.0)
        weakest = sorted(characters)
        return cls(
            probability=_log_odds(probability),
            look=_log_odds(min(looks)),
            character=_log_odds(weakest[min(1, len(weakest) - 1)]),
            grammar=grammar,
            short=float(max(5 - len(characters), 0)),
            detection=_log_odds(score),
            height=math.log(min(max(height, 5.0), 80.0) / 20),
            shape=min(1.0, *(abs(math.log(width / height / usual)) for usual in PROPORTIONS)),
            whole=float(n_edges not in {1, 2}),
            room=min(*margins, 0.3),
            state=state,
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
