"""Is this evidence bag what left the department? Needs nothing but this file, Python and openssl.

    python verify.py [BAG] [--key FILE] [--tsa-ca FILE] [--json]

Here: every check; each finding names the file. The system itself uses these very functions. BAG is the folder that holds bagit.txt; by
default the one that this file lies in.
The chain: seal.txt is signed (Ed25519); it holds the hashes of the tag manifests and of the time stamp; those hold the hashes of
the manifests and of all that describes the bag; those hold the hashes of the evidence (BagIt 1.0, RFC 8493).
What cannot be checked is a finding, never a pass.

Status 0: it is what left; 1: it is not; 2: not everything could be checked.

A key that lies in the bag proves little: whoever makes another bag makes another key. Compare the key id with the one that the
department publishes, or give the department's key by --key.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath

ALGORITHMS = ("sha256", "sha512")
SEAL, SIGNATURE, STAMP, KEY = "seal.txt", "seal.txt.sig", "tagmanifest-sha256.txt.tsr", "public_key.pem"
STAMPED = "tagmanifest-sha256.txt"
UNLISTED = frozenset({SEAL, SIGNATURE, STAMP, *(f"tagmanifest-{name}.txt" for name in ALGORITHMS)})
MOST_BYTES = 16 << 20  # of a manifest: a larger one is not read into memory
RAW_KEY_BYTES = 32


@dataclass(frozen=True)
class Finding:
    """What is wrong. kind: unsafe, missing, added, altered, malformed, signature, stamp, or unchecked; file: within the bag."""

    kind: str
    file: str
    text: str


@dataclass
class Report:
    """sha256: of tagmanifest-sha256.txt, by which the department's booking names the package; key_id: of who signed."""

    sha256: str = ""
    key_id: str = ""
    n_files: int = 0
    stamped: str = ""
    findings: list[Finding] = field(default_factory=list)

    @property
    def status(self) -> int:
        kinds = {one.kind for one in self.findings}
        return 1 if kinds - {"unchecked"} else 2 if kinds else 0

    def add(self, kind: str, file: str, text: str) -> None:
        self.findings.append(Finding(kind, file, text))


def verify(bag: Path, *, key: Path | None = None, tsa_ca: Path | None = None) -> Report:
    """Check a bag.

    Parameters
    ----------
    key : the department's public key, PEM; None: the one in the bag
    tsa_ca : certificate of the time-stamping authority's root, PEM; None: the stamp is not checked
    """
    said = Report()
    there = _walk(bag, said)
    if "fetch.txt" in there:
        said.add("unsafe", "fetch.txt", "a bag of evidence is whole: nothing is fetched from elsewhere")
    _declaration(bag, said)
    sealed = _signature(bag, key, said)
    _hashes(bag, sealed, said, of=SEAL)
    tags = _manifests(bag, "tagmanifest", there, said)
    payload = _manifests(bag, "manifest", there, said)
    for name in sorted(there - set(tags) - set(payload) - UNLISTED):
        said.add("added", name, "is in no manifest")
    for name in ALGORITHMS:
        if f"tagmanifest-{name}.txt" not in sealed:
            said.add("missing", SEAL, f"it does not seal tagmanifest-{name}.txt")
        if f"manifest-{name}.txt" not in tags:
            said.add("missing", "tagmanifest-sha256.txt", f"it does not list manifest-{name}.txt")
    if STAMP in there and STAMP not in sealed:
        said.add("added", STAMP, "is not sealed")
    said.n_files = len(payload)
    said.sha256 = _hashed(bag / STAMPED, "sha256") or ""
    _stamp(bag, STAMP in sealed, tsa_ca, said)
    return said


# ── parts ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def is_safe(name: str) -> bool:
    """Whether a name in a manifest stays inside the bag, on every system."""
    path = PurePosixPath(name)
    plain = not re.search(r"[\x00-\x1f\x7f\\:*?\"<>|~]", name) and name == path.as_posix() and name != "."
    return plain and not path.is_absolute() and ".." not in path.parts


def _walk(bag: Path, said: Report) -> set[str]:
    there = set()
    for path in sorted(bag.rglob("*")):
        name = path.relative_to(bag).as_posix()
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            said.add("unsafe", name, "is a link or no ordinary file")
        elif path.is_file():
            there.add(name)
    return there


def _declaration(bag: Path, said: Report) -> None:
    text = _text(bag, "bagit.txt", said)
    if text is not None and not re.fullmatch(r"BagIt-Version: 1\.0\nTag-File-Character-Encoding: UTF-8\n", text):
        said.add("malformed", "bagit.txt", "is not that of BagIt 1.0")


def _manifests(bag: Path, kind: str, there: set[str], said: Report) -> dict[str, str]:
    """Files that both manifests list, each with what it must hash to; and whether it does."""
    listed: dict[str, dict[str, str]] = {}
    for algorithm in ALGORITHMS:
        name = f"{kind}-{algorithm}.txt"
        text = _text(bag, name, said)
        listed[algorithm] = _lines(text, name, said) if text is not None else {}
    first, second = (listed[one] for one in ALGORITHMS)
    for name in sorted(first.keys() ^ second.keys()):
        said.add("altered", f"{kind}-{ALGORITHMS[name not in first]}.txt", f"lists {name}, and the other one does not")
    for name in sorted(first.keys() | second.keys()):
        if (kind == "manifest") != name.startswith("data/"):
            said.add("malformed", f"{kind}-sha256.txt", f"{name} does not belong there")
        if name not in there:
            said.add("missing", name, "is listed, and is not there")
            continue
        for algorithm in ALGORITHMS:
            if name in listed[algorithm] and _hashed(bag / name, algorithm) != listed[algorithm][name]:
                said.add("altered", name, f"its {algorithm.upper()} is not the one that was listed")
                break
    return {**first, **second}


def _hashes(bag: Path, expected: dict[str, str], said: Report, *, of: str) -> None:
    for name, digest in sorted(expected.items()):
        found = _hashed(bag / name, "sha256")
        if found is None:
            said.add("missing", name, f"{of} lists it, and it is not there")
        elif found != digest:
            said.add("altered", name, f"is not the one that {of} lists")


def _signature(bag: Path, key: Path | None, said: Report) -> dict[str, str]:
    """What the seal lists, where its signature holds; what it lists all the same, with a finding, where it does not."""
    text = _text(bag, SEAL, said)
    pem = key or bag / KEY
    if text is None or not (bag / SIGNATURE).is_file() or not pem.is_file():
        said.add("signature", SIGNATURE, "seal.txt, its signature or the key is missing")
        return {}
    said.key_id = key_id(pem)
    holds = _ed25519(pem, bag / SEAL, bag / SIGNATURE)
    if holds is None:
        said.add("unchecked", SIGNATURE, "neither openssl nor Python's `cryptography` is here to check the signature")
    elif not holds:
        said.add("signature", SEAL, "seal.txt, its signature or the key was altered, or another one signed")
    return _lines(text, SEAL, said)


def key_id(pem: Path) -> str:
    """SHA-256 of an Ed25519 public key's 32 bytes, as the department publishes it; empty: no such key."""
    body = "".join(line for line in pem.read_text(errors="replace").splitlines() if "-----" not in line)
    try:
        raw = base64.b64decode(body, validate=True)[-RAW_KEY_BYTES:]
    except ValueError:
        return ""
    return hashlib.sha256(raw).hexdigest()


def _ed25519(pem: Path, content: Path, signature: Path) -> bool | None:
    try:
        from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - not everywhere
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415
        from cryptography.hazmat.primitives.serialization import load_pem_public_key  # noqa: PLC0415
    except ImportError:
        return _by_openssl(
            "pkeyutl", "-verify", "-pubin", "-inkey", pem, "-rawin", "-in", content, "-sigfile", signature
        )
    try:
        key = load_pem_public_key(pem.read_bytes())
        if not isinstance(key, Ed25519PublicKey):
            return False
        key.verify(signature.read_bytes(), content.read_bytes())
    except (InvalidSignature, ValueError):
        return False
    return True


def _stamp(bag: Path, is_sealed: bool, tsa_ca: Path | None, said: Report) -> None:
    if not is_sealed:
        said.stamped = "not stamped"
        return
    if tsa_ca is None:
        said.stamped = "stamped; not checked: give the authority's root by --tsa-ca"
        return
    holds = _by_openssl("ts", "-verify", "-data", bag / STAMPED, "-in", bag / STAMP, "-CAfile", tsa_ca)
    if holds is None:
        said.add("unchecked", STAMP, "openssl is not here to check the time stamp")
    elif not holds:
        said.add("stamp", STAMP, "does not hold for this bag, or another authority made it")
    else:
        said.stamped = _stamped_at(bag / STAMP)


def _stamped_at(stamp: Path) -> str:
    told = subprocess.run(["openssl", "ts", "-reply", "-in", stamp, "-text"], capture_output=True, check=False)  # noqa: S603, S607
    found = re.search(r"Time stamp: (.+)", told.stdout.decode(errors="replace"))
    return found[1] if found else "stamped"


def _by_openssl(*arguments: str | Path) -> bool | None:
    """Whether openssl says yes; None: it is not here."""
    program = shutil.which("openssl")
    if program is None:
        return None
    with tempfile.TemporaryDirectory() as elsewhere:  # it writes nothing, and reads no configuration beside the bag
        done = subprocess.run([program, *map(str, (Path(a).resolve() if isinstance(a, Path) else a for a in arguments))],  # noqa: S603
                              capture_output=True, check=False, cwd=elsewhere)  # fmt: skip
    return done.returncode == 0


def _lines(text: str, name: str, said: Report) -> dict[str, str]:
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        parts = re.fullmatch(r"([0-9a-f]{64}|[0-9a-f]{128})  (\S.*)", line)
        if parts is None or not is_safe(parts[2]) or parts[2] in found:
            kind = "unsafe" if parts and not is_safe(parts[2]) else "malformed"
            said.add(kind, name, f"line {number} is no hash with the name of a file inside the bag")
            continue
        found[parts[2]] = parts[1]
    return found


def _text(bag: Path, name: str, said: Report) -> str | None:
    path = bag / name
    if not path.is_file() or path.is_symlink():
        said.add("missing", name, "is not there")
        return None
    if path.stat().st_size > MOST_BYTES and not name.startswith("manifest-"):
        said.add("malformed", name, "is larger than such a file can be")
        return None
    try:
        return path.read_bytes().decode()
    except UnicodeDecodeError:
        said.add("altered", name, "is no text in UTF-8 any more")
        return None


def _hashed(path: Path, algorithm: str) -> str | None:
    if not path.is_file() or path.is_symlink():
        return None
    digest = hashlib.new(algorithm)
    with path.open("rb") as file:
        while part := file.read(1 << 20):
            digest.update(part)
    return digest.hexdigest()


def main() -> int:
    """The program."""
    parser = argparse.ArgumentParser(description="Is this evidence bag what left the department?")
    parser.add_argument(
        "bag", nargs="?", type=Path, default=Path(__file__).resolve().parent, help="folder with bagit.txt"
    )
    parser.add_argument("--key", type=Path, help="the department's public key, PEM")
    parser.add_argument("--tsa-ca", type=Path, help="root certificate of the time-stamping authority, PEM")
    parser.add_argument("--json", action="store_true", help="machine-readable")
    given = parser.parse_args()
    said = verify(given.bag, key=given.key, tsa_ca=given.tsa_ca)
    if given.json:
        print(json.dumps({**asdict(said), "status": said.status}, indent=1))
        return said.status
    return told(said)


def told(said: Report) -> int:
    """Say it to a person; returns the status."""
    for one in said.findings:
        print(f"{one.kind}: {one.file}: {one.text}")
    print(("It is what left.", "It is NOT what left.", "Not everything could be checked.")[said.status])
    print(f"{said.n_files} files of evidence; package {said.sha256}; signed by key {said.key_id}; {said.stamped}")
    return said.status


if __name__ == "__main__":
    sys.exit(main())
