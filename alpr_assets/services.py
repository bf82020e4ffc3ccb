"""Code server, recorder, daemon, console and worker: started together, stopped together, one set a data folder.

The code server and the recorder, which alone appends to the access record, listen on Unix sockets that only their owner can
open; the console is the one port. What they print goes to files in data/run/, begun anew at each start. The worker alone is
started again where it ends by itself: without it hits come later, without one of the others nothing is right.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.error import URLError

from sqlalchemy.exc import SQLAlchemyError
from yaml import YAMLError

from alpr_assets.access.record.places import place_of
from alpr_assets.certificates import Certificate, self_signed
from alpr_assets.console.hosts import is_loopback, known_hosts
from alpr_assets.errors import AlprError
from alpr_assets.keeping import Kept
from alpr_assets.lifecycle.recognition.configured import recogniser_factory
from alpr_assets.lifecycle.worker_state import DOWN
from alpr_assets.settings import ROOT, Settings

START_SECONDS = 120
STOP_SECONDS = 15
PR_SET_PDEATHSIG = 1
MAX_SOCKET_PATH = 100  # of 107 bytes that Linux allows


@dataclass(frozen=True, slots=True)
class Service:
    """One running server and where its output goes."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path


@dataclass(frozen=True, slots=True)
class Running:
    """The running set; `url` is where a browser finds it. `certificate`: self-signed, where none was given and one is needed."""

    url: str
    services: tuple[Service, ...]
    worker: Kept
    certificate: Certificate | None = None

    def tend(self) -> Service | None:
        """To be called every second or so: keeps the worker there, and returns the first server that has ended by itself, if any."""
        self.worker.tend()
        return next((service for service in self.services if service.process.poll() is not None), None)


@contextmanager
def reserved(configured: Settings) -> Iterator[None]:
    """Keep the data folder for one set of servers. Entered before anything is written into it, so that a second set changes nothing.

    Raises AlprError when another set runs on this data folder, its path is too long, the port is taken, or the recogniser in
    use is not there.
    """
    recogniser_factory()  # without it the definitions do not load, and the code server would end in a trace
    if len(str(configured.socket)) > MAX_SOCKET_PATH:
        raise AlprError(f"{configured.socket} is too long for a socket", remedy="set ALPR_DATA to a shorter path")
    run = configured.socket.parent
    run.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _only_one(run):
        _require_free(configured)
        yield


@contextmanager
def running(configured: Settings) -> Iterator[Running]:
    """Start all in a reserved folder, wait until the servers answer, and stop all when the block is left, however it is left.

    Raises AlprError when Dagster cannot use its home, or a server does not come up.
    """
    run = configured.socket.parent
    certificate = _certificate(configured)
    environment = _environment(configured, certificate)
    started: list[Service] = []
    worker: Kept | None = None
    try:
        configured.socket.unlink(missing_ok=True)
        # First: whatever the others do may have to be recorded.
        started.append(_start("recorder", ["-m", "alpr_assets.access.record"], environment, run))
        _until(lambda: _listens(place_of(configured).socket), started)
        started.append(_start("code", _code_server(configured), environment, run))
        _until(lambda: _code_answers(configured.socket), started)
        started.append(_start("daemon", ["-m", "dagster._daemon", "run", *_workspace()], environment, run))
        started.append(_start("console", ["-m", "alpr_assets.console"], environment, run))
        # Not waited for: it loads its models meanwhile, and until then Dagster's runs do its work.
        worker = _worker(configured, environment)
        scheme = "https" if certificate or configured.certfile else "http"
        name = min(known_hosts(configured))
        address = f"{scheme}://{_reachable(configured.host)}:{configured.port}"
        _until(lambda: _console_answers(address, name), started)
        named = address if is_loopback(configured.host) else f"{scheme}://{name}:{configured.port}"
        yield Running(configured.console_url or named, tuple(started), worker, certificate)
    finally:
        _stop([*(service.process for service in started), *([worker.process] if worker else [])])


def _worker(configured: Settings, environment: dict[str, str]) -> Kept:
    run = configured.socket.parent
    log = run / "worker.log"
    log.unlink(missing_ok=True)  # begun anew now, and not when it is begun again: its last words stay
    told = (DOWN, f"the worker ended by itself, and is begun again; until then hits come minutes later. {log} says why")
    return Kept(
        lambda: _start("worker", ["-m", "alpr_assets.cli", "worker"], environment, run, goes_on=True).process,
        data=configured.path("data"),
        alarm=told,
    )


def dagster_home() -> Path:
    """DAGSTER_HOME where it is set, else the repository's; with our dagster.yaml in it."""
    committed = ROOT / "dagster_home"
    home = Path(os.path.expanduser(os.environ.get("DAGSTER_HOME") or committed)).absolute()  # noqa: PTH111 - as settings
    if not (home / "dagster.yaml").exists():
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        shutil.copyfile(committed / "dagster.yaml", home / "dagster.yaml")
    return home


def _certificate(configured: Settings) -> Certificate | None:
    """Passwords and vehicles never cross a network in clear: beyond this machine there is TLS, with whatever certificate there is."""
    if configured.certfile or configured.proxies or is_loopback(configured.host):
        return None
    return self_signed(configured.path("keys") / "tls", configured.host, now=datetime.now(UTC))


def _reachable(host: str) -> str:
    """Where this machine itself reaches the console."""
    return "127.0.0.1" if host in {"0.0.0.0", "localhost"} else f"[{host or '::1'}]" if ":" in host else host  # noqa: S104 - compared


def _environment(configured: Settings, certificate: Certificate | None) -> dict[str, str]:
    home = dagster_home()
    os.environ["DAGSTER_HOME"] = str(home)
    from dagster import DagsterError, DagsterInstance  # noqa: PLC0415 - 2 s

    try:
        with DagsterInstance.get() as instance:
            instance.get_runs_count()  # a fresh SQLite home races when two processes make its tables
    except (DagsterError, SQLAlchemyError, YAMLError) as error:
        said, _, _ = str(error).partition("\n")
        raise AlprError(
            f"Dagster cannot use {home}: {said}",
            remedy="look into its dagster.yaml and at the room on its disk, or set DAGSTER_HOME",
        ) from error
    tls = {"ALPR_CERTFILE": str(certificate.certfile), "ALPR_KEYFILE": str(certificate.keyfile)} if certificate else {}
    return {
        **os.environ,
        **tls,
        "ALPR_CODE_SOCKET": str(configured.socket),
        "DAGSTER_DISABLE_TELEMETRY": "1",
        "MPLCONFIGDIR": str(configured.path("data") / "cache" / "matplotlib"),  # not the home folder
    }


def _workspace() -> list[str]:
    return ["-w", str(ROOT / "workspace.yaml")]


def _code_server(configured: Settings) -> list[str]:
    return [
        "-m", "dagster", "api", "grpc", "--socket", str(configured.socket), "--use-python-environment-entry-point",
        "-m", "alpr_assets.definitions", "--location-name", "alpr_assets", "-d", str(ROOT),
    ]  # fmt: skip


def _start(
    name: str, arguments: list[str], environment: dict[str, str], run: Path, *, goes_on: bool = False
) -> Service:
    log = run / f"{name}.log"
    with log.open("ab" if goes_on else "wb") as out:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and arguments
            [sys.executable, *arguments],
            env=environment,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            umask=0o077,
            start_new_session=True,  # Ctrl-C reaches us alone, and we stop them in order
            preexec_fn=_die_with_parent,  # noqa: PLW1509 - no threads here
        )
    return Service(name, process, log)


def _die_with_parent() -> None:
    """A killed `alpr up` must not leave a web server behind that nobody watches (Linux)."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _until(answers: Callable[[], bool], started: list[Service]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not answers():
        for service in started:
            if service.process.poll() is not None:
                raise AlprError(
                    f"the {service.name} server ended while starting:\n{_tail(service.log)}",
                    remedy=f"the whole of it is in {service.log}",
                )
        if time.monotonic() > deadline:
            raise AlprError(
                f"the servers did not answer within {START_SECONDS} s", remedy=f"look into {started[-1].log}"
            )
        time.sleep(0.2)


def _tail(log: Path, lines: int = 12) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def _code_answers(address: Path) -> bool:
    import grpc  # noqa: PLC0415
    from grpc_health.v1 import health_pb2, health_pb2_grpc  # noqa: PLC0415

    with grpc.insecure_channel(f"unix:{address}") as channel:
        try:
            answer = health_pb2_grpc.HealthStub(channel).Check(
                health_pb2.HealthCheckRequest(service="DagsterApi"), timeout=2
            )
        except grpc.RpcError:
            return False
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


def _listens(address: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(address))
        except OSError:
            return False
        return True


def _console_answers(url: str, name: str) -> bool:
    """Whether our own console answers to its name; whose certificate it shows is for browsers to judge."""
    asked = urllib.request.Request(f"{url}/healthz", headers={"Host": name})  # noqa: S310 - our own address
    trusting = ssl._create_unverified_context()  # noqa: S323, SLF001 - nothing is sent but this question
    try:
        with urllib.request.urlopen(asked, timeout=2, context=trusting) as answer:  # noqa: S310 - our own address
            return bool(answer.status < 300)
    except (URLError, OSError):
        return False


def _stop(started: list[subprocess.Popen[bytes]]) -> None:
    for process in reversed(started):
        if process.poll() is None:
            process.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    for process in reversed(started):
        with suppress(subprocess.TimeoutExpired):
            process.wait(max(0.1, deadline - time.monotonic()))
        # Whatever the server left behind in its session, run workers included.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _require_free(configured: Settings) -> None:
    """Ask before anything starts: another server there would answer in our console's place."""
    host, port = configured.host, configured.port
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the console does
            probe.bind(address)
    except OSError as error:
        why = error.strerror or os.strerror(error.errno or 0)
        raise AlprError(
            f"port {port} of {host} cannot be used: {why}",
            remedy="set ALPR_PORT to a free port, ALPR_HOST to an address of this machine",
        ) from error


@contextmanager
def _only_one(run: Path) -> Iterator[None]:
    with (run / "up.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AlprError(
                f"servers already run on {run.parent}",
                remedy="use them, or stop them with Ctrl-C where they were started",
            ) from error
        yield
