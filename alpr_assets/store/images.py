"""Capture images at rest. The only module that opens them; people reach it through the gate, assets only to recognise."""

from __future__ import annotations

from datetime import date

from alpr_assets.store.sealed import SealedFolder


class ImageStore(SealedFolder):
    """Images as captured, byte for byte, under the UTC day of their capture."""

    def picture(self, day: date, sha256: str) -> bytes:
        """The image's bytes as captured (JPEG or PNG). Raises VerificationError when altered, missing or its day destroyed."""
        return self.open(day, sha256)
