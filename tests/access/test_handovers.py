"""A question that was handed over is kept for as long as it is somebody's; what was done stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select

from alpr_assets.access import handovers
from alpr_assets.access.secret_key import SecretKey
from alpr_assets.errors import NotFoundError
from alpr_assets.store.engine import reading, writing
from alpr_assets.store.incidents import handover

AT = datetime(2026, 6, 15, 4, tzinfo=UTC)


@pytest.mark.clause("422.5")
def test_a_question_is_forgotten_once_it_is_nobodys_and_what_is_still_his_opens(store, tmp_path):
    key = SecretKey(tmp_path / "secret")
    sealed = key.seal(b'{"plate": "7ABC123"}', belongs_to="handover from 3 to 4")
    with writing(store.engine) as connection:
        for number, until in ((1, AT), (2, AT + timedelta(hours=1))):
            row = {
                "handover_id": number, "from_id": 3, "to_id": 4, "action": "plate_history", "purpose": "stolen_vehicle",
                "case_number": "26-01234", "question": sealed, "at": AT - timedelta(hours=24), "expires_at": until,
            }  # fmt: skip
            connection.execute(insert(handover), row)
        assert handovers.forget(connection, at=AT) == 1
        assert handovers.forget(connection, at=AT) == 0
    with reading(store.engine) as connection:
        rows = {row.handover_id: row for row in connection.execute(select(handover))}
    assert (rows[1].question, rows[1].case_number, rows[2].question) == (b"", "26-01234", sealed)
    with writing(store.engine) as connection:
        assert handovers.opened(connection, 2, 4, key=key, at=AT).question == {"plate": "7ABC123"}
        with pytest.raises(NotFoundError):
            handovers.opened(connection, 1, 4, key=key, at=AT)
