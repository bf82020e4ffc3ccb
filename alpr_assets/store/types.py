"""Column types shared by the schema."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Integer
from sqlalchemy.engine import Dialect
from sqlalchemy.types import JSON, TypeDecorator

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def to_microseconds(at: datetime) -> int:
    """Microseconds since 1970-01-01 UTC, exact. Raises ValueError for a naive time."""
    if at.tzinfo is None or at.utcoffset() is None:
        raise ValueError(f"naive time {at.isoformat()}: every stored instant needs its zone")
    return (at - EPOCH) // MICROSECOND


def from_microseconds(value: int) -> datetime:
    """The aware UTC instant of `to_microseconds`."""
    return EPOCH + value * MICROSECOND


class UtcInstant(TypeDecorator[datetime]):
    """An instant as integer microseconds since 1970 UTC; naive times are refused.

    `DateTime(timezone=True)` drops the offset on SQLite: 00:00−08:00 came back as a naive 00:00.
    """

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        return None if value is None else to_microseconds(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return None if value is None else from_microseconds(value)


# SQLite only numbers a column by itself when it is declared INTEGER PRIMARY KEY.
BigId = BigInteger().with_variant(Integer(), "sqlite")
Json = JSON(none_as_null=True)
