"""Our own nets: files in models/, each verified against the pinned manifest before it is run.

Here: the models folder, models/manifest.json (file → SHA-256, bytes), sessions on one thread. The bytes that were
verified are the bytes that are run. Not here: what goes into a net and what its output means; how the nets were trained.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alpr_assets.errors import RecognitionError

Floats = NDArray[np.float32]

RESTORE = "restore models/ from the repository (git checkout models), or let ALPR_MODELS name a folder that is whole"


def pinned(models: Path) -> dict[str, str]:
    """The manifest: path below `models` → SHA-256 in hexadecimal digits. Raises RecognitionError when there is none."""
    path = models / "manifest.json"
    try:
        listed = json.loads(path.read_text("utf-8"))
        return {str(name): str(entry["sha256"]) for name, entry in listed.items()}
    except OSError as error:
        raise RecognitionError(f"{path}: {error.strerror}", remedy=RESTORE) from error
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise RecognitionError(f"{path} is not a manifest of weights", remedy=RESTORE) from error


def verified(models: Path, name: str) -> bytes:
    """The content of one pinned file.

    Raises
    ------
    RecognitionError : the file or its pin is missing, or the content is not the pinned one
    """
    pins = pinned(models)
    if name not in pins:
        raise RecognitionError(f"{models / 'manifest.json'} does not pin {name}", remedy=RESTORE)
    try:
        content = (models / name).read_bytes()
    except OSError as error:
        raise RecognitionError(f"{models / name}: {error.strerror}", remedy=RESTORE) from error
    found = hashlib.sha256(content).hexdigest()
    if found != pins[name]:
        raise RecognitionError(f"{models / name}: SHA-256 {found} found, {pins[name]} expected", remedy=RESTORE)
    return content


class Net:
    """One ONNX graph with one input and one output, on one thread: processes are what scales."""

    def __init__(self, onnx: bytes) -> None:
        import onnxruntime  # noqa: PLC0415 - heavy: only where pictures are read

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._session: Any = onnxruntime.InferenceSession(onnx, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's exceptions have no common base
            raise RecognitionError(f"onnxruntime cannot load a net: {type(error).__name__}", remedy=RESTORE) from error
        (only,) = self._session.get_inputs()
        self._name = only.name
        self.input_shape: list[int | str | None] = list(only.shape)

    @property
    def metadata(self) -> dict[str, str]:
        """What the file says of itself."""
        found: dict[str, str] = self._session.get_modelmeta().custom_metadata_map
        return found

    def __call__(self, x: Floats) -> Floats:
        """Run the net on one array."""
        return np.asarray(self._session.run(None, {self._name: x})[0], np.float32)
