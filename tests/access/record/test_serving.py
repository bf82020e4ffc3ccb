"""Other processes append through the recorder; one that is killed has lost nothing that it acknowledged."""

from __future__ import annotations

import os
import signal
import socket
import stat
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from threading import Thread, Timer

import pytest

from alpr_assets.access.record import alarms
from alpr_assets.access.record.entries import Entry, RecordUnavailableError, ResultId
from alpr_assets.access.record.exporting import snapshot, verify_database
from alpr_assets.access.record.leaves import entry_json, entry_of
from alpr_assets.access.record.log import AccessRecord
from alpr_assets.access.record.places import Place
from alpr_assets.access.record.serving import RemoteRecord, Served, recorder
from alpr_assets.settings import Settings
from tests.access.record.records import BEGUN, DAY, an_entry, leaves

pytestmark = pytest.mark.clause("422.6(a)")


def configured(place: Place) -> Settings:
    url = "" if place.database else place.engine.url.render_as_string(hide_password=False)
    return Settings(data=place.data, keys=place.keys, record=place.folder, record_url=url, policy=place.policy)


@contextmanager
def process(place: Place) -> Iterator[subprocess.Popen[bytes]]:
    """The recorder process, when it takes entries."""
    names = ("data", "keys", "record", "record_url", "policy")
    environment = {f"ALPR_{name.upper()}": str(getattr(configured(place), name)) for name in names}
    command = [sys.executable, "-m", "alpr_assets.access.record"]
    with subprocess.Popen(command, env={**os.environ, **environment}, stdout=-1, stderr=-1) as running:
        remote = RemoteRecord(place.socket)
        while not remote.is_served():
            if running.poll() is not None:
                _, said = running.communicate()
                pytest.fail(f"the recorder ended: {said.decode()}")
            time.sleep(0.02)
        remote.close()
        yield running
        if running.poll() is None:
            running.kill()


@contextmanager
def served(place: Place) -> Iterator[RemoteRecord]:
    with (
        AccessRecord(place, clock=lambda: BEGUN) as record,
        closing(Served(record, place.socket)),
        closing(RemoteRecord(place.socket)) as remote,
    ):
        yield remote


def test_an_entry_is_the_same_at_the_other_end() -> None:
    entry = an_entry(
        reasons=("role",), details={"n": [1, None]}, results=[ResultId("hit", None, 5), ResultId("read", DAY, 6)]
    )
    sent = entry_of(entry_json(entry))
    assert isinstance(sent, Entry)
    assert sent == entry


def test_what_is_handed_over_is_in_the_record(sqlite_place: Place) -> None:
    with served(sqlite_place) as remote:
        receipt = remote.append(an_entry())
        with snapshot(sqlite_place.engine) as connection:
            assert len(leaves(connection)) == receipt.head.size == 2
    assert (receipt.record_id, receipt.at) == (1, BEGUN)


def test_a_large_answer_goes_through_too(sqlite_place: Place) -> None:
    with served(sqlite_place) as remote:
        remote.append(an_entry(results=[ResultId("read", DAY, n) for n in range(100_000)]))
    assert verify_database(sqlite_place).ok


def test_the_socket_is_its_owners_only_and_works_in_a_deep_folder(sqlite_place: Place) -> None:
    deep = sqlite_place.data / ("deep" * 20) / ("deeper" * 10) / "record.sock"
    with AccessRecord(sqlite_place) as record, closing(Served(record, deep)), closing(RemoteRecord(deep)) as remote:
        assert stat.S_IMODE(deep.stat().st_mode) == 0o600
        assert remote.append(an_entry()).record_id == 1
    assert not deep.exists()


def test_what_is_no_entry_is_answered_and_the_line_goes_on(sqlite_place: Place) -> None:
    with served(sqlite_place) as remote:
        line = remote._connected()
        for message in (b"{}", b'{"entry": {"at": 5}}'):
            line.sendall(struct.pack(">I", len(message)) + message)
            (length,) = struct.unpack(">I", line.recv(4))
            assert b"not an entry" in line.recv(length)
        line.sendall(struct.pack(">I", 1 << 31))
        assert line.recv(4) == b"", "a message longer than any entry ends the line"
        line.close()
        assert remote.append(an_entry()).record_id == 1


def test_a_refusal_comes_back_with_its_remedy(sqlite_place: Place) -> None:
    with served(sqlite_place) as remote:
        with pytest.raises(RecordUnavailableError, match="not JSON"):
            remote.append(an_entry(details={"at": BEGUN}))
        assert sqlite_place.database is not None
        sqlite_place.folder.rename(sqlite_place.folder.with_name("away"))
        with pytest.raises(RecordUnavailableError) as refused:
            remote.append(an_entry())
        assert refused.value.remedy
        sqlite_place.folder.with_name("away").rename(sqlite_place.folder)


def test_a_line_that_breaks_lets_nothing_leave_and_is_renewed(
    sqlite_place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody takes the message and never answers: whether it was kept is not known."""
    sqlite_place.socket.parent.mkdir(parents=True)
    with closing(socket.socket(socket.AF_UNIX)) as deaf:
        monkeypatch.chdir(sqlite_place.socket.parent)  # its name alone is short enough
        deaf.bind(sqlite_place.socket.name)
        deaf.listen()
        remote = RemoteRecord(sqlite_place.socket)

        def hang_up() -> None:
            deaf.accept()[0].close()

        asking = Thread(target=hang_up)
        asking.start()
        with pytest.raises(RecordUnavailableError, match="does not answer"):
            remote.append(an_entry())
        asking.join()
    sqlite_place.socket.unlink()
    with pytest.raises(RecordUnavailableError, match="does not answer"):
        remote.append(an_entry())
    with AccessRecord(sqlite_place) as record, closing(Served(record, sqlite_place.socket)):
        assert remote.append(an_entry()).record_id == 1
        remote.close()


def test_a_recorder_that_is_down_is_an_alarm_until_it_is_up_again(sqlite_place: Place) -> None:
    with process(sqlite_place) as running, recorder(configured(sqlite_place)) as remote:
        remote.append(an_entry())
        running.kill()
        running.wait()
        for _ in range(2):
            with pytest.raises(RecordUnavailableError, match="does not answer"):
                remote.append(an_entry())
        assert [alarm.name for alarm in alarms.open_alarms(sqlite_place.data)] == ["recorder_down"]
        with process(sqlite_place):
            assert remote.append(an_entry()).record_id == 2
            assert alarms.open_alarms(sqlite_place.data) == []


def test_a_command_appends_by_itself_when_no_recorder_runs(place: Place) -> None:
    with recorder(configured(place)) as alone:
        assert isinstance(alone, AccessRecord)
        alone.append(an_entry())
    assert verify_database(place, accepted=range(3)).size == 2


def test_a_command_waits_for_another_one_and_not_for_ever(sqlite_place: Place) -> None:
    first = AccessRecord(sqlite_place)
    with (
        pytest.raises(RecordUnavailableError, match="another process"),
        recorder(configured(sqlite_place), wait_seconds=0.1),
    ):
        pytest.fail("two processes append")
    ending = Timer(0.2, first.close)
    ending.start()
    with recorder(configured(sqlite_place), wait_seconds=10) as second:
        assert second.append(an_entry()).record_id == 1
    ending.join()


def test_the_recorder_process_takes_entries_says_nothing_and_ends_when_told(place: Place) -> None:
    with process(place) as running:
        with recorder(configured(place)) as remote:
            assert isinstance(remote, RemoteRecord)
            assert remote.append(an_entry()).record_id == 1
        running.send_signal(signal.SIGTERM)
        out, err = running.communicate(timeout=20)
        assert (running.returncode, out, err) == (0, b"", b"")
    assert not place.socket.exists()


def test_a_recorder_that_cannot_append_says_why_and_ends(sqlite_place: Place) -> None:
    with AccessRecord(sqlite_place):
        environment = {"ALPR_DATA": str(sqlite_place.data), "ALPR_KEYS": str(sqlite_place.keys)}
        done = subprocess.run(
            [sys.executable, "-m", "alpr_assets.access.record"],
            env={**os.environ, **environment}, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
    assert done.returncode == 1
    assert "another process appends" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("after", [1, 40, 150])
def test_a_recorder_that_is_killed_has_kept_all_that_it_acknowledged(place: Place, after: int) -> None:
    """kill -9 with eight writers at work; the record verifies and is gone on with."""
    acknowledged: list[tuple[int, bytes]] = []
    with process(place) as running, closing(RemoteRecord(place.socket)) as remote:

        def write(writer: int) -> int:
            for n in range(400):
                try:
                    receipt = remote.append(an_entry(case_number=f"26-{writer}-{n:04}"))
                except RecordUnavailableError:
                    return n
                acknowledged.append((receipt.record_id, receipt.leaf_hash))
                if len(acknowledged) == after:
                    os.kill(running.pid, signal.SIGKILL)
            return 400

        with ThreadPoolExecutor(8) as threads:
            assert min(threads.map(write, range(8))) < 400, "the kill came while they wrote"
        running.wait()
    place.engine.dispose()
    with recorder(configured(place)) as following:
        following.append(an_entry())
    report = verify_database(place, accepted=range(5000))
    assert report.ok, list(report.lines())
    with snapshot(place.engine) as connection:
        kept = dict(connection.exec_driver_sql(_hashes(place)).fetchall())
    assert len(acknowledged) >= after
    assert all(bytes(kept[record_id]) == hash_ for record_id, hash_ in acknowledged)


def _hashes(place: Place) -> str:
    schema = "" if place.database else "access_record."
    return f"SELECT record_id, leaf_hash FROM {schema}access_record"


def test_another_user_at_the_other_end_is_not_listened_to(sqlite_place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel says who he is; here it is we who are taken for another one."""
    with served(sqlite_place) as remote:
        monkeypatch.setattr(os, "getuid", lambda: os.geteuid() + 1)
        with pytest.raises(RecordUnavailableError, match="does not answer"):
            remote.append(an_entry())
    assert verify_database(sqlite_place).size == 1
