"""Time stamps by an authority of our own making: openssl's, on loopback. Deferred where it is away; refused where it is another's."""

from __future__ import annotations

import shutil
import subprocess
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from sqlalchemy import select

from alpr_assets.errors import ConfigurationError
from alpr_assets.lifecycle.evidence import verifying
from alpr_assets.lifecycle.evidence.stamps import Authority, NotStampedError
from alpr_assets.settings import Settings
from alpr_assets.store.engine import reading
from alpr_assets.store.evidence import evidence_package
from tests.conftest import missing
from tests.lifecycle.evidence.desks import NOON, Pass, unpack
from tests.people import CASE, PURPOSE, session

CONFIG = """
[tsa]
default_tsa = authority
[authority]
dir = .
serial = $dir/serial
crypto_device = builtin
signer_cert = $dir/tsa.pem
signer_key = $dir/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha512
accuracy = secs:1
[extensions]
extendedKeyUsage = critical,timeStamping
keyUsage = critical,digitalSignature
basicConstraints = CA:FALSE
"""


def make_authority(folder: Path) -> Path:
    """A root and a time-stamping certificate; returns the folder."""
    folder.mkdir()
    (folder / "tsa.cnf").write_text(CONFIG)
    (folder / "serial").write_text("01")

    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    new_key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    openssl(
        "req", "-x509", *new_key, "-keyout", "root.key", "-out", "root.pem", "-days", "30", "-subj", "/CN=Test Root",
        "-addext", "keyUsage=critical,keyCertSign,cRLSign",
    )  # fmt: skip
    openssl("req", *new_key, "-keyout", "tsa.key", "-out", "tsa.csr", "-subj", "/CN=Test TSA")
    openssl(
        "x509", "-req", "-in", "tsa.csr", "-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial", "-out", "tsa.pem",
        "-days", "30", "-extfile", "tsa.cnf", "-extensions", "extensions",
    )  # fmt: skip
    return folder


@contextmanager
def serving(folder: Path):
    """The authority over HTTP; yields its address."""

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self):
            (folder / "query.tsq").write_bytes(self.rfile.read(int(self.headers["Content-Length"])))
            subprocess.run(
                ["openssl", "ts", "-reply", "-config", "tsa.cnf", "-queryfile", "query.tsq", "-out", "reply.tsr"],
                cwd=folder, check=True, capture_output=True,
            )  # fmt: skip
            body = (folder / "reply.tsr").read_bytes()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Answering)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def folder(tmp_path):
    if shutil.which("openssl") is None:
        missing("openssl")
    return make_authority(tmp_path / "tsa")


def openssl_says(bag: Path, root: Path) -> bool:
    """As README.txt has it."""
    told = subprocess.run(
        ["openssl", "ts", "-verify", "-data", "tagmanifest-sha256.txt", "-in", "tagmanifest-sha256.txt.tsr", "-CAfile", root],
        cwd=bag, check=False, capture_output=True,
    )  # fmt: skip
    assert told.returncode == 0, told.stderr
    return True


@pytest.mark.clause("422.5")
def test_a_package_is_stamped_as_it_is_packed(one_desk, folder, tmp_path):
    desk = one_desk
    desk.put(Pass("7ABC123", NOON))
    hold_id = desk.hold(pattern="7ABC123")
    with serving(folder) as url:
        desk.authority = Authority(url, folder / "root.pem")
        bag, _ = desk.packed(hold_id, tmp_path / "medium")
    assert openssl_says(bag, folder / "root.pem")
    said = verifying.verify(bag, tsa_ca=folder / "root.pem")
    assert (said.status, said.findings) == (0, [])
    assert "GMT" in said.stamped
    with reading(desk.store.engine) as connection:
        package = connection.execute(select(evidence_package)).one()
    assert package.stamp == (bag / verifying.STAMP).read_bytes()
    content = bytearray((bag / verifying.STAMP).read_bytes())
    content[-1] ^= 1
    (bag / verifying.STAMP).write_bytes(content)
    kinds = {one.kind for one in verifying.verify(bag, tsa_ca=folder / "root.pem").findings}
    assert kinds == {"altered", "stamp"}


def test_where_the_authority_is_away_the_package_leaves_and_is_stamped_later(one_desk, folder, tmp_path):
    desk = one_desk
    desk.put(Pass("7ABC123", NOON))
    hold_id = desk.hold(pattern="7ABC123")
    with serving(folder) as url:
        pass
    desk.authority = Authority(url, folder / "root.pem")
    packed = desk.pack(hold_id)
    assert "gave no stamp" in packed.trouble
    bag = unpack(packed, tmp_path / "medium")
    assert verifying.verify(bag).stamped == "not stamped"
    with serving(folder) as url:
        desk.authority = Authority(url, folder / "root.pem")
        files = desk.packer.stamp(
            session(desk.officer), packed.package_id, purpose=PURPOSE, case_number=CASE
        )  # fmt: skip
    for name, content in files.items():
        (bag / name).write_bytes(content)
    assert verifying.verify(bag, tsa_ca=folder / "root.pem").status == 0
    assert openssl_says(bag, folder / "root.pem")
    assert desk.recorder.entries[-1].action == "stamp_evidence"
    again = desk.packer.stamp(session(desk.officer), packed.package_id, purpose=PURPOSE, case_number=CASE)
    assert again == files  # stamped once, and told again


def test_what_another_authority_stamps_does_not_count(folder, tmp_path):
    other = make_authority(tmp_path / "other")
    with serving(folder) as url:
        with pytest.raises(NotStampedError, match="no stamp of this package"):
            Authority(url, other / "root.pem").stamp(b"x")
        with pytest.raises(ConfigurationError, match="holds no certificate"):
            Authority(url, folder / "tsa.cnf").stamp(b"x")
    assert Authority.of(Settings(tsa_url="")) is None
    with pytest.raises(ConfigurationError, match="TSA_CA_FILE"):
        Authority.of(Settings(tsa_url="http://127.0.0.1/"))
