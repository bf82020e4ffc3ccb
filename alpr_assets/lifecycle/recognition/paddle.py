"""The recogniser on PaddleOCR: text detection, text reading, then which text is a plate.

Here: running the two models offline on one thread, and putting the answer together.
Not here: laying out weights, decoding, ranking. PaddleOCR is imported on construction: it takes 3–7 s.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from alpr_assets.errors import RecognitionError
from alpr_assets.lifecycle.recognition import decoding, pictures, ranking
from alpr_assets.lifecycle.recognition.provenance import digest, library_versions
from alpr_assets.lifecycle.recognition.recogniser import PlateReading, RecogniserVersion, Recognition
from alpr_assets.lifecycle.recognition.weights import DETECTOR, READER, Weights, model_folder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from alpr_assets.lifecycle.recognition.recogniser import Candidate, Quad

Pixels = np.ndarray[Any, np.dtype[np.uint8]]

MAX_CROPS = 16  # read a picture, 20–30 ms each: a lorry full of lettering must not hold up the others
ONE_THREAD = {"intra_op_num_threads": 1}  # two gave nothing: processes are what scales


@dataclass(frozen=True, slots=True)
class PaddleFactory:
    """Makes a PaddleRecogniser; picklable, for pools. `model_cache` must be writable on the worker's machine."""

    model_cache: Path
    limit_side: int = 960

    @property
    def version(self) -> RecogniserVersion:
        """The version of what this makes; loads no model."""
        return _version(self.limit_side)

    def __call__(self) -> PaddleRecogniser:
        return PaddleRecogniser(self.model_cache, self.limit_side)


class PaddleRecogniser:
    """Reads plates with PP-OCRv6-small. One thread; not shared between threads.

    Parameters
    ----------
    model_cache : folder for the model folders (32 MB) and PaddleOCR's own cache; made when missing
    limit_side : longer side in pixels to which a larger picture is shrunk for detection; reading uses all pixels

    Raises
    ------
    RecognitionError : the weights are missing or altered, or PaddleOCR does not start
    """

    def __init__(self, model_cache: Path, limit_side: int = 960) -> None:
        if limit_side < 32:
            raise RecognitionError(f"limit_side is {limit_side}, at least 32 pixels are needed")
        self._limit_side = limit_side
        self._detector = _predictor("TextDetection", DETECTOR, model_cache)
        self._reader = _predictor("TextRecognition", READER, model_cache)
        # PaddleOCR keeps only the best text; the steps' probabilities are its post-processor's input.
        inner = self._reader.paddlex_predictor
        self._classes: list[str] = list(inner.post_op.character)
        inner.post_op = _probabilities
        self.version = _version(limit_side)

    def recognise(self, picture: bytes) -> Recognition:
        """Read the plates of one encoded picture. Raises RecognitionError; see `pictures.decode`."""
        began = time.perf_counter()
        decoded = pictures.decode(picture)
        found = ranking.worth_reading(self._detect(decoded.pixels), MAX_CROPS)
        lines = [self._read(decoded.pixels, quad) for quad in found]
        halves = ranking.worth_reading(ranking.joinable([line.text for line in lines]), MAX_CROPS)
        lines += [self._read(decoded.pixels, quad) for quad in halves]
        texts = [line.text for line in lines]
        best = ranking.ranked(texts)
        by_text = {id(line.text): line for line in lines}
        plates = tuple(_reading(by_text[id(text)], rank, texts, decoded) for rank, text in enumerate(best))
        return Recognition(plates, decoded.width, decoded.height, (time.perf_counter() - began) * 1e3)

    def _detect(self, pixels: Pixels) -> list[Quad]:
        """Corners of each text line, clockwise from the upper left."""
        found = self._detector.predict(pixels, limit_side_len=self._limit_side, limit_type="max")[0]
        return [_quad(polygon) for polygon in found["dt_polys"]]

    def _read(self, pixels: Pixels, quad: Quad) -> _Line:
        crop = _rectified(pixels, quad)
        probabilities = self._reader.predict(crop)[0]["rec_text"]
        raw, sharpness = decoding.text_of(probabilities, self._classes)
        masked = decoding.mask(probabilities, self._classes)
        candidates = decoding.beam(masked)
        plate, confidence = (candidates[0].plate, candidates[0].confidence) if candidates else ("", 0.0)
        contrast = float(cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY).std())
        return _Line(ranking.Text(quad, raw, sharpness, plate, confidence, contrast), masked, candidates)


def _version(limit_side: int) -> RecogniserVersion:
    return RecogniserVersion(
        detector=DETECTOR.model_name,
        reader=READER.model_name,
        details={
            "weights": {w.model_name: {"sha256": w.sha256, **w.config} for w in (DETECTOR, READER)},
            "limit_side": limit_side,
            "code": digest("paddle", "pictures", "decoding", "ranking", "regions"),
            "libraries": library_versions(
                "paddleocr", "paddlex", "onnxruntime", "opencv-contrib-python", "numpy", "pillow"
            ),
        },
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Line:
    """One text box with what its reading needs later: (T, 37) probabilities and the beam's strings."""

    text: ranking.Text
    masked: decoding.Probabilities
    candidates: tuple[Candidate, ...]


def _reading(line: _Line, rank: int, texts: Sequence[ranking.Text], picture: pictures.Picture) -> PlateReading:
    text = line.text
    region, region_confidence = ranking.region_beside(text.quad, texts) or (None, None)
    a, b, c, d = (picture.stored(point) for point in text.quad)
    return PlateReading(
        plate=text.plate,
        raw=text.raw,
        confidence=text.confidence,
        characters=decoding.spelled(line.masked, text.plate),
        candidates=line.candidates,
        box=picture.box((a, b, c, d)),
        quad=(a, b, c, d),
        region=region,
        region_confidence=region_confidence,
        rank=rank,
    )


def _predictor(kind: str, weights: Weights, model_cache: Path) -> Any:
    folder = model_folder(weights, model_cache)
    # paddlex, and matplotlib that it imports, read these when imported: no look at a model hub, nothing written at home.
    os.environ.setdefault("PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK", "True")
    os.environ.setdefault("PADDLE_PDX_CACHE_HOME", str(model_cache.absolute() / "paddlex"))
    os.environ.setdefault("MPLCONFIGDIR", str(model_cache.absolute() / "matplotlib"))
    try:
        import paddleocr  # noqa: PLC0415 - heavy

        return getattr(paddleocr, kind)(
            model_name=weights.model_name,
            model_dir=str(folder),
            engine="onnxruntime",
            device="cpu",
            engine_config=ONE_THREAD,
        )
    except Exception as error:  # whatever a third party raises, a person needs the same remedy
        remedy = "install the packages from requirements.lock"
        raise RecognitionError(f"PaddleOCR did not start: {type(error).__name__}: {error}", remedy=remedy) from error


def _probabilities(outputs: Sequence[Any], **_: Any) -> tuple[list[Any], list[float]]:
    """Stands in for PaddleOCR's CTCLabelDecode: hands (T, C) through as each crop's `rec_text`."""
    steps = list(np.asarray(outputs[0]))
    return steps, [0.0] * len(steps)


def _quad(polygon: Any) -> Quad:
    a, b, c, d = ((float(x), float(y)) for x, y in polygon)
    return a, b, c, d


def _rectified(pixels: Pixels, quad: Quad) -> Pixels:
    """Cut out a quadrilateral as an upright rectangle of its own size."""
    width, height = (max(round(side), 2) for side in ranking.sides(quad))
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(np.array(quad, np.float32), corners)
    crop = cv2.warpPerspective(pixels, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(crop, np.uint8)
