"""The client against a real console: frames, pictures, files, errors with their remedy, and a record that is followed."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pandas as pd
import pytest

from alpr_assets.access.record.entries import RecordUnavailableError
from alpr_assets.access.roles import Role
from alpr_assets.certificates import self_signed
from alpr_assets.client import Client, HeadBook, Why
from alpr_assets.client.areas import circle
from alpr_assets.client.incidents import Incident
from alpr_assets.errors import AccessRefusedError, AlprError, MalformedError, NotFoundError, VerificationError
from alpr_assets.lifecycle.watches import listing
from alpr_assets.search import history, hits, partial, path, tolerant
from alpr_assets.search.canvass import coverage, gathering, vehicles
from alpr_assets.search.convoy import companions
from tests.live import CASE, PASSWORD, PURPOSE, ROUTE, STOLEN, Live, served
from tests.patrols import AT

WHY = Why(PURPOSE, CASE)


@pytest.fixture
def client(live: Live, user: str) -> Iterator[Client]:
    with Client() as opened:
        opened.sign_in(user, PASSWORD, live.code(user), label="test")
        yield opened


@pytest.mark.clause("422.4(a)")
def test_a_history_is_a_frame_of_documented_columns(client: Client) -> None:
    served = client.plate_history("7abc 123", WHY, since=AT, until=AT + timedelta(minutes=30), state="CA")
    frame = served.value
    assert list(frame.columns) == list(history.COLUMNS)
    assert frame["device_id"].tolist() == ["cam-2", "cam-1", "cam-0"]
    assert str(frame["captured_at"].dtype) == "datetime64[us, UTC]"
    assert frame["sighting_id"].dtype == pd.Int64Dtype()
    assert client.plate_history("1UNSEEN", WHY).value.columns.tolist() == list(history.COLUMNS)


@pytest.mark.clause("422.4(c)")
def test_partial_plates_come_best_explained_first_in_any_area(client: Client) -> None:
    served = client.partial_plates("7A?C1*", WHY, since=AT, until=AT + timedelta(hours=1))
    frame = served.value
    assert list(frame.columns) == list(partial.COLUMNS)
    assert frame["explained"].is_monotonic_decreasing
    assert (frame["explained"].dtype, frame["possible"].dtype) == ("float64", pd.BooleanDtype())
    client.prove(served.receipt)
    first = ROUTE[0]
    near = client.partial_plates("7A?C1*", WHY, area=circle(*first, 100)).value
    assert near["device_id"].tolist() == ["cam-0"]
    assert client.partial_plates("1NON?*", WHY, area=circle(*first, 100)).value.columns.tolist() == list(frame.columns)


@pytest.mark.clause("422.4(a)")
def test_what_may_be_a_plate_and_its_path_are_frames_of_documented_columns(client: Client) -> None:
    possible = client.possible_plates("8XYZ991", WHY).value
    assert list(possible.columns) == list(tolerant.COLUMNS)
    assert possible["possible"].tolist() == [False, True, True, True, True]
    driven = client.plate_path(STOLEN, WHY, until=AT + timedelta(minutes=30)).value
    assert list(driven.columns) == list(path.COLUMNS)
    assert driven["device_id"].tolist() == ["cam-0", "cam-1", "cam-2"]
    assert driven["gap_s"].tolist()[1:] == [600.0, 600.0]


@pytest.mark.clause("422.4(c)")
def test_a_canvass_is_frames_of_documented_columns_and_what_may_be_missing(client: Client) -> None:
    window = (AT - timedelta(minutes=5), AT + timedelta(minutes=15))
    at_both = [
        Incident(name, [circle(*place, 200)], [window], at=AT) for name, place in zip("AB", ROUTE[:2], strict=True)
    ]
    served = client.canvass(at_both, WHY)
    found = served.value
    assert found.vehicles["plate"].tolist() == [STOLEN]
    assert list(found.vehicles.columns) == list(vehicles.COLUMNS)
    assert list(found.reads.columns) == list(gathering.COLUMNS)
    assert list(found.coverage.columns) == list(coverage.COLUMNS)
    assert found.vehicles["incidents"].tolist() == [["A", "B"]]
    assert str(found.vehicles["nearest_at"].dtype) == "datetime64[us, UTC]"
    assert found.reads["read_id"].dtype == pd.Int64Dtype()
    assert isinstance(found.reads["day"].iloc[0], date)
    assert (found.n_seen, found.counts["n_unread"], found.counts["n_waiting"]) == (3, 0, None)
    client.prove(served.receipt)
    nowhere = Incident("C", [circle(0, 0, 100)], [window])
    empty = client.canvass([nowhere], WHY, partial="7A?C1*", state="CA", heading_deg=90, devices=["cam-0"]).value
    assert list(empty.vehicles.columns) == list(vehicles.COLUMNS)
    assert str(empty.vehicles["nearest_at"].dtype) == "datetime64[us, UTC]"
    assert empty.gaps == ("no reader looked there at all",)
    with pytest.raises(MalformedError):
        client.canvass([nowhere, nowhere], WHY)


@pytest.mark.clause("422.4(c)")
def test_who_travelled_with_a_vehicle_is_frames_of_documented_columns_also_where_nobody_did(client: Client) -> None:
    served = client.co_travel(STOLEN, WHY, since=AT, until=AT + timedelta(hours=1), at_least=2)
    found = served.value
    assert list(found.companions.columns) == list(companions.COLUMNS)
    assert list(found.passes.columns) == list(companions.PASSES)
    assert str(found.companions["first_at"].dtype) == "datetime64[us, UTC]"
    assert (len(found.companions), found.n_own) == (0, 5)
    client.prove(served.receipt)


def test_counts_leave_small_ones_out_unless_somebody_only_looks(client: Client) -> None:
    served = client.counts(WHY, by=["device"], since=AT, area=circle(*ROUTE[0], 100))
    assert list(served.value.columns) == ["device", "n_reads", "suppressed"]
    assert served.value["n_reads"].isna().all()
    assert served.value["suppressed"].all()
    shown = client.counts(WHY, by=["device"], since=AT, area=circle(*ROUTE[0], 100), suppress=False).value
    assert (shown["device"].iloc[0], shown["n_reads"].iloc[0]) == ("cam-0", 2)
    client.prove(served.receipt)


def test_hits_say_why_they_match(client: Client) -> None:
    frame = client.hits(WHY).value
    assert list(frame.columns) == list(hits.COLUMNS)
    assert all(isinstance(why, list) for why in frame["differences"])
    assert frame["state_agrees"].dtype == pd.BooleanDtype()


@pytest.mark.clause("422.4(f)")
def test_a_hit_is_told_as_a_case_and_one_that_is_not_there_is_not_found(client: Client) -> None:
    hit_id = int(client.hits(WHY).value["hit_id"].iloc[0])
    served = client.hit(hit_id, WHY)
    assert (served.value["hit"]["hit_id"], served.value["status"]) == (hit_id, "raised")
    assert "receipt" not in served.value
    client.prove(served.receipt)
    with pytest.raises(NotFoundError):
        client.hit(2**60, WHY)


def test_no_watches_are_a_frame_of_documented_columns_too(client: Client) -> None:
    for running in (None, True, False):
        frame = client.watches(WHY, running=running).value
        assert list(frame.columns) == list(listing.COLUMNS)
        assert frame["supervisor_id"].dtype == pd.Int64Dtype()


def test_a_picture_and_a_file_come_as_bytes(client: Client) -> None:
    row = client.plate_history(STOLEN, WHY).value.iloc[0]
    whole = client.image(row["day"], row["capture_id"], WHY).value
    part = client.image(row["day"], row["capture_id"], WHY, read_id=int(row["read_id"])).value
    assert (whole.media_type, part.media_type) == ("image/jpeg", "image/png")
    file = client.export("plate_history", WHY, plate=STOLEN, since=AT).value
    assert file.content.startswith(b"day,")
    assert file.delete_by > date(2026, 1, 1)
    assert str(file.delete_by) in file.name
    assert STOLEN not in file.name


@pytest.mark.clause("422.6(a)")
def test_each_answer_is_one_entry_and_is_proven_to_be_in_the_record(live: Live, client: Client) -> None:
    before = live.n_recorded()
    served = [client.hits(WHY), client.plate_history(STOLEN, WHY)]
    assert [one.receipt.record_id for one in served] == [before, before + 1]
    for one in served:
        client.prove(one.receipt)
    assert HeadBook.of_user().known()[live.url].size == live.n_recorded()


def test_a_console_whose_record_was_altered_is_told_and_its_answer_is_not_shown(
    live: Live, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if the record had been rewritten on the server after the first answer."""
    client.hits(WHY)
    book = HeadBook.of_user()
    kept = book.path.read_text()
    root = book.known()[live.url].root.hex()
    book.path.write_text(kept.replace(root, "00" * 32))  # what this user was shown was another record
    with pytest.raises(VerificationError, match="is not the one that it was") as caught:
        client.hits(WHY)
    assert "auditor" in caught.value.remedy


def test_refusals_keep_their_reasons_and_their_number_in_the_record(live: Live, client: Client) -> None:
    with pytest.raises(AccessRefusedError) as caught:
        client.hits(Why("immigration", "x"))
    assert caught.value.codes == ("refused_purpose", "no_case")
    assert caught.value.record_id == live.n_recorded() - 1
    with pytest.raises(MalformedError) as malformed:
        client.plate_history("9QX?777", WHY)
    assert malformed.value.code == "plate"
    assert "9QX" not in malformed.value.diagnostics()
    with pytest.raises(NotFoundError):
        client.image(date(2020, 1, 1), 1, WHY)
    with pytest.raises(ValueError, match="time zone"):
        client.hits(WHY, since=datetime(2026, 6, 15))  # noqa: DTZ001 - that is the point


def test_a_record_that_cannot_be_written_is_the_same_error_here(
    live: Live, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_entry: object) -> None:
        raise RecordUnavailableError("the access record cannot be written", remedy="free some room")

    monkeypatch.setattr(live.record, "append", full)
    with pytest.raises(RecordUnavailableError) as caught:
        client.hits(WHY)
    assert caught.value.remedy == "free some room"


def test_a_wrong_password_is_told_without_it(live: Live, user: str) -> None:
    with Client() as opened, pytest.raises(AccessRefusedError) as caught:
        opened.sign_in(user, "wrong horse battery", live.code(user), label="test")
    assert "horse" not in caught.value.diagnostics()


def test_after_signing_out_the_token_is_good_for_nothing(live: Live, client: Client) -> None:
    bearer = client._http.headers["Authorization"]
    client.sign_out()
    with pytest.raises(AccessRefusedError) as caught:
        client.me()
    assert "sign in" in caught.value.remedy
    client.bear(bearer.removeprefix("Bearer "))
    with pytest.raises(AccessRefusedError):
        client.hits(WHY)
    client.bear(live.token(Role.ANALYST))
    client.sign_out()


@pytest.mark.usefixtures("user")
def test_a_console_that_is_not_there_is_told_with_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with Client(f"http://127.0.0.1:{port}") as opened, pytest.raises(AlprError) as caught:
        opened.notice()
    assert "alpr up" in caught.value.remedy


@contextmanager
def something_else(body: bytes, status: int = 200) -> Iterator[str]:
    """A server that is no console."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.usefixtures("user")
def test_an_answer_without_a_receipt_is_not_believed() -> None:
    with something_else(b"{}") as url, Client(url) as opened, pytest.raises(VerificationError, match="receipt"):
        opened.hits(WHY)


@pytest.mark.usefixtures("user")
@pytest.mark.parametrize("status", [302, 404, 500, 503])
def test_a_server_that_is_no_console_is_told_by_its_status(status: int) -> None:
    with something_else(b"<html>", status) as url, Client(url) as opened, pytest.raises(AlprError, match=str(status)):
        opened.hits(WHY)


# ── over TLS ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def tls(live: Live, user: str, tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The same console under a certificate that it signed itself: its address, and the certificate."""
    made = self_signed(tmp_path / "tls", "127.0.0.1", now=datetime.now(UTC))
    with served(live.console.app, ssl_certfile=str(made.certfile), ssl_keyfile=str(made.keyfile)) as address:
        yield f"https://{address}", made.certfile


def test_a_console_is_believed_by_the_certificate_that_one_was_given(
    live: Live, user: str, tls: tuple[str, Path]
) -> None:
    url, certificate = tls
    with Client(url, ca_file=certificate) as opened:
        opened.sign_in(user, PASSWORD, live.code(user), label="test")
        assert len(opened.hits(WHY).value) > 0


def test_a_certificate_that_nobody_gave_is_not_believed_and_hears_no_password(user: str, tls: tuple[str, Path]) -> None:
    url, _ = tls
    with Client(url) as opened, pytest.raises(AlprError, match="certificate") as caught:
        opened.sign_in(user, PASSWORD, "000000", label="test")
    assert "ALPR_CA_FILE" in caught.value.remedy
