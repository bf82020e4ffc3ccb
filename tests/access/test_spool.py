"""A spooled answer comes back as it went in, is noise on the disk, and is gone when it is closed."""

from __future__ import annotations

import io
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpr_assets.access import spool as spool_module
from alpr_assets.access.spool import Chunks, Spool
from alpr_assets.errors import VerificationError


@given(parts=st.lists(st.binary(max_size=200), max_size=20), chunk=st.integers(1, 64))
def test_what_goes_in_comes_out(tmp_path_factory, parts, chunk):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spool_module, "CHUNK", chunk)
        with Spool(tmp_path_factory.getbasetemp()) as spool:
            for part in parts:
                spool.write(part)
            assert b"".join(spool.chunks()) == b"".join(parts)
            assert spool.n_bytes == sum(map(len, parts))


def test_the_disk_holds_no_name_and_no_plate(tmp_path):
    with Spool(tmp_path / "spool") as spool:
        spool.write(b"7ABC123," * 1000)
        spool.finish()
        assert list((tmp_path / "spool").iterdir()) == []
        raw = os.pread(spool._file.fileno(), 1 << 20, 0)
        assert len(raw) > 8000
        assert b"7ABC123" not in raw


@pytest.mark.parametrize("harm", ["flip", "drop the last chunk", "swap"])
def test_an_altered_spool_is_refused(tmp_path, monkeypatch, harm):
    monkeypatch.setattr(spool_module, "CHUNK", 100)
    with Spool(tmp_path) as spool:
        spool.write(b"".join(bytes([i]) * 100 for i in range(3)))
        spool.finish()
        file = spool._file.fileno()
        size = 4 + 100 + 16
        if harm == "flip":
            byte = os.pread(file, 1, 50)
            os.pwrite(file, bytes([byte[0] ^ 1]), 50)
        elif harm == "swap":
            one, other = os.pread(file, size, 0), os.pread(file, size, size)
            os.pwrite(file, other + one, 0)
        else:
            spool._n_chunks -= 1
        with pytest.raises(VerificationError):
            list(spool.chunks())


def test_a_finished_spool_takes_no_more(tmp_path):
    with Spool(tmp_path) as spool:
        spool.finish()
        with pytest.raises(ValueError, match="finished"):
            spool.write(b"late")


def test_what_was_sent_is_gone_also_when_nobody_takes_the_rest(tmp_path, monkeypatch):
    monkeypatch.setattr(spool_module, "CHUNK", 100)
    whole, left = Spool(tmp_path), Spool(tmp_path)
    for spool in (whole, left):
        spool.write(b"7" * 250)
    assert b"".join(whole.sent()) == b"7" * 250
    sending = left.sent()
    assert next(sending) == b"7" * 100
    sending.close()
    for spool in (whole, left):
        with pytest.raises(ValueError, match="closed"):
            next(spool.chunks())


@given(parts=st.lists(st.binary(max_size=30), max_size=20), sizes=st.lists(st.integers(0, 50), max_size=20))
def test_chunks_are_read_as_a_file_is(parts, sizes):
    whole, file = io.BytesIO(b"".join(parts)), Chunks(iter(parts))
    for size in sizes:
        assert file.read(size) == whole.read(size)
    assert file.read() == whole.read()
    assert file.read(1) == b""
