"""Every error of ours: one base, so that the command line and the pages can show a remedy instead of a trace.

Messages carry ids, file names and line numbers, never plate text: they end in logs, which outlive a purge.
"""

from __future__ import annotations


class AlprError(Exception):
    """Base of all errors that a person can act on. `remedy` says how, in one sentence."""

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy

    def diagnostics(self) -> str:
        """What happened and what to do about it, for a person."""
        return f"{self}\n  → {self.remedy}" if self.remedy else str(self)


class ConfigurationError(AlprError):
    """A setting or the policy file is missing, malformed or contradicts itself."""


class StorageError(AlprError):
    """A database or a folder is not there, not ours to use, or full; nothing counts that was not finished."""


class MalformedError(AlprError):
    """One line or one file does not say what its format promises: it is quarantined.

    `code` is the short, stable reason stored with the quarantined item.
    """

    def __init__(self, code: str, message: str, *, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.code = code


class ImportRefusedError(AlprError):
    """A whole hot-list file was refused; the list in force stays.

    `code` is the short, stable reason stored with the import's receipt.
    """

    def __init__(self, code: str, message: str, *, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.code = code


class DropRefusedError(AlprError):
    """A drop cannot be read at all (no manifest, or a manifest that is not one); nothing of it landed."""


class RecognitionError(AlprError):
    """A picture could not be read as an image, or the recogniser could not be started."""


class VerificationError(AlprError):
    """Something stored is not what its record says: where, expected, found."""


class AccessRefusedError(AlprError):
    """The gate refused: all reasons, and the record of the refusal.

    reasons : sentences for the member; `codes` : the same, short and stable, as recorded
    record_id : of the refusal's entry in the access record; None where the refusal came before the gate
    """

    def __init__(
        self, reasons: tuple[str, ...], *, record_id: int | None = None, codes: tuple[str, ...] = (), remedy: str = ""
    ) -> None:
        super().__init__("; ".join(reasons), remedy=remedy)
        self.reasons = reasons
        self.codes = codes
        self.record_id = record_id

    def recorded_as(self, record_id: int) -> AccessRefusedError:
        """The same refusal with the id of its entry, to be raised from this one."""
        return AccessRefusedError(self.reasons, record_id=record_id, codes=self.codes, remedy=self.remedy)


class NotFoundError(AlprError):
    """What was named is not there."""


class NotInForceError(AlprError):
    """No policy is in force, or the file at work is not the one that is: nothing is recognised, searched or released (422.2)."""


class IllegalMoveError(AlprError):
    """A hit, hold, member, release or purge cannot go where it was asked to from where it stands."""
