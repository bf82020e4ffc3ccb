"""The program for outsiders: what it proves by itself, and that what it cannot check is never a pass."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from alpr_assets.access.people import SYSTEM
from alpr_assets.access.record import verifying
from alpr_assets.access.record.exporting import export_record, snapshot
from alpr_assets.access.record.heads import head_json
from alpr_assets.access.record.log import AccessRecord
from alpr_assets.access.record.places import Place
from alpr_assets.access.record.proving import prove_consistency, prove_inclusion
from alpr_assets.access.record.verifying import Claim, Leaf, Verifier, compare, read_claim, verify_export
from alpr_assets.cli import main
from alpr_assets.errors import VerificationError
from alpr_assets.settings import settings
from tests.access.record.records import BEGUN, an_entry, another_key, changed, forge, grown, leaves, owning, witnessed

pytestmark = pytest.mark.clause("422.6(a)")


def test_it_needs_the_standard_library_and_cryptography_only() -> None:
    tree = ast.parse(Path(verifying.__file__).read_text(encoding="utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in names} - sys.stdlib_module_names == {"cryptography"}


# ── a server that shows two people two records ─────────────────────────────────────────────────────────────────────


def two_faced(place: Place, tmp_path: Path) -> tuple[Path, Path, Path]:
    """What the clerk was shown, what the auditor was shown of the same size, and what he was shown later; signed by one key."""
    grown(place, 9)
    clerk = witnessed(place, tmp_path / "clerk.json")
    with owning(place) as connection:
        kept = leaves(connection)
        forge(connection, place, [*kept[:6], *(changed(leaf, purpose="other") for leaf in kept[6:])])
    auditor = witnessed(place, tmp_path / "auditor.json")
    grown(place, 3, start=BEGUN + timedelta(hours=1))
    return clerk, auditor, witnessed(place, tmp_path / "later.json")


def test_two_heads_of_one_size_are_proof_by_themselves(place: Place, tmp_path: Path) -> None:
    clerk, auditor, _ = two_faced(place, tmp_path)
    agree, said = compare(read_claim(clerk), read_claim(auditor))
    assert agree is False
    assert said.startswith("EQUIVOCATION")
    done = subprocess.run(
        [sys.executable, "-I", verifying.__file__, "--compare", clerk, auditor],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, "EQUIVOCATION" in done.stdout) == (1, True)


def test_heads_of_two_sizes_are_proof_where_one_has_hashes_or_with_the_export(place: Place, tmp_path: Path) -> None:
    clerk, auditor, later = two_faced(place, tmp_path)
    assert compare(read_claim(clerk), read_claim(later))[0] is False
    assert compare(read_claim(auditor), read_claim(later))[0] is True
    bare = witnessed(place, tmp_path / "paper.json", bare=True)
    assert compare(read_claim(clerk), read_claim(bare))[0] is None
    export = tmp_path / "export.jsonl"
    export_record(place, export)
    assert verifying.main(["--compare", str(clerk), str(bare)]) == 1
    assert verifying.main(["--compare", str(clerk), str(bare), str(export)]) == 1
    assert verifying.main(["--compare", str(auditor), str(bare), str(export)]) == 0


def test_a_head_that_nobody_signed_accuses_nobody(place: Place, tmp_path: Path) -> None:
    grown(place, 3)
    true = read_claim(witnessed(place, tmp_path / "clerk.json", bare=True))
    forged = true._replace(root=bytes(32))
    agree, said = compare(true, forged)
    assert agree is False
    assert "not authentic" in said
    assert not Verifier([forged]).finish().ok


# ── proofs ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def proven(proof: dict[str, Any], folder: Path, *arguments: str | Path) -> tuple[int, str]:
    path = folder / "proof.json"
    path.write_text(json.dumps(proof), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-I", verifying.__file__, "--proof", path, *arguments],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def test_an_entry_is_proven_to_whoever_has_a_head(place: Place, tmp_path: Path) -> None:
    grown(place, 20)
    head = witnessed(place, tmp_path / "clerk.json", bare=True)
    with snapshot(place.engine) as connection:
        proof = prove_inclusion(connection, 13)
        with pytest.raises(VerificationError, match="no entry 21"):
            prove_inclusion(connection, 21)
    assert proven(proof, tmp_path, "--head", head, "--key", head) == (0, "entry 13 is in the record of 21 entries\n")
    for bad in (
        {"leaf": proof["leaf"] + " "},
        {"record_id": 12},
        {"path": proof["path"][:-1]},
        {"path": ["00" * 32] * 5},
    ):
        code, said = proven({**proof, **bad}, tmp_path)
        assert (code, "NOT PROVEN" in said) == (1, True)
    stranger = tmp_path / "stranger.hex"
    stranger.write_text(another_key().public.hex())
    assert proven(proof, tmp_path, "--key", stranger)[0] == 1


def test_a_kept_head_is_proven_to_be_the_beginning(place: Place, tmp_path: Path) -> None:
    grown(place, 6)
    old = witnessed(place, tmp_path / "clerk.json", bare=True)
    with AccessRecord(place, clock=lambda: BEGUN) as record:
        record.change_key(SYSTEM)
    grown(place, 6)
    with snapshot(place.engine) as connection:
        proof = prove_consistency(connection, read_claim(old))
    assert proven(proof, tmp_path, "--head", old)[0] == 0
    assert proven({**proof, "path": proof["path"][1:]}, tmp_path, "--head", old)[0] == 1
    with owning(place) as connection:
        kept = leaves(connection)
        forge(connection, place, [*kept[:3], changed(kept[3], purpose="other"), *kept[4:]])
    with snapshot(place.engine) as connection, pytest.raises(VerificationError, match="does not begin with those 7"):
        prove_consistency(connection, read_claim(old))


# ── whatever is given to it ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "content",
    ["", "{}", "no JSON", '{"format": "another"}', "[]", '{"end": true}', '{"leaf": 5}', '{"head": {}}', "\x00", '{"id":0,"leaf":"{","hash":"zz"}'],
)  # fmt: skip
def test_what_is_no_export_is_not_verified(tmp_path: Path, content: str) -> None:
    path = tmp_path / "export.jsonl"
    path.write_text(content, encoding="utf-8")
    assert not verify_export(path, Verifier()).ok


def test_an_export_cut_short_is_not_verified(place: Place, tmp_path: Path) -> None:
    grown(place, 5)
    path = tmp_path / "export.jsonl"
    assert export_record(place, path) == 6
    lines = path.read_text().splitlines(keepends=True)
    assert verify_export(path, Verifier()).ok
    for n in range(len(lines)):
        path.write_text("".join(lines[:n]))
        assert not verify_export(path, Verifier()).ok


@given(
    st.lists(
        st.builds(Leaf, st.integers(-1, 3), st.text(max_size=8) | st.sampled_from(['{"record_id":0}', '{"record_id":0,"details":3}']), st.binary(max_size=32)),
        max_size=4,
    )
)  # fmt: skip
def test_no_entry_however_odd_stops_the_verification_or_passes(given_leaves: list[Leaf]) -> None:
    verifier = Verifier()
    for leaf in given_leaves:
        verifier.leaf(leaf)
    assert not verifier.finish().ok


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"size": "x"}', "-----BEGIN NOTHING-----"])
def test_a_witness_file_that_is_none_ends_with_status_two(tmp_path: Path, content: str) -> None:
    path = tmp_path / "head.json"
    path.write_text(content)
    for arguments in (["x", "--head", str(path)], ["x", "--key", str(path)], ["--compare", str(path), str(path)]):
        assert verifying.main(arguments) == 2


def test_a_key_is_taken_as_pem_hex_or_head(place: Place, tmp_path: Path) -> None:
    grown(place, 1)
    head = witnessed(place, tmp_path / "head.json")
    raw = read_claim(head).public_key
    (tmp_path / "hex").write_text(raw.hex())
    key = verifying.Ed25519PublicKey.from_public_bytes(raw)
    pem = key.public_bytes(verifying.Encoding.PEM, verifying.PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "pem").write_bytes(pem)
    assert {verifying.read_key(path) for path in (head, tmp_path / "hex", tmp_path / "pem")} == {raw}


# ── the commands ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def command(sqlite_place: Place, monkeypatch: pytest.MonkeyPatch) -> Any:
    """`alpr record …` over a record of eight entries."""
    for name in ("data", "keys", "policy"):
        monkeypatch.setenv(f"ALPR_{name.upper()}", str(getattr(sqlite_place, name)))
    monkeypatch.delenv("ALPR_RECORD_URL", raising=False)
    settings.cache_clear()
    grown(sqlite_place, 7)
    yield lambda *arguments: CliRunner().invoke(main, ["record", *map(str, arguments)], catch_exceptions=False)
    settings.cache_clear()


def test_the_commands_do_what_they_say_and_show_no_query(command: Any, sqlite_place: Place, tmp_path: Path) -> None:
    head, export, program, proof = (tmp_path / name for name in ("head.json", "e.jsonl", "v.py", "proof.json"))
    said = []

    def done(*arguments: str | Path, status: int = 0) -> str:
        result = command(*arguments)
        assert result.exit_code == status, result.output
        said.append(result.output)
        return str(result.output)

    head.write_text(done("head"))
    assert "VERIFIED" in done("verify", "--head", head, "--key", head)
    assert json.loads(done("verify", "--json"))["size"] == 8
    assert "9 entries" in done("export", export)
    program.write_text(done("verifier"))
    ran = subprocess.run([sys.executable, "-I", program, export, "--head", head], capture_output=True, check=False)
    assert ran.returncode == 0
    proof.write_text(done("prove", "3"))
    assert verifying.main(["--proof", str(proof)]) == 0
    done("prove", "--head", head)
    done("prove", status=2)
    done("compare", head, head)
    done("head", "--sheet", tmp_path / "sheet.html")
    assert "nothing" in done("expire")
    done("new-key")
    done("prepare")
    assert "nothing to send" in done("witness")
    assert not any("7ABC123" in text for text in said)
    with owning(sqlite_place) as connection:
        connection.exec_driver_sql("DELETE FROM access_record WHERE record_id = 4")
    assert "entry 4" in done("verify", status=1)
    assert "not recorded" in command("export", export).stderr, "a damaged record still comes out"


def test_a_witness_file_that_is_none_is_told_with_a_remedy(command: Any, tmp_path: Path) -> None:
    (tmp_path / "head.json").write_text("{}")
    result = command("verify", "--head", tmp_path / "head.json")
    assert result.exit_code == 1
    assert "not a head" in result.output
    assert "→" in result.output


def test_without_a_record_every_command_says_so(
    sqlite_place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ALPR_DATA", str(tmp_path / "none"))
    settings.cache_clear()
    for arguments in (["verify"], ["head"], ["export", str(tmp_path / "e")], ["prove", "1"], ["expire"], ["new-key"]):
        result = CliRunner().invoke(main, ["record", *arguments], catch_exceptions=False)
        assert (result.exit_code, "no access record" in result.stderr) == (1, True), result.output
    assert not (tmp_path / "none").exists()
    settings.cache_clear()


def test_a_head_goes_through_json_unchanged(sqlite_place: Place) -> None:
    with AccessRecord(sqlite_place, clock=lambda: BEGUN) as record:
        head = record.append(an_entry()).head
    again = Claim.of(head_json(head, b""))
    assert (again.size, again.root, again.signature) == (head.size, head.root, head.signature)
