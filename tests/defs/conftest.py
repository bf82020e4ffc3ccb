"""A pipeline of its own for each test: the environment points at a temporary folder and the light recogniser."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from alpr_assets.definitions import defs
from alpr_assets.lifecycle.recognition.light import labelled
from alpr_assets.policy import policy
from alpr_assets.settings import settings
from alpr_assets.store.engine import Store, open_store
from tests.builders import drop, jpeg, line, own_list, today

PLATES = ("7ABC123", "8KLM456", "6TRJ244")


@dataclass(frozen=True)
class Pipeline:
    """The watched folders, the store behind them, and an instance that keeps runs in memory."""

    folder: Path
    store: Store
    instance: dg.DagsterInstance
    patch: pytest.MonkeyPatch

    def bring(self, name: str, at: datetime, *, n: int = 3, seed: int = 0) -> Path:
        """Put a closed drop of `n` labelled pictures, a minute apart, into the watched folder."""
        pictures = {f"{i:03}.jpg": labelled(jpeg(seed + i), [{"plate": PLATES[i % len(PLATES)]}]) for i in range(n)}
        lines = [line(file, at + timedelta(minutes=i)) for i, file in enumerate(pictures)]
        return drop(self.folder / "drops" / name, pictures, lines, shift=name)

    def list_plates(self, *plates: str, name: str = "watch.csv") -> None:
        raw = own_list(*(f"{plate},x,CA" for plate in plates), on=today())
        (self.folder / "hotlists" / name).write_bytes(raw)

    @property
    def policy_file(self) -> Path:
        return settings().path("policy")

    def use_policy(self, text: str) -> None:
        """Work by another policy file, as after a restart."""
        path = self.folder / "policy.yaml"
        path.write_text(text, encoding="utf-8")
        self.patch.setenv("ALPR_POLICY", str(path))
        settings.cache_clear()
        policy.cache_clear()

    def run(
        self, job: str, partition_key: str | None = None, tags: dict[str, str] | None = None
    ) -> dg.ExecuteInProcessResult:
        return defs.resolve_job_def(job).execute_in_process(
            partition_key=partition_key, instance=self.instance, raise_on_error=False, tags=tags
        )

    def tick(self, sensor: str) -> dg.SensorResult:
        """What a sensor decides now."""
        context = dg.build_sensor_context(instance=self.instance, definitions=defs)
        decided = defs.resolve_sensor_def(sensor)(context, store=defs.resources["store"])
        assert isinstance(decided, dg.SensorResult)
        return decided


@pytest.fixture
def pipeline(tmp_path: Path, policy_file: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pipeline]:
    for name in ("data", "keys", "drops", "hotlists"):
        monkeypatch.setenv(f"ALPR_{name.upper()}", str(tmp_path / name))
    monkeypatch.setenv("ALPR_RECOGNISER", "alpr_assets.lifecycle.recognition.light:LightFactory")
    monkeypatch.setenv("ALPR_WORKERS", "1")
    monkeypatch.setenv("ALPR_DATABASE_URL", "")
    monkeypatch.setenv("ALPR_POLICY", str(policy_file))
    settings.cache_clear()
    policy.cache_clear()
    (tmp_path / "drops").mkdir()
    (tmp_path / "hotlists").mkdir()
    store = open_store()
    with dg.DagsterInstance.ephemeral(tempdir=str(tmp_path)) as instance:
        yield Pipeline(tmp_path, store, instance, monkeypatch)
    store.engine.dispose()
    settings.cache_clear()
    policy.cache_clear()


def yesterday() -> datetime:
    """Noon of yesterday, UTC."""
    return datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=1)
