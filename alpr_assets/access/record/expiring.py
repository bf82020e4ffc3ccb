"""The end of sealed elements: their months' keys are destroyed, and the record says so and still verifies.

Authority: Gov. Code 34090(d), as the policy's record.elements_years; method: cryptographic erase (NIST SP 800-88r2).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alpr_assets.access.record.entries import Actor, Entry, Kind, Outcome, Receipt, Recorder
from alpr_assets.access.record.exporting import snapshot
from alpr_assets.access.record.places import Place
from alpr_assets.access.record.reading import sealed_by_month
from alpr_assets.access.record.sealing import MonthKeys
from alpr_assets.errors import VerificationError


def expired_months(keys: Path, now: datetime, years: int) -> list[str]:
    """Months all of whose elements are `years` old or older (UTC), and can still be opened, by the folder of the keys.

    None where there is no record yet; asking makes none.
    """
    at, file = now.astimezone(UTC), keys / "record_keys.sqlite"
    kept_from = f"{at.year - years:04}-{at.month:02}"
    return [month for month in MonthKeys(file).months() if month < kept_from] if file.exists() else []


def expire_elements(place: Place, recorder: Recorder, actor: Actor, *, now: datetime, years: int) -> Receipt | None:
    """Destroy the keys of the expired months; the entry about it stands as their certificate. None: nothing had expired.

    The entry comes first. If a key then cannot be destroyed, another entry says that it failed.

    Raises
    ------
    RecordUnavailableError : it could not be recorded; nothing was destroyed
    VerificationError : a key is still there
    """
    months = expired_months(place.keys, now, years)
    if not months:
        return None
    with snapshot(place.engine) as connection:
        counts = sealed_by_month(connection, months)
    details: dict[str, Any] = {
        "months": counts,
        "authority": "Gov. Code 34090(d)",
        "kept_years": years,
        "method": "AES-256 keys destroyed (NIST SP 800-88r2, cryptographic erase)",
    }
    entry = Entry(
        at=now, kind=Kind.RECORD, action="elements_expired", outcome=Outcome.DONE, actor=actor, details=details
    )
    receipt = recorder.append(entry)
    keys = MonthKeys(place.keys / "record_keys.sqlite")
    try:
        _destroy(keys, months)
    except Exception as error:
        failed = {**details, "of_entry": receipt.record_id}
        reasons = (type(error).__name__,)
        recorder.append(replace(entry, outcome=Outcome.FAILED, reasons=reasons, details=failed))
        raise
    return receipt


def _destroy(keys: MonthKeys, months: list[str]) -> None:
    for month in months:
        keys.destroy(month)
    if left := set(months) & set(keys.months()):
        raise VerificationError(f"keys that were destroyed are there: {', '.join(sorted(left))}")
