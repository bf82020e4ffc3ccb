"""A bag that was altered anywhere is found to be, and the file named; with our tools, with Python and openssl alone, with theirs."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from alpr_assets.lifecycle.evidence import verifying
from alpr_assets.lifecycle.evidence.verifying import SEAL, SIGNATURE, is_safe
from tests.conftest import missing
from tests.lifecycle.evidence.desks import NOON, Desk, Pass

FILES = 21
"""In the bag: 10 of evidence, and what describes and seals it."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory, policy):
    """A bag that left, made once; nobody writes into it."""
    from tests.conftest import make_store  # noqa: PLC0415

    folder = tmp_path_factory.mktemp("department")
    (folder / "data").mkdir()
    store = make_store(f"sqlite:///{folder / 'data' / 'alpr.sqlite'}", folder)
    desk = Desk(store, policy, folder)
    desk.put(Pass("7ABC123", NOON))
    bag, _ = desk.packed(desk.hold(pattern="7ABC123"), folder / "medium")
    yield bag
    store.engine.dispose()


@pytest.fixture
def bag(whole, tmp_path):
    return Path(shutil.copytree(whole, tmp_path / "bag"))


def files_of(bag):
    return sorted(path.relative_to(bag).as_posix() for path in bag.rglob("*") if path.is_file())


@pytest.mark.clause("422.5")
def test_a_changed_byte_anywhere_is_found_and_its_file_named(whole, bag):
    names = files_of(bag)
    assert len(names) == FILES
    chance = random.Random(7)
    for name in names:
        content = (whole / name).read_bytes()
        for place in {0, len(content) - 1, *(chance.randrange(len(content)) for _ in range(6))}:
            changed = bytearray(content)
            changed[place] ^= 1 << chance.randrange(8)
            (bag / name).write_bytes(changed)
            said = verifying.verify(bag)
            assert said.status == 1, (name, place)
            sealing = {SEAL, SIGNATURE}
            assert {one.file for one in said.findings} & (sealing if name in sealing else {name}), (name, said.findings)
        (bag / name).write_bytes(content)
    assert verifying.verify(bag).status == 0


def test_a_file_that_is_gone_added_cut_or_moved_is_named(whole, bag):
    for name in files_of(bag):
        (bag / name).unlink()
        assert name in {one.file for one in verifying.verify(bag).findings}, name
        shutil.copy(whole / name, bag / name)
    for added in ("data/more.txt", "more.txt", "data/images/.hidden"):
        (bag / added).write_text("x")
        (finding,) = verifying.verify(bag).findings
        assert (finding.kind, finding.file) == ("added", added)
        (bag / added).unlink()
    (bag / "data" / "reads.json").rename(bag / "data" / "read.json")
    assert {one.kind for one in verifying.verify(bag).findings} == {"missing", "added"}


def test_another_key_is_no_signature_of_the_department(whole, bag, tmp_path):
    other = Desk.__new__(Desk)  # only its key
    from alpr_assets.lifecycle.evidence.seals import Sealer  # noqa: PLC0415

    (tmp_path / "keys").mkdir()
    other.sealer = Sealer(tmp_path / "keys")
    (tmp_path / "theirs.pem").write_bytes(other.sealer.public())
    said = verifying.verify(bag, key=tmp_path / "theirs.pem")
    assert [one.kind for one in said.findings] == ["signature"]
    assert said.key_id == other.sealer.key_id()
    assert verifying.verify(bag, key=whole / "public_key.pem").status == 0


def test_names_that_lead_elsewhere_links_and_files_to_fetch_are_refused(bag, tmp_path):
    (tmp_path / "secret").write_text("x")
    manifest = bag / "manifest-sha256.txt"
    manifest.write_text(manifest.read_text() + f"{'0' * 64}  data/../../secret\n")
    (bag / "fetch.txt").write_text("https://example.org/x - data/x\n")
    (bag / "data" / "link").symlink_to(tmp_path / "secret")
    kinds = {(one.kind, one.file) for one in verifying.verify(bag).findings}
    assert {("unsafe", "fetch.txt"), ("unsafe", "data/link"), ("unsafe", "manifest-sha256.txt")} <= kinds


@pytest.mark.parametrize(
    "name",
    [
        "/etc/passwd",
        "../x",
        "data/../../x",
        "C:\\x",
        "data\\x",
        "data/a:b",
        "~/x",
        "data//x",
        "./data/x",
        "data/x\n",
        "",
    ],
)
def test_only_plain_names_are_safe(name):
    assert not is_safe(name)


@pytest.mark.skipif(sys.platform != "linux", reason="the department's machines")
def test_python_and_openssl_alone_are_enough(bag):
    """Without any package: -I and -S leave the standard library only."""
    if shutil.which("openssl") is None:
        missing("openssl")

    def run():
        told = subprocess.run(
            [sys.executable, "-I", "-S", bag / "verify.py", bag], capture_output=True, text=True, check=False
        )
        return told.returncode, told.stdout

    assert run()[0] == 0
    assert "It is what left." in run()[1]
    content = bytearray((bag / SIGNATURE).read_bytes())
    content[3] ^= 1
    (bag / SIGNATURE).write_bytes(content)
    status, said = run()
    assert (status, "signature: seal.txt" in said) == (1, True)


def test_what_the_readme_says_holds(bag):
    """Its lines, as a lawyer's clerk types them."""
    if shutil.which("openssl") is None:
        missing("openssl")
    lines = [line.strip() for line in (bag / "README.txt").read_text().splitlines()]
    commands = [line for line in lines if line.startswith(("sha256sum", "openssl pkeyutl"))]
    assert len(commands) == 4
    for command in commands:
        subprocess.run(command, shell=True, cwd=bag, check=True, capture_output=True)
    (bag / "data" / "reads.json").write_text("[]")
    told = subprocess.run(commands[-1], shell=True, cwd=bag, check=False, capture_output=True, text=True)
    assert (told.returncode, "data/reads.json: FAILED" in told.stdout) == (1, True)
