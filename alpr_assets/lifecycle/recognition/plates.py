"""The recogniser on our own nets: a plate detector, a plate reader, then which reading is believed.

Here: putting the steps together, choosing among boxes, the answer and its version. Not here: each step (`detecting`,
`rectifying`, `decoding`, `statewords`, `serials`, `calibration`), training. One thread; PaddleOCR is never imported.

The steps of one picture
(1) decode it whole, once, and find boxes in its gray
(2) read the boxes that the detector is sure of in one batch; the others only where none of these reads like a plate
(3) look again, a little wider, at what is unsure: two looks agree on the truth more often than on a slip
(4) keep what detector and reader together believe: lettering that looks like a plate does not read like one
(5) read the state's name where the plate is large enough, and let its serial grammar re-rank the candidates
(6) drop the words of shop fronts and vehicles, which do read like one, unless a state is surely named beside them
(7) turn the reading's features into a calibrated confidence
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from alpr_assets.errors import RecognitionError
from alpr_assets.lifecycle.recognition import calibration, decoding, nets, pictures, serials
from alpr_assets.lifecycle.recognition.detecting import Found, PlateDetector
from alpr_assets.lifecycle.recognition.provenance import digest, library_versions
from alpr_assets.lifecycle.recognition.recogniser import (
    Candidate,
    Character,
    PlateReading,
    Quad,
    RecogniserVersion,
    Recognition,
)
from alpr_assets.lifecycle.recognition.rectifying import Corners, Pixels, rectified, widened
from alpr_assets.lifecycle.recognition.regions import is_lettering
from alpr_assets.lifecycle.recognition.statewords import ENOUGH, MIN_WIDTH, StateReader
from alpr_assets.lifecycle.recognition.weights import READER as WORD_READER
from alpr_assets.settings import settings

DETECTOR, READER = "plate_detector/detector_int8.onnx", "plate_reader/inference.onnx"
CALIBRATION = "plate_reader/calibration.json"

LIKELY = 0.4  # of the detector: boxes read in the first batch …
MAX_LIKELY = 64  # … as many as a wide view of a car park holds
MAX_BOXES = 5  # read a picture in all where none of those reads like a plate
# Shares of width and height added on each side for the first look and the second.
LOOKS = ((0.0, 0.0), (0.025, 0.03))
UNSURE = 0.9  # probability as read, below which a plate is looked at again
N_CHARACTERS = range(4, 9)
ODD_LENGTH = 0.3  # what a reading of another length is worth beside one of these
# Least belief, detector's score × √ of the reader's probability, for a plate to be reported; or the detector alone, where
# the reading is more than noise: of usual length (a blank recess reads as 7 or 9), and not as good as any other string.
LEAST_BELIEF, LEAST_SCORE, LEAST_PROBABILITY = 0.1, 0.5, 1e-3
LONG = 2.6  # width / height from which a plate is none of a state's, which are twice as wide as high
AT_EDGE = 0.1  # of its height: how near the picture's edge a plate may have been cut
MAX_NAMED = 12  # plates of a picture whose state is read


@dataclass(frozen=True, slots=True)
class PlateFactory:
    """Makes a PlateRecogniser; picklable, for pools.

    model_cache : every factory is given one; these nets run from where they lie
    models : folder of the weights; None: ALPR_MODELS on the machine that reads
    """

    model_cache: Path | None = None
    models: Path | None = None

    @property
    def version(self) -> RecogniserVersion:
        """The version of what this makes; loads no net. Raises RecognitionError without a manifest."""
        return _version(self._folder)

    def __call__(self) -> PlateRecogniser:
        return PlateRecogniser(self._folder)

    @property
    def _folder(self) -> Path:
        return self.models or settings().path("models")


class PlateRecogniser:
    """Reads plates with our own nets. One thread; not shared between threads.

    Parameters
    ----------
    models : folder with manifest.json and the weights that it pins
    confidence : in place of the pinned calibration, for whoever fits one

    Raises
    ------
    RecognitionError : weights are missing or not the pinned ones
    """

    def __init__(self, models: Path, confidence: Callable[[calibration.Features], float] | None = None) -> None:
        self._detector = PlateDetector(nets.Net(nets.verified(models, DETECTOR)))
        self._reader = nets.Net(nets.verified(models, READER))
        self._states = StateReader()
        self._confidence = confidence or _calibrated(models)
        self.version = _version(models)
        height, width = self._reader.input_shape[2:]
        if not isinstance(height, int) or not isinstance(width, int):
            raise RecognitionError(f"{READER} does not say the size of its crops", remedy=nets.RESTORE)
        self._size = (width, height)

    def recognise(self, picture: bytes) -> Recognition:
        """Read the plates of one encoded picture. Raises RecognitionError; see `pictures.decode`."""
        began = time.perf_counter()
        decoded = pictures.decode(picture)
        found = self._detector.find(np.asarray(cv2.cvtColor(decoded.pixels, cv2.COLOR_BGR2GRAY), np.uint8))
        lines = self._read(decoded.pixels, found)
        self._name(decoded.pixels, lines)
        lines = [line for line in lines if (line.certainty or 0.0) >= ENOUGH or not is_lettering(line.raw)]
        plates = tuple(self._reading(line, rank, decoded) for rank, line in enumerate(lines))
        return Recognition(plates, decoded.width, decoded.height, (time.perf_counter() - began) * 1e3)

    def _read(self, pixels: Pixels, found: Sequence[Found]) -> list[_Line]:
        """What is believed to be plates, best first."""
        n_likely = max(sum(one.score >= LIKELY for one in found[:MAX_LIKELY]), min(len(found), 1))
        lines = self._looked_at(pixels, found[:n_likely])
        if not any(line.is_believed for line in lines):
            lines += self._looked_at(pixels, found[n_likely:MAX_BOXES])
        unsure = [line for line in lines if line.is_believed and line.candidates[0].confidence < UNSURE]
        for line, look in zip(unsure, self._look(pixels, [line.found.quad for line in unsure], LOOKS[1]), strict=True):
            line.add(look)
        return sorted((line for line in lines if line.is_believed), key=lambda line: -line.belief)

    def _looked_at(self, pixels: Pixels, found: Sequence[Found]) -> list[_Line]:
        looks = self._look(pixels, [one.quad for one in found], LOOKS[0])
        lines = [_Line(one) for one in found]
        for line, look in zip(lines, looks, strict=True):
            line.add(look)
        return lines

    def _look(
        self, pixels: Pixels, quads: Sequence[Corners], margin: tuple[float, float]
    ) -> list[decoding.Probabilities]:
        """(T, 37) of each quadrilateral, in one batch."""
        if not quads:
            return []
        crops = [rectified(pixels, widened(quad, *margin), self._size) for quad in quads]
        return list(self._reader(np.stack(crops).transpose(0, 3, 1, 2).astype(np.float32) / 127.5 - 1))

    def _name(self, pixels: Pixels, lines: Sequence[_Line]) -> None:
        """Read the states, and re-rank each plate's candidates by what is issued there."""
        large = [line for line in lines if line.found.width >= MIN_WIDTH and not line.is_long][:MAX_NAMED]
        answers = self._states.states(pixels, [line.found.quad for line in large])
        for line, answer in zip(large, answers, strict=True):
            line.region, line.certainty = answer or (None, None)
        for line in lines:
            line.candidates = serials.reranked(line.candidates, line.region, line.certainty, is_long=line.is_long)

    def _reading(self, line: _Line, rank: int, picture: pictures.Picture) -> PlateReading:
        best = line.candidates[0]
        characters = line.characters
        corners = _stored(picture, line.found.quad)
        return PlateReading(
            plate=best.plate,
            raw=line.raw,
            confidence=self._confidence(self._features(line, picture.pixels)),
            characters=characters,
            candidates=line.candidates,
            box=picture.box(corners),
            quad=corners,
            region=line.region,
            region_confidence=line.certainty,
            rank=rank,
        )

    def _features(self, line: _Line, pixels: Pixels) -> calibration.Features:
        best = line.candidates[0]
        found, (height, width) = line.found, pixels.shape[:2]
        left, top, right, bottom = found.box
        reach = AT_EDGE * found.height
        return calibration.Features.of(
            probability=best.confidence,
            looks=[math.exp(decoding.log_probability(look, best.plate)) for look in line.looks],
            characters=[character.confidence for character in line.characters],
            grammar=serials.evidence(best.plate, line.region, round(line.certainty or 0.0, 2), is_long=line.is_long),
            state=line.certainty or 0.0,
            score=found.score,
            size_px=(found.width, found.height),
            n_edges=sum((left < reach, top < reach, right > width - reach, bottom > height - reach)),
            margins=decoding.margins(line.looks[0]),
        )


@dataclass(slots=True)
class _Line:
    """One box while it is being read.

    looks : (T, 37) each
    raw : what the reader alone reads; the grammar only re-ranks `candidates`
    """

    found: Found
    looks: list[decoding.Probabilities] = field(default_factory=list)
    candidates: tuple[Candidate, ...] = ()
    raw: str = ""
    region: str | None = None
    certainty: float | None = None

    def add(self, look: decoding.Probabilities) -> None:
        self.looks.append(look)
        self.candidates = decoding.agreed(self.looks)
        self.raw = self.candidates[0].plate if self.candidates else ""

    @property
    def belief(self) -> float:
        """0–1: how far detector and reader together hold this for a plate."""
        if not self.candidates:
            return 0.0
        best = self.candidates[0]
        usual = 1.0 if len(best.plate) in N_CHARACTERS else ODD_LENGTH
        return self.found.score * math.sqrt(best.confidence) * usual

    @property
    def is_believed(self) -> bool:
        legible = any(len(c.plate) in N_CHARACTERS and c.confidence >= LEAST_PROBABILITY for c in self.candidates[:1])
        return self.belief >= LEAST_BELIEF or (legible and self.found.score >= LEAST_SCORE)

    @property
    def is_long(self) -> bool:
        return self.found.width > LONG * self.found.height

    @property
    def characters(self) -> tuple[Character, ...]:
        """The best candidate's, each with its mean confidence over the looks."""
        spellings = [decoding.spelled(look, self.candidates[0].plate) for look in self.looks]
        return tuple(
            Character(same[0].text, sum(c.confidence for c in same) / len(same))
            for same in zip(*spellings, strict=True)
        )


def _calibrated(models: Path) -> Callable[[calibration.Features], float]:
    """The pinned calibration's confidence; without one, the reader's own probability."""
    if CALIBRATION not in nets.pinned(models):
        return calibration.UNFITTED.confidence
    return calibration.parse(nets.verified(models, CALIBRATION)).confidence


def _stored(picture: pictures.Picture, quad: Corners) -> Quad:
    """Corners of the upright picture as those of the picture as stored."""
    a, b, c, d = (picture.stored((float(x), float(y))) for x, y in quad)
    return a, b, c, d


def _version(models: Path) -> RecogniserVersion:
    pins = nets.pinned(models)
    return RecogniserVersion(
        detector="plate_detector",
        reader="plate_reader",
        details={
            "weights": {name: pins.get(name) for name in (DETECTOR, READER, CALIBRATION)},
            "words": WORD_READER.sha256,
            "code": digest(
                "plates", "pictures", "nets", "detecting", "rectifying", "decoding", "statewords", "spotting", "regions",
                "serials", "calibration",
            ),
            "libraries": library_versions("onnxruntime", "opencv-contrib-python", "numpy", "pillow"),
        },
    )  # fmt: skip
