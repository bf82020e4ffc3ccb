"""Sessions by cookie, forms of other sites, headers, sizes, names, rates: the layers around every page."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpr_assets import errors
from alpr_assets.access.people import SessionKind
from alpr_assets.access.record.entries import RecordUnavailableError
from alpr_assets.access.roles import Role
from alpr_assets.console.forgery import same_origin
from alpr_assets.console.hosts import known_hosts
from alpr_assets.console.rates import KEPT, Buckets, Rate, network
from alpr_assets.console.responding import STATUS, status_of
from alpr_assets.console.security import BY_ITSELF
from alpr_assets.console.shield import BODY_BYTES, UPLOAD_BYTES, host_name
from alpr_assets.errors import AlprError, ConfigurationError
from alpr_assets.settings import Settings
from tests.console.consoles import HOST, Browser, Clock, Console, with_settings
from tests.console.test_door import START

# ── use of a session ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("422.6(a)")
def test_an_idle_session_ends_although_its_page_polls(behind: Console):
    """Thirty minutes without a person: Dagster's page asks every few seconds by itself."""
    who = behind.member(Role.ENGINEER)
    browser = behind.browser(who, navigates=False)
    started = behind.clock.now
    try:
        for _ in range(10):
            behind.clock.move(minutes=3)
            polled = browser.post("/dagster/graphql", json={"query": "{ version }"}).status_code
            browser.get("/dagster/favicon.png")
        assert polled == 401
    finally:
        behind.clock.now = started


@pytest.mark.parametrize("use", ["page", "mutation"])
def test_pages_opened_and_mutations_keep_a_session_alive(behind: Console, use: str):
    browser = behind.browser(behind.member(Role.ENGINEER), navigates=use == "page")
    started = behind.clock.now
    try:
        for _ in range(5):
            behind.clock.move(minutes=20)
            answer = (
                browser.get("/dagster/runs")
                if use == "page"
                else browser.post("/dagster/graphql", json={"query": START})
            )
            assert answer.status_code == 200
    finally:
        behind.clock.now = started


def test_what_an_open_page_asks_by_itself_keeps_no_session_alive(console: Console):
    """A page of hits left open: its banner and its rows are asked for again and again, and the session still ends."""
    assert BY_ITSELF == ("/hits/banner", "/hits/refresh", "/hits/stream")
    browser = console.browser(Role.OFFICER)
    why = {"form_token": console.form_token(browser), "purpose": "stolen_vehicle", "case_number": "26-01234"}
    found = []
    for _ in range(11):
        console.clock.move(minutes=3)
        found.append((browser.get("/hits/banner").status_code, browser.post("/hits/refresh", data=why).status_code))
    assert found[0] == (200, 200)
    assert found[-1] == (303, 303)


def test_an_open_websocket_does_not_keep_a_session_alive(behind: Console):
    browser = behind.browser(behind.member(Role.ENGINEER))
    started = behind.clock.now
    try:
        with browser.websocket_connect("/dagster/graphql", subprotocols=["graphql-ws"]) as opened:
            behind.clock.move(minutes=30)
            assert opened.receive()["code"] == 4401
    finally:
        behind.clock.now = started


def test_the_cookie_is_kept_from_scripts_and_other_sites(console: Console):
    """Under TLS it has the prefix that binds it to this host; without, only loopback is served."""
    for scheme, name in (("https", "__Host-alpr"), ("http", "alpr")):
        browser = console.browser(Role.OFFICER, scheme=scheme)
        browser.headers["cookie"] = f"{name}={console.token(console.members[Role.OFFICER])}"
        token = console.form_token(browser)
        gone = browser.post("/sign-out", data={"form_token": token})
        cookie = gone.headers["set-cookie"].lower()
        assert cookie.startswith(f"{name.lower()}=")
        assert {"httponly", "samesite=strict", "path=/"} <= set(cookie.replace(" ", "").split(";"))
        assert ("secure" in cookie) == (scheme == "https")
        assert browser.get("/").status_code == 303


def test_under_tls_a_cookie_without_the_prefix_is_nobodys(console: Console):
    """Another host of the department's could set it."""
    browser = console.browser(scheme="https")
    browser.headers["cookie"] = f"alpr={console.token(console.member(Role.OFFICER))}"
    assert browser.get("/").status_code == 303


def test_two_cookies_of_one_name_are_none(console: Console):
    browser = console.browser()
    token = console.token(console.member(Role.OFFICER))
    browser.headers["cookie"] = f"alpr={token}; alpr={token}"
    assert browser.get("/").status_code == 303


# ── forms of other sites ───────────────────────────────────────────────────────────────────────────────────────────


def test_a_form_needs_its_token(console: Console):
    browser = console.browser(Role.OFFICER)
    right = console.form_token(browser)
    other = console.form_token(console.browser(Role.DISPATCHER))
    for wrong in ({}, {"form_token": ""}, {"form_token": other}, {"form_token": right[:-1]}):
        assert browser.post("/sign-out", data=wrong).status_code == 403
    assert browser.post("/sign-out", headers={"x-form-token": right}).status_code == 303


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"}, {"origin": "null"}, {"origin": f"https://{HOST}"}, {"origin": "http://localhost"},
        {"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"},
    ],
)  # fmt: skip
def test_another_sites_request_is_refused_although_the_token_is_right(console: Console, headers: dict[str, str]):
    browser = console.browser(Role.ENGINEER)
    token = console.form_token(browser)
    assert browser.post("/sign-out", data={"form_token": token}, headers=headers).status_code == 403
    assert browser.post("/sign-in", data={"user": "x", "password": "y"}, headers=headers).status_code == 403


def test_a_browser_that_does_not_say_where_from_is_refused(console: Console):
    browser = console.browser(Role.OFFICER)
    token = console.form_token(browser)
    del browser.headers["origin"], browser.headers["sec-fetch-site"]
    assert browser.post("/sign-out", data={"form_token": token}).status_code == 403


def test_another_sites_script_reaches_neither_dagster_nor_its_socket(behind: Console):
    browser = behind.browser(Role.ENGINEER, navigates=False)
    browser.headers["origin"] = "https://evil.example"
    assert browser.post("/dagster/graphql", json={"query": "{ version }"}).status_code == 403
    with (
        pytest.raises(Exception, match=r"4403|") as closed,
        browser.websocket_connect("/dagster/graphql", subprotocols=["graphql-ws"]),
    ):
        pass
    assert closed.value.code == 4403


def test_a_session_by_cookie_needs_the_token_at_the_data_api_too(console: Console):
    browser = console.browser(Role.ANALYST, navigates=False)
    assert browser.post("/api/sign-out").status_code == 403


@given(st.text(max_size=40), st.sampled_from(["http", "https"]))
def test_no_origin_but_the_own_is_the_own(origin: str, scheme: str):
    headers = [(b"host", b"localhost:8422"), (b"origin", origin.encode("latin-1", "replace"))]
    scope = {"type": "http", "scheme": scheme, "headers": headers}
    assert same_origin(scope) == (origin == f"{scheme}://localhost:8422")


# ── headers, sizes, names ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "path", ["/policy", "/sign-in", "/", "/nothing", "/api/me", "/static/console.css", "/dagster/overview"]
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_every_answer_carries_the_same_headers(behind: Console, path: str, scheme: str):
    headers = Browser(behind.app, scheme=scheme).get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert ("strict-transport-security" in headers) == (scheme == "https")
    assert headers["cache-control"] == ("private, max-age=3600" if path.startswith("/static") else "no-store")
    assert "server" not in headers


def test_dagsters_pages_talk_to_no_other_host(behind: Console):
    answer = behind.browser(Role.ENGINEER).get("/dagster/overview")
    policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
    assert policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["object-src"] == "'none'"
    assert "unsafe-inline" not in policy["script-src"]
    assert policy["script-src"].split("'")[1].removeprefix("nonce-") in answer.text


def test_our_pages_run_files_of_ours_only_and_hold_no_script_nor_style_themselves(console: Console):
    for role in Role:
        browser = console.browser(role)
        for path in (
            "/",
            "/policy",
            "/sign-in",
            "/members",
            "/hits",
            "/search/plate",
            "/sessions",
            "/record",
            "/nothing",
        ):
            text = browser.get(path).text.lower()
            scripts = re.findall(r"<script[^>]*>.*?</script>", text, re.DOTALL)
            assert len(scripts) == text.count("<script")
            for script in scripts:
                assert re.fullmatch(r'<script src="/static/[\w./-]+" defer></script>', script), script
            assert not re.search(r"\son\w+=|javascript:|hx-on|hx-vals=.js", text)
            assert " style=" not in text
            assert "<style" not in text
            assert "http://" not in text.replace(f"http://{HOST}", "").replace("http://www.w3.org", "")


@pytest.mark.parametrize("lies", [True, False])
def test_more_than_a_page_takes_is_refused(console: Console, lies: bool):
    """Whether the length is told, or the bytes just go on."""
    browser = console.browser(Role.OFFICER)
    chunk = b"x" * 65_536

    def body():
        for _ in range(BODY_BYTES // len(chunk) + 1):
            yield chunk

    content = body() if lies else b"".join(body())
    answer = browser.post("/sign-out", content=content, headers={"content-type": "application/x-www-form-urlencoded"})
    assert answer.status_code == 413


def test_a_page_that_takes_a_file_takes_more(console: Console):
    browser = console.browser(Role.CUSTODIAN)
    token = console.form_token(browser)
    whole = {"file": ("chief.pdf", b"%PDF-" + b"x" * (UPLOAD_BYTES - 1_500_000), "application/pdf")}
    told = {"form_token": token, "name": "Ana Ruiz", "title": "Captain", "from_on": "2026-06-01"}
    assert browser.post("/designee", data=told, files=whole).status_code == 303
    more = {"file": ("chief.pdf", b"%PDF-" + b"x" * UPLOAD_BYTES, "application/pdf")}
    assert browser.post("/designee", data=told, files=more).status_code == 413


def test_the_console_answers_to_its_own_names_only():
    assert known_hosts(Settings(host="127.0.0.1")) == {"localhost", "127.0.0.1", "[::1]"}
    assert known_hosts(Settings(host="0.0.0.0", hosts="alpr.pd.example, alpr")) == {"alpr.pd.example", "alpr"}
    assert known_hosts(Settings(host="10.0.0.8")) == {"10.0.0.8"}
    assert "alpr.pd.example" in known_hosts(Settings(console_url="https://alpr.pd.example:8422"))
    with pytest.raises(ConfigurationError, match="no name"):
        known_hosts(Settings(host="0.0.0.0"))


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("localhost", "localhost"), ("LOCALHOST:8422", "localhost"), ("[::1]:8422", "[::1]"), ("a.example.", "a.example"),
        ("a b", ""), ("a/b", ""), ("a@b", ""), ("", ""), ("a:b", ""), ("a:1:2", ""), ("ä.example", ""),
    ],
)  # fmt: skip
def test_a_host_header_is_a_name_and_a_port(header: str, name: str):
    assert host_name(header) == name


def test_a_name_of_the_settings_is_answered(console: Console):
    named = with_settings(console, host="0.0.0.0", hosts="alpr.pd.example")
    assert Browser(named.app).get("/policy", headers={"host": "alpr.pd.example:8422"}).status_code == 200
    assert Browser(named.app).get("/policy", headers={"host": "localhost"}).status_code == 400


# ── rates ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_script_that_tries_many_accounts_is_slowed_down(console: Console):
    browser = console.browser()
    browser.headers["origin"] = "https://evil.example"  # refused behind the rates, so that no password is hashed here
    found = [browser.post("/sign-in", data={"user": f"u{i}", "password": "x"}) for i in range(40)]
    assert [answer.status_code for answer in found[:30]] == [403] * 30
    assert found[-1].status_code == 429
    assert found[-1].headers["retry-after"] == "1"
    assert "try again in 1 s" in found[-1].text
    assert browser.get("/policy").status_code == 200


@given(st.lists(st.floats(0, 30), max_size=80))
def test_no_more_than_the_burst_and_one_every_while_passes(waits: list[float]):
    now, taken, start = 0.0, 0, 0.0
    buckets = Buckets(Rate(burst=5, seconds=3), clock=lambda: now)
    for wait in waits:
        now += wait
        told = buckets.wait("key")
        taken += told == 0
        assert taken <= 5 + (now - start) / 3 + 1e-6
        if told:
            now += told + 1e-6
            assert buckets.wait("key") == 0
            taken += 1


def test_buckets_do_not_grow_without_end():
    buckets = Buckets(Rate(burst=1, seconds=1000), clock=lambda: 0.0)
    for key in range(KEPT + 500):
        buckets.wait(key)
    assert len(buckets._empty_until) <= KEPT


@pytest.mark.parametrize(
    ("told", "found"),
    [("192.0.2.7", "192.0.2.7"), ("2001:db8::1", "2001:db8::/64"), ("2001:db8::ffff", "2001:db8::/64"), ("", ""), ("testclient", "testclient")],
)  # fmt: skip
def test_an_asker_is_known_by_what_he_cannot_change(told: str, found: str):
    assert network({"client": (told, 1)}) == found


# ── errors ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_error_of_ours_has_a_status_and_the_table_no_dead_line():
    found = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, AlprError)]
    found.append(RecordUnavailableError)
    for kind in found:
        reasons = ("no",) if kind is errors.AccessRefusedError else None
        error = kind(reasons) if reasons else kind.__new__(kind)
        assert 400 <= status_of(error)[0] < 600
    kinds = [kind for kind, _, _ in STATUS]
    for i, kind in enumerate(kinds):
        assert not any(issubclass(kind, before) for before in kinds[:i]), f"{kind} is never reached"
    assert kinds[-1] is AlprError


def test_what_nobody_foresaw_tells_neither_trace_nor_plate(
    console: Console, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    def fails(*_args, **_more):
        raise RuntimeError("7ABC123")

    monkeypatch.setattr("alpr_assets.console.pages.searches.history.plate_history", fails)
    browser = console.browser(Role.ANALYST)
    form = {
        "form_token": console.form_token(browser),
        "purpose": "stolen_vehicle",
        "case_number": "26-01234",
        "plate": "7ABC123",
    }
    answer = browser.post("/search/plate", data=form)
    assert answer.status_code == 500
    assert "7ABC123" not in answer.text
    assert "Traceback" not in answer.text
    assert "7ABC123" not in caplog.text
    assert "RuntimeError" in caplog.text


def test_a_token_of_a_program_is_asked_for_no_form(console: Console):
    api = Browser(console.app, navigates=False)
    token = console.token(console.member(Role.ANALYST), kind=SessionKind.NOTEBOOK)
    del api.headers["origin"], api.headers["sec-fetch-site"]
    assert api.post("/api/sign-out", headers={"authorization": f"Bearer {token}"}).status_code < 300


def test_a_clock_stands_still_until_it_is_moved():
    clock = Clock()
    assert clock() == clock()
