"""Releases through the data API: putting another agency's request on file, and the file as one sees it (422.7). No rule is here."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from alpr_assets.client import receipts
from alpr_assets.client.connection import Connection, Served, Why


class Releases(Connection):
    """A connection through which requests are entered."""

    def enter_release(self, why: Why, letter: Path, *, scope: dict[str, Any], **said: Any) -> Served[dict[str, Any]]:
        """Put a written request on file: release_id, is_routed, due_at.

        Parameters
        ----------
        letter : the request itself, PDF, PNG or JPEG
        scope : pattern, area, device_id, since, until, with_pictures, with_hits
        said : agency_id, person, person_title, asked_for, statute, agreement_id, came_by, came_at

        Raises
        ------
        AccessRefusedError, NotFoundError, IllegalMoveError, MalformedError : the console's
        """
        content = {"file_name": letter.name, "content": base64.b64encode(letter.read_bytes()).decode()}
        asked = {**said, "scope": scope, "letter": content}
        served = self._recorded("/api/releases/enter", why, asked, accept="application/json")
        return Served(served.value.json(), served.receipt)

    def releases(self, *, text: str = "", status: str = "") -> Served[list[dict[str, Any]]]:
        """Releases that one sees, open ones first."""
        response = self._answered(
            "POST", "/api/releases/list", {"text": text, "status": status}, accept="application/json"
        )
        receipt = receipts.of_header(response.headers)
        self._book.follow(self.url, receipt.head, self._proofs())
        return Served(response.json()["releases"], receipt)
