"""Alarms: what a person must see to, such as a record that cannot be written. Raised, shown, and over once it is well again.

One JSON line each in data/alarms.jsonl where that can be written, and a critical line in the log in any case. No plates.
"""

from __future__ import annotations

import json
import logging
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Final

log = logging.getLogger(__name__)

FILE: Final = "alarms.jsonl"
RECORD: Final = "record_unavailable"

_lock = Lock()
_unwritten: dict[tuple[Path, str], Alarm] = {}


@dataclass(frozen=True, slots=True)
class Alarm:
    """`name` says what it is about and ends it; `at` is when it was first raised (UTC)."""

    name: str
    text: str
    at: datetime


def raise_alarm(data: Path, name: str, text: str, *, at: datetime | None = None) -> None:
    """Raise an alarm once for as long as it is open. Never fails: it is raised where something else failed."""
    alarm = Alarm(name, text, at or datetime.now(UTC))
    with _lock:
        if any(known.name == name for known in _open(data)):
            return
        log.critical("alarm %s: %s", name, text)
        if not _write(data, {"at": alarm.at.isoformat(), "alarm": name, "text": text}):
            _unwritten[data, name] = alarm


def end_alarm(data: Path, name: str, *, at: datetime | None = None) -> None:
    """What the alarm was about is well again."""
    with _lock:
        if not any(known.name == name for known in _open(data)):
            return
        log.warning("alarm %s is over", name)
        _unwritten.pop((data, name), None)
        _write(data, {"at": (at or datetime.now(UTC)).isoformat(), "alarm": name, "over": True})


def open_alarms(data: Path) -> list[Alarm]:
    """Alarms that are not over, oldest first: those of every process, and this one's that could not be written."""
    with _lock:
        return _open(data)


def _open(data: Path) -> list[Alarm]:
    found: dict[str, Alarm] = {}
    try:
        lines = (data / FILE).read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    for line in lines:
        try:
            told = json.loads(line)
            name = told["alarm"]
            if told.get("over"):
                found.pop(name, None)
            else:
                found.setdefault(name, Alarm(name, told["text"], datetime.fromisoformat(told["at"])))
        except (ValueError, KeyError, TypeError):
            continue  # a line cut short by a full disk
    for (folder, name), alarm in _unwritten.items():
        if folder == data:
            found.setdefault(name, alarm)
    return sorted(found.values(), key=lambda alarm: alarm.at)


def _write(data: Path, line: dict[str, object]) -> bool:
    """Append one line, whole or not at all as far as other writers are concerned."""
    try:
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = os.open(data / FILE, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            raw = ("\n" + json.dumps(line) + "\n").encode()  # the line before may have been cut short
            return os.write(file, raw) == len(raw)
        finally:
            os.close(file)
    except OSError:
        return False
