"""The model folders that PaddleOCR loads, made from the weights inside the `rapidocr` wheel.

Here: finding the weights without importing rapidocr, checking their pinned SHA-256, laying out
`<cache>/<model>-<hash>/inference.onnx` beside `inference.yml`. Not here: running them.
Invariant: a folder under its final name is complete; two processes may lay it out at once.
"""

from __future__ import annotations

import hashlib
import importlib.util
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from alpr_assets.errors import RecognitionError

REINSTALL = "install the packages again from requirements.lock"


@dataclass(frozen=True, slots=True)
class Weights:
    """One ONNX file of the wheel: PaddleOCR's name for the model, the file, its pinned SHA-256, its processing."""

    model_name: str
    file_name: str
    sha256: str
    config: dict[str, Any]


# As PaddleOCR's own inference.yml, but with thresholds for recall: a plate is small, and ranking drops what is none.
# Both need DecodeImage, or the channels silently become RGB.
_DECODE: dict[str, Any] = {"DecodeImage": {"channel_first": False, "img_mode": "BGR"}}
DETECTOR = Weights(
    model_name="PP-OCRv6_small_det",
    file_name="PP-OCRv6_det_small.onnx",
    sha256="090f04abcd9d9a7498bc4ebf677e4cb9bdce1fe4197ddb7e529f1ef44e1ff94f",
    config={
        "PreProcess": {
            "transform_ops": [
                _DECODE,
                {"DetResizeForTest": {"resize_long": 960, "limit_type": "max"}},
                {
                    "NormalizeImage": {
                        "mean": [0.485, 0.456, 0.406],
                        "std": [0.229, 0.224, 0.225],
                        "scale": 1 / 255,
                        "order": "hwc",
                    }
                },
                {"ToCHWImage": None},
            ]
        },
        "PostProcess": {"name": "DBPostProcess", "thresh": 0.2, "box_thresh": 0.3, "unclip_ratio": 1.4},
    },
)
READER = Weights(
    model_name="PP-OCRv6_small_rec",
    file_name="PP-OCRv6_rec_small.onnx",
    sha256="6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884",
    config={
        "PreProcess": {"transform_ops": [_DECODE, {"RecResizeImg": {"image_shape": [3, 48, 320]}}]},
        # character_dict is added from the weights' own metadata when the folder is laid out
        "PostProcess": {"name": "CTCLabelDecode"},
    },
)


def locate(weights: Weights) -> Path:
    """Find the file inside the wheel. Raises RecognitionError where rapidocr is not installed or lacks it."""
    spec = importlib.util.find_spec("rapidocr")  # finds, does not import: the import costs seconds
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / "models" / weights.file_name
        if path.is_file():
            return path
    raise RecognitionError(f"{weights.file_name} is not in the installed rapidocr wheel", remedy=REINSTALL)


def verify(path: Path, sha256: str) -> None:
    """Compare a file with its pinned SHA-256; raises RecognitionError with both on a difference."""
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256:
        raise RecognitionError(f"{path.name}: SHA-256 {found} found, {sha256} expected", remedy=REINSTALL)


def characters(onnx: Path) -> list[str]:
    """The reader's alphabet from the ONNX metadata `character`, one a class; blank and space are not in it."""
    import onnxruntime  # noqa: PLC0415 - heavy

    session = onnxruntime.InferenceSession(onnx, providers=["CPUExecutionProvider"])
    text: str = session.get_modelmeta().custom_metadata_map["character"]
    return text.split("\n")


def model_folder(weights: Weights, cache: Path) -> Path:
    """Return the model's folder under `cache`, laying it out on the first call.

    Parameters
    ----------
    cache : made when missing; safe to share between processes, safe to delete between runs

    Raises
    ------
    RecognitionError : the weights are missing or not the pinned ones, or the cache cannot be written
    """
    return _folder(weights, cache, locate(weights))


def _folder(weights: Weights, cache: Path, source: Path) -> Path:
    described = yaml.safe_dump({"Global": {"model_name": weights.model_name}, **weights.config}, sort_keys=False)
    # The name covers weights and processing: an older layout is never mistaken for this one.
    identity = hashlib.sha256((weights.sha256 + described).encode()).hexdigest()[:12]
    final = cache / f"{weights.model_name}-{identity}"
    onnx = final / "inference.onnx"
    if not onnx.is_file():
        verify(source, weights.sha256)
        try:
            _lay_out(weights, source, final)
        except OSError as error:
            remedy = "name a model cache that this user may write"
            raise RecognitionError(f"the model cache cannot be written: {error.strerror}", remedy=remedy) from error
    verify(onnx, weights.sha256)  # the cache is writable by more than the wheel is
    return final


def _lay_out(weights: Weights, source: Path, final: Path) -> None:
    final.parent.mkdir(parents=True, exist_ok=True)
    making = Path(tempfile.mkdtemp(prefix=f".{final.name}-", dir=final.parent))
    try:
        # A copy, not a hard link: what befalls the cache must not befall the installed wheel.
        shutil.copyfile(source, making / "inference.onnx")
        (making / "inference.yml").write_text(yaml.safe_dump(_config(weights, source), allow_unicode=True), "utf-8")
        making.chmod(0o755)  # mkdtemp's 0700 would shut out another user's worker
        try:
            making.rename(final)  # atomic
        except OSError:
            if not (final / "inference.onnx").is_file():  # otherwise another process was first: same content
                raise
    finally:
        shutil.rmtree(making, ignore_errors=True)


def _config(weights: Weights, source: Path) -> dict[str, Any]:
    config = {"Global": {"model_name": weights.model_name}, **weights.config}
    if config["PostProcess"]["name"] == "CTCLabelDecode":
        config["PostProcess"] = {**config["PostProcess"], "character_dict": characters(source)}
    return config
