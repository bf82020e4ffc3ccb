"""`python -m alpr_training.manifest`: pin the weights in models/, after a training that is to be used.

Here: models/manifest.json, each weight file's SHA-256 and size. Whoever reads pictures compares them
(`alpr_assets.lifecycle.recognition`), so a file that was changed on the way is refused, not used.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

PINNED = ("*.onnx", "*.yml", "*.json")
LIMIT_BYTES = 25 * 2**20  # the weights travel in plain git


def manifest(models: Path) -> dict[str, dict[str, str | int]]:
    """Path below `models` → {"sha256", "bytes"} of everything that decides a read.

    Raises
    ------
    ValueError : the files together exceed 25 MiB
    """
    files = sorted(path for pattern in PINNED for path in models.glob(f"*/{pattern}"))
    listed: dict[str, dict[str, str | int]] = {}
    for path in files:
        data = path.read_bytes()
        listed[path.relative_to(models).as_posix()] = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    total = sum(int(entry["bytes"]) for entry in listed.values())
    if total > LIMIT_BYTES:
        raise ValueError(f"the weights are {total / 2**20:.1f} MiB together, at most 25 are kept in git")
    return listed


def main() -> None:
    models = Path("models")
    text = json.dumps(manifest(models), indent=2) + "\n"
    (models / "manifest.json").write_text(text, "utf-8")
    print(text, end="")


if __name__ == "__main__":
    main()
