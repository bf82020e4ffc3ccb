"""The servers live and die together, the worker is begun again, and `alpr run` takes a drop through Dagster's own daemon."""

from __future__ import annotations

import hashlib
import os
import signal
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.error import URLError

import pytest
from click.testing import CliRunner

from alpr_assets import firstrun, services
from alpr_assets.access.record.alarms import open_alarms
from alpr_assets.cli import main
from alpr_assets.lifecycle.recognition.light import labelled
from alpr_assets.lifecycle.worker_state import DOWN
from alpr_assets.settings import ROOT, Settings
from tests.builders import drop, free_port, jpeg, line, own_list, today

ALPR = Path(sys.executable).with_name("alpr")


@pytest.fixture
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A folder with a short name: the servers' sockets lie in it."""
    folder = tmp_path_factory.mktemp("up")
    own = {f"ALPR_{name.upper()}": str(folder / name) for name in ("data", "keys", "drops", "hotlists")}
    return {
        **os.environ,
        **own,
        "ALPR_PORT": str(free_port()),
        "ALPR_DATABASE_URL": "",
        "ALPR_RECOGNISER": "alpr_assets.lifecycle.recognition.light:LightFactory",
        "DAGSTER_HOME": str(folder / "dagster_home"),
        "COLUMNS": "100",
    }


@pytest.fixture
def up(environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """`alpr up`, once its console answers."""
    process = subprocess.Popen(
        [ALPR, "up"], env=environment, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        wait_for(lambda: answers(environment), 120)
        yield process
    finally:
        process.kill()
        process.communicate()


def answers(environment: dict[str, str], scheme: str = "http") -> bool:
    try:
        with urllib.request.urlopen(
            f"{scheme}://localhost:{environment['ALPR_PORT']}/healthz",
            timeout=2,
            context=ssl._create_unverified_context(),
        ) as answer:
            return answer.status < 300
    except (URLError, OSError):
        return False


def wait_for(condition: object, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.2)


def of_this_home(environment: dict[str, str]) -> dict[int, str]:
    """Processes whose environment names this DAGSTER_HOME, with their command lines."""
    wanted = f"DAGSTER_HOME={environment['DAGSTER_HOME']}".encode()
    found = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            try:
                if wanted in (folder / "environ").read_bytes().split(b"\0"):
                    found[int(folder.name)] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
    return {pid: command for pid, command in found.items() if command}


def ports(pids: Iterable[int]) -> set[int]:
    """TCP ports that these processes listen on."""
    listening = {}
    for table in ("tcp", "tcp6"):
        for row in (Path("/proc/net") / table).read_text().splitlines()[1:]:
            _, local, _, state, *rest = row.split()
            if state == "0A":
                listening[rest[5]] = int(local.rpartition(":")[2], 16)
    found = set()
    for pid in pids:
        for descriptor in (Path("/proc") / str(pid) / "fd").iterdir():
            try:
                inode = str(descriptor.readlink()).removeprefix("socket:[").removesuffix("]")
            except FileNotFoundError:  # closed meanwhile: what listens stays open
                continue
            found |= {listening[inode]} if inode in listening else set()
    return found


def test_the_servers_stop_together_and_open_no_other_port(
    up: subprocess.Popen[bytes], environment: dict[str, str]
) -> None:
    processes = of_this_home(environment)
    commands = " ".join(processes.values())
    parts = (
        "alpr_assets.console",
        "alpr_assets.access.record",
        "dagster._daemon",
        "api grpc",
        "alpr_assets.cli worker",
    )
    assert all(part in commands for part in parts)
    assert "dagster_webserver" not in commands
    assert ports(processes) == {int(environment["ALPR_PORT"])}
    for name in ("code", "record"):
        path = Path(environment["ALPR_DATA"]) / "run" / f"{name}.sock"
        assert path.is_socket()
        assert path.stat().st_mode & 0o077 == 0
    second = subprocess.run(
        [ALPR, "up"], env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert second.returncode == 1
    assert "already run" in second.stderr
    port = environment["ALPR_PORT"]
    elsewhere = Path(environment["ALPR_DATA"]).parent / "2"
    taken = subprocess.run(
        [ALPR, "up"], env={**environment, "ALPR_DATA": str(elsewhere)}, cwd=ROOT,
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert taken.returncode == 1
    assert f"port {port}" in taken.stderr
    assert "ALPR_PORT" in taken.stderr
    assert not (elsewhere / "alpr.sqlite").exists()
    up.send_signal(signal.SIGTERM)
    output, _ = up.communicate(timeout=60)
    assert f":{environment['ALPR_PORT']}" in output.decode()
    assert "alpr init" in output.decode(), "nobody can sign in yet"
    wait_for(lambda: not of_this_home(environment), 20)


@pytest.mark.clause("422.6(a)")
def test_beyond_this_machine_the_console_speaks_tls_only(environment: dict[str, str]) -> None:
    wide = {**environment, "ALPR_HOST": "0.0.0.0", "ALPR_HOSTS": "localhost"}
    process = subprocess.Popen([ALPR, "up"], env=wide, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        wait_for(lambda: answers(wide, "https"), 120)
        assert not answers(wide, "http")
        time.sleep(2)  # for `alpr up` to see it too, and say so
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=60)
    finally:
        process.kill()
    certificate = Path(wide["ALPR_KEYS"]) / "tls" / "self-signed.pem"
    digits = ssl.PEM_cert_to_DER_cert(certificate.read_text())
    fingerprint = hashlib.sha256(digits).hexdigest().upper()
    assert fingerprint in output.decode().replace(":", "").replace("\n", "")
    assert f"https://localhost:{wide['ALPR_PORT']}" in output.decode()


@pytest.mark.long
def test_when_one_server_dies_the_others_do_not_stay(up: subprocess.Popen[bytes], environment: dict[str, str]) -> None:
    daemon = next(pid for pid, command in of_this_home(environment).items() if "dagster._daemon" in command)
    os.kill(daemon, signal.SIGKILL)
    assert up.wait(timeout=60) == 1
    wait_for(lambda: not of_this_home(environment), 20)


@pytest.mark.clause("422.4(f)")
@pytest.mark.long
def test_a_worker_that_is_killed_is_begun_again_with_an_alarm_until_it_is_at_work(
    up: subprocess.Popen[bytes], environment: dict[str, str]
) -> None:
    data = Path(environment["ALPR_DATA"])

    def workers() -> list[int]:
        return [pid for pid, command in of_this_home(environment).items() if "alpr_assets.cli worker" in command]

    def alarms() -> list[str]:
        return [alarm.name for alarm in open_alarms(data)]

    (first,) = workers()
    os.kill(first, signal.SIGKILL)
    wait_for(lambda: DOWN in alarms(), 20)
    wait_for(lambda: workers() not in ([], [first]), 20)
    assert up.poll() is None, "the console stays"
    wait_for(lambda: DOWN not in alarms(), 60)
    up.send_signal(signal.SIGTERM)
    up.communicate(timeout=60)
    wait_for(lambda: not of_this_home(environment), 20)


def test_own_captures_go_through_the_daemon_to_hits(environment: dict[str, str], tmp_path: Path) -> None:
    at = datetime.now(UTC) - timedelta(hours=3)
    plates = ["7ABC123", "6TRJ244", "8KLM456"]
    pictures = {f"{i}.jpg": labelled(jpeg(i), [{"plate": plate}]) for i, plate in enumerate(plates)}
    drop(tmp_path / "own", pictures, [line(name, at + timedelta(seconds=i)) for i, name in enumerate(pictures)])
    (tmp_path / "own" / "labels.csv").write_text("image,plate\n0.jpg,7ABC123\n1.jpg,6TRJ2A4\n2.jpg,8KLM456\n")
    (tmp_path / "watch.csv").write_bytes(own_list("7ABC123,stolen,CA", on=today()))
    ran = subprocess.run(
        [ALPR, "run", "--once", "--captures", tmp_path / "own", "--hotlist", tmp_path / "watch.csv"],
        env=environment, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    said = " ".join(ran.stdout.split())
    assert "landed │ 3" in said
    assert "read exactly │ 2 (66.7%)" in said
    assert "exact │ 1" in said
    assert "7ABC123" not in ran.stdout  # plates are printed for the generated sample only
    assert not of_this_home(environment)


def test_a_second_sample_leaves_the_first_one_alone(
    environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(firstrun, "SAMPLE", tmp_path)
    (tmp_path / "alpr.sqlite").write_text("in use")
    with services.reserved(Settings(data=tmp_path, port=int(environment["ALPR_PORT"]))):
        second = CliRunner().invoke(main, ["run", "--once"])
    assert second.exit_code == 1
    assert "already run" in second.stderr
    assert (tmp_path / "alpr.sqlite").read_text() == "in use"


def test_a_home_that_dagster_cannot_use_is_named(environment: dict[str, str]) -> None:
    home = Path(environment["DAGSTER_HOME"])
    home.mkdir()
    (home / "dagster.yaml").write_text("nonsense: [")
    ran = subprocess.run(
        [ALPR, "up"], env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.returncode == 1
    said, remedy = ran.stderr.splitlines()
    assert str(home) in said
    assert "dagster.yaml" in remedy


@pytest.mark.long
def test_a_run_that_failed_says_why(environment: dict[str, str], tmp_path: Path) -> None:
    broken = drop(tmp_path / "own" / "night", {"0.jpg": jpeg(0)}, [line("0.jpg", datetime.now(UTC))])
    (broken / "manifest.json").write_text("{}")
    ran = subprocess.run(
        [ALPR, "run", "--once", "--captures", tmp_path / "own"],
        env=environment, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert ran.returncode == 1
    said = " ".join(ran.stdout.split())
    assert "drop refused:" in said
    assert "is not a manifest" in said
    assert "the unit closes and sends the drop again" in said


@pytest.mark.long
def test_a_refused_list_makes_the_run_fail_each_time_and_says_why(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "svs.tbl").write_bytes(b"DATE01/01/2026 00:00\nABC123 CA0120180627\n")
    for _ in range(2):
        again = subprocess.run(
            [ALPR, "run", "--once", "--hotlist", tmp_path / "svs.tbl"],
            env=environment, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert again.returncode == 1
        assert "refused" in again.stdout
        assert "hotlists.every_file_was_accepted" in again.stdout
    assert "svs.tbl was refused" in again.stdout
