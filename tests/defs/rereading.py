"""A newer recogniser under a name that ALPR_RECOGNISER can give: it reads one plate otherwise, one more, one not at all."""

from __future__ import annotations

from pathlib import Path

from tests.patrols import Relabelled

CORRECTED = "7ABC124"
GAINED = "4GAIN56"


def newer(model_cache: Path) -> Relabelled:
    return Relabelled({"7ABC123": [CORRECTED], "8KLM456": ["8KLM456", GAINED], "6TRJ244": []})
