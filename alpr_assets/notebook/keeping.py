"""What a notebook keeps of an answer: files to pass on, and frozen answers for the case.

Here: exporting, freezing, asking again. Not here: searches (`searching`), where a case file lies.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from alpr_assets.access.roles import Action
from alpr_assets.client.keeping import ExportedFile, FrozenFile, Reproduced
from alpr_assets.client.questions import Search
from alpr_assets.errors import AlprError
from alpr_assets.notebook.signed_in import SignedIn


class Keeping(SignedIn):
    """A session that keeps what it was answered."""

    def export(
        self, search: Search, *, file_format: Literal["csv", "geoparquet"] = "csv", **elements: Any
    ) -> ExportedFile:
        """Rows as a file to keep, which must be gone by its `delete_by`. Above the policy's number a supervisor approves first.

        Parameters
        ----------
        search : plate_history, possible_plates, plate_path, partial_plates, canvass, co_travel, counts or view_hits
        elements : as of the method of that name (`hits`: view_hits), times likewise

        Raises
        ------
        MalformedError : an element that the search has not, or geoparquet of what has no places
        AccessRefusedError, VerificationError : as `plate_history`
        """
        served = self._client.export(search, self._why, file_format=file_format, **self._timed(elements))
        self._note(served, Action.EXPORT, 1)
        return served.value

    def freeze(self, search: Search, **elements: Any) -> FrozenFile:
        """Ask, and keep how it was asked and what was answered: `.save(folder)` lays the file into the case.

        It holds no vehicle, only digests that the department's key made; `reproduce` tells later whether the answer still holds, or
        what was destroyed since. It is registered, and reviewed or gone by its `review_by`. Parameters and errors as `export`.
        """
        served = self._client.freeze(search, self._why, **self._timed(elements))
        self._note(served, Action(ACTIONS.get(search, search)), 0)
        return served.value

    def reproduce(self, frozen: FrozenFile | Path | str) -> Reproduced:
        """Ask a frozen question again, under this session's purpose and case.

        Parameters
        ----------
        frozen : what `freeze` gave, or the path of its file

        Returns
        -------
        Reproduced: whether it is the `same`; reads `purged`, `changed`, `added` since; the answer `found` now, times in the
            department's zone

        Raises
        ------
        MalformedError : the file is no frozen answer of this department, or was altered
        AccessRefusedError, VerificationError : as `plate_history`
        """
        served = self._client.reproduce(_content(frozen), self._why)
        found = served.value
        self._note(served, Action(ACTIONS.get(found.search, found.search)), len(found.found))
        told = self._recorded_as(served.receipt)
        located = self._located if "latitude_deg" in found.found else self._told
        return replace(found, found=located(found.found, told), frozen_at=found.frozen_at.astimezone(self.zone))

    def _timed(self, elements: dict[str, Any]) -> dict[str, Any]:
        """With every time as an instant."""
        timed: dict[str, Any] = {
            name: self._instant(at) if name in {"since", "until"} else at for name, at in elements.items()
        }
        if "incidents" in timed:
            timed["incidents"] = [incident.timed(self._instant) for incident in timed["incidents"]]
        return timed


ACTIONS = {
    "possible_plates": Action.PLATE_HISTORY, "plate_path": Action.PLATE_HISTORY, "partial_plates": Action.PARTIAL_PLATE,
    "counts": Action.COUNT_READS,
}  # fmt: skip
"""The right that a search needs, where that is not called as the search."""


def _content(frozen: FrozenFile | Path | str) -> bytes:
    if isinstance(frozen, FrozenFile):
        return frozen.content
    try:
        return Path(frozen).read_bytes()
    except OSError as error:
        raise AlprError(
            f"{frozen} cannot be read", remedy="give the path of a file that freeze(…).save() wrote"
        ) from error
