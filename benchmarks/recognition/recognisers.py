"""Baselines that ALPR_RECOGNISER does not name by itself, so that every recogniser measured has a name `module:attribute`."""

from __future__ import annotations

from pathlib import Path

from alpr_assets.lifecycle.recognition.paddle import PaddleFactory

OURS = "alpr_assets.lifecycle.recognition.plates:PlateFactory"
PADDLE_960 = "alpr_assets.lifecycle.recognition.paddle:PaddleFactory"
PADDLE_1280 = "benchmarks.recognition.recognisers:paddle_1280"


def paddle_1280(model_cache: Path) -> PaddleFactory:
    """PP-OCRv6 with the picture's longer side at 1280 pixels: slower, and finds more."""
    return PaddleFactory(model_cache, limit_side=1280)
