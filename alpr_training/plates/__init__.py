"""Plates drawn by code: what they say is known, and no vehicle carries them."""

from alpr_training.plates.drawing import DrawnPlate, draw_plate

__all__ = ["DrawnPlate", "draw_plate"]
