"""422.6(a): the sample's patrol car sends what a real one must: nothing in clear but its manifest."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.console import Console
from sqlalchemy import select

from alpr_assets import firstrun
from alpr_assets.lifecycle.captures.landing import land_drop
from alpr_assets.lifecycle.captures.manifests import MANIFEST
from alpr_assets.policy import Policy
from alpr_assets.settings import Settings
from alpr_assets.store import schema
from alpr_assets.store.engine import open_store, reading


@pytest.mark.clause("422.6(a)")
def test_the_sample_drive_is_encrypted_and_lands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, policy: Policy
) -> None:
    monkeypatch.setattr(firstrun, "SAMPLE", tmp_path)
    monkeypatch.setattr(firstrun, "SAMPLE_CAPTURES", 5)
    configured = Settings(
        data=tmp_path / "data", keys=tmp_path / "keys", drops=tmp_path / "drops", hotlists=tmp_path / "hotlists"
    )
    configured.hotlists.mkdir()
    store = open_store(configured)
    feed = firstrun.feed_sample(store, configured, Console(quiet=True))
    (folder,) = configured.drops.iterdir()
    assert [path.name for path in folder.iterdir() if path.suffix != ".age"] == [MANIFEST]
    plates = {plate for plates in feed.labels.values() for plate in plates}
    assert plates
    for path in configured.drops.rglob("*"):
        assert path.is_dir() or not any(plate.encode() in path.read_bytes() for plate in plates)
    receipt = land_drop(store, folder, policy=policy, now=firstrun.datetime.now(firstrun.UTC))
    assert (receipt.n_landed, receipt.n_quarantined) == (5, 0)
    with reading(store.engine) as connection:
        assert not any("unencrypted" in flags for flags in connection.scalars(select(schema.capture.c.flags)))
    store.engine.dispose()
