"""Sign-in by an identity provider: a real one on loopback, and one that lies (422.6(a))."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import select

from alpr_assets.access import provider, register, sessions, signing_in
from alpr_assets.access.acting import Office
from alpr_assets.access.openid import Provider, ProviderError
from alpr_assets.access.people import Status
from alpr_assets.access.record.entries import Kind, Outcome, RecordUnavailableError
from alpr_assets.errors import AccessRefusedError, ConfigurationError
from alpr_assets.settings import Settings
from alpr_assets.store import people
from alpr_assets.store.engine import reading
from tests.access.identity import CLIENT, SECRET, Identity, returned, running, shared_secret
from tests.access.people import HERE, NOW, a_member, enrolled, kept

BACK = "https://alpr.example/sign-in/provider/back"


@pytest.fixture(scope="module")
def server() -> Iterator[Identity]:
    with running(Identity(NOW)) as identity:
        yield identity


@pytest.fixture
def identity(server: Identity) -> Identity:
    """The provider in good health."""
    server.person = {"sub": "8f14e45f", "preferred_username": "jdoe"}
    server.claims, server.key, server.alg, server.metadata, server.down = {}, None, "RS256", {}, False
    server.at = NOW
    return server


@pytest.fixture
def known(identity: Identity) -> Provider:
    return Provider(identity.issuer, CLIENT, SECRET)


def sent(office: Office, known: Provider) -> tuple[str, dict[str, str]]:
    """Send a browser to the provider; what it brings back: its cookie and the parameters."""
    started = provider.begin(office, known, BACK, at=NOW)
    answer = httpx.get(started.url)
    assert answer.status_code == 307
    assert answer.headers["location"].startswith(BACK)
    return started.flow, returned(answer.headers["location"])


def come_back(office: Office, known: Provider, minutes: float = 0) -> sessions.Opened:
    flow, parameters = sent(office, known)
    return provider.finish(office, known, flow, parameters, address=HERE, at=NOW + timedelta(minutes=minutes))


def refused(office: Office, known: Provider, reason: str, **changed: Any) -> None:
    flow, parameters = sent(office, known)
    flow = changed.pop("flow", flow)
    at = NOW + timedelta(minutes=changed.pop("minutes", 0))
    with pytest.raises(AccessRefusedError) as error:
        provider.finish(office, known, flow, {**parameters, **changed}, address=HERE, at=at)
    assert error.value.codes == (reason,)
    assert error.value.record_id is not None
    assert kept(office).last.outcome is Outcome.REFUSED
    assert kept(office).last.reasons == (reason,)
    with reading(office.engine) as connection:
        assert not connection.execute(select(people.member_session)).all()


@pytest.mark.clause("422.6(a)")
def test_a_member_comes_in_and_our_second_factor_is_asked_for(
    office: Office, identity: Identity, known: Provider
) -> None:
    member = a_member(office, user_name="jdoe", password=None)
    app = enrolled(office, member)
    opened = come_back(office, known)
    assert opened.session.must_verify
    assert not opened.session.must_change_password
    (entry,) = kept(office).entries
    assert (entry.kind, entry.outcome, entry.actor.member_id) == (Kind.SIGN_IN, Outcome.DONE, member.member_id)
    assert entry.details["bound"] is True
    assert signing_in.verify_code(office, opened.token, app.at(NOW), at=NOW).session.must_acknowledge


@pytest.mark.parametrize(
    ("said", "trusted"),
    [
        ({"amr": ["pwd", "mfa"]}, True), ({"acr": "https://refeds.org/profile/mfa"}, True), ({"amr": ["pwd"]}, False),
        ({"amr": "mfa"}, False), ({"acr": "0"}, False), ({"amr": [["mfa"]]}, False), ({}, False),
    ],
)  # fmt: skip
def test_the_providers_second_factor_counts_only_where_it_says_so(
    sqlite_office: Office, identity: Identity, known: Provider, said: dict[str, Any], trusted: bool
) -> None:
    a_member(sqlite_office, user_name="jdoe", password=None)
    identity.claims = said
    session = come_back(sqlite_office, known).session
    assert session.must_enrol is not trusted
    assert session.must_acknowledge


def test_a_member_is_bound_to_the_first_subject(office: Office, identity: Identity, known: Provider) -> None:
    """The provider may rename people, and give a name to another: the subject is who it is."""
    member, other = (a_member(office, user_name=name, password=None) for name in ("jdoe", "pat"))
    come_back(office, known)
    identity.person = {"sub": "8f14e45f", "preferred_username": "pat"}
    assert come_back(office, known).session.member.member_id == member.member_id
    identity.person = {"sub": "another", "preferred_username": "jdoe"}
    with pytest.raises(AccessRefusedError, match="another subject"):
        come_back(office, known)
    identity.person = {"sub": "another", "preferred_username": "pat"}
    assert come_back(office, known).session.member.member_id == other.member_id


def test_who_is_no_member_is_refused_and_not_made_one(office: Office, identity: Identity, known: Provider) -> None:
    identity.person = {"sub": "x", "preferred_username": "stranger"}
    refused(office, known, "unknown_member")
    assert register.members(office.engine) == []
    assert "stranger" not in repr(kept(office).entries)


def test_who_may_not_come_in_is_not_bound_either(office: Office, identity: Identity, known: Provider) -> None:
    member = a_member(office, user_name="jdoe", status=Status.PROPOSED)
    refused(office, known, "not_active")
    with reading(office.engine) as connection:
        assert connection.scalar(select(people.member.c.provider_subject)) is None
    assert register.member(office.engine, member.member_id).status is Status.PROPOSED


def test_ninety_idle_days_suspend_here_too(office: Office, identity: Identity, known: Provider) -> None:
    a_member(office, user_name="jdoe", at=NOW - timedelta(days=90))
    refused(office, known, "inactive")
    refused(office, known, "not_active")


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"state": "another"}, "state"), ({"state": ""}, "state"), ({"state": "\ud800"}, "state"),
        ({"iss": "https://evil.example"}, "issuer"), ({"code": "guessed"}, "code"), ({"flow": ""}, "flow"),
        ({"flow": "AAAA"}, "flow"), ({"flow": "é"}, "flow"), ({"minutes": 10}, "flow_expired"),
        ({"minutes": -1}, "flow_expired"),
    ],
)  # fmt: skip
def test_a_return_that_is_not_ours_is_refused(
    sqlite_office: Office, identity: Identity, known: Provider, changed: dict[str, Any], code: str
) -> None:
    a_member(sqlite_office, user_name="jdoe")
    refused(sqlite_office, known, code, **changed)


def test_a_code_is_good_once_and_in_the_browser_that_was_sent(
    sqlite_office: Office, identity: Identity, known: Provider
) -> None:
    """Else who steals a code, or has somebody follow his link, signs in as another."""
    office = sqlite_office
    a_member(office, user_name="jdoe")
    mine, his = sent(office, known), sent(office, known)
    with pytest.raises(AccessRefusedError) as error:
        provider.finish(office, known, mine[0], his[1], address=HERE, at=NOW)
    assert error.value.codes == ("state",)
    with pytest.raises(AccessRefusedError) as error:  # his code under my state: the proof is another
        provider.finish(office, known, mine[0], {**his[1], "state": mine[1]["state"]}, address=HERE, at=NOW)
    assert error.value.codes == ("code",)
    provider.finish(office, known, *mine, address=HERE, at=NOW)
    with pytest.raises(AccessRefusedError) as error:
        provider.finish(office, known, *mine, address=HERE, at=NOW)
    assert error.value.codes == ("code",)


def test_a_person_whom_the_provider_turns_away_is_refused(
    sqlite_office: Office, identity: Identity, known: Provider
) -> None:
    flow, parameters = sent(sqlite_office, known)
    denied = {"error": "access_denied", "state": parameters["state"], "iss": identity.issuer}
    with pytest.raises(AccessRefusedError, match="did not let this person in"):
        provider.finish(sqlite_office, known, flow, denied, address=HERE, at=NOW)


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example"}, {"aud": "another-system"}, {"aud": [CLIENT, "another"]}, {"azp": "another"},
        {"nonce": "replayed"}, {"nonce": None}, {"exp": int(NOW.timestamp()) - 61}, {"exp": None}, {"sub": None},
        {"iat": int(NOW.timestamp()) + 3600}, {"nbf": int(NOW.timestamp()) + 3600},
    ],
    ids=str,
)  # fmt: skip
def test_a_token_that_is_not_for_us_now_is_refused(
    sqlite_office: Office, identity: Identity, known: Provider, claims: dict[str, Any]
) -> None:
    a_member(sqlite_office, user_name="jdoe")
    identity.claims = claims
    refused(sqlite_office, known, "id_token")


def test_a_token_for_several_is_taken_when_we_are_who_asked(
    sqlite_office: Office, identity: Identity, known: Provider
) -> None:
    a_member(sqlite_office, user_name="jdoe")
    identity.claims = {"aud": [CLIENT, "another"], "azp": CLIENT}
    assert come_back(sqlite_office, known)


def test_a_signature_by_any_other_key_is_refused(sqlite_office: Office, identity: Identity, known: Provider) -> None:
    """The client's secret signs nothing, and neither does nobody: both were holes in many libraries."""
    a_member(sqlite_office, user_name="jdoe")
    for key, alg in ((Identity(NOW).published, "RS256"), (shared_secret(), "HS256"), (shared_secret(), "none")):
        identity.key, identity.alg = key, alg
        refused(sqlite_office, known, "id_token")


def test_a_provider_that_does_not_answer_as_one_is_told_apart(
    sqlite_office: Office, identity: Identity, known: Provider
) -> None:
    identity.down = True
    with pytest.raises(ProviderError, match="does not answer"):
        provider.begin(sqlite_office, known, BACK, at=NOW)
    identity.down = False
    for metadata in ({"issuer": "https://evil.example"}, {"token_endpoint": None}):
        identity.metadata = metadata
        with pytest.raises(ProviderError):
            provider.begin(sqlite_office, known, BACK, at=NOW)
    identity.metadata = {"token_endpoint": "http://198.51.100.7/token"}
    with pytest.raises(ConfigurationError, match="TLS"):
        provider.begin(sqlite_office, known, BACK, at=NOW)
    identity.metadata = {}
    a_member(sqlite_office, user_name="jdoe")
    identity.key, identity.alg = object(), "RS256"  # breaks its answer
    with pytest.raises(ProviderError):
        come_back(sqlite_office, known)
    identity.key = None
    with pytest.raises(ProviderError):  # who has another secret is not told apart from one who lacks a provider
        come_back(sqlite_office, Provider(identity.issuer, CLIENT, "another"))
    with pytest.raises(ProviderError):
        provider.begin(sqlite_office, Provider("http://127.0.0.1:9", CLIENT, SECRET), BACK, at=NOW)


def test_neither_url_nor_cookie_tells_the_proof(sqlite_office: Office, identity: Identity, known: Provider) -> None:
    started = provider.begin(sqlite_office, known, BACK, at=NOW)
    assert SECRET not in started.url
    assert "code_verifier" not in started.url
    assert identity.issuer not in started.flow
    assert SECRET not in repr(known)
    assert started.flow not in repr(started)


def test_nobody_comes_in_while_the_record_is_down(office: Office, identity: Identity, known: Provider) -> None:
    a_member(office, user_name="jdoe")
    flow, parameters = sent(office, known)
    kept(office).down = True
    with pytest.raises(RecordUnavailableError):
        provider.finish(office, known, flow, parameters, address=HERE, at=NOW)
    with reading(office.engine) as connection:
        assert not connection.execute(select(people.member_session)).all()
        assert connection.scalar(select(people.member.c.provider_subject)) is None


def test_the_environment_names_a_provider_reached_by_tls() -> None:
    def of(**values: Any) -> Provider | None:
        return provider.configured(Settings(**values))

    assert of() is None
    found = of(oidc_issuer="https://id.example/", oidc_client_id="alpr", oidc_client_secret=SecretStr("s"))
    assert found == Provider("https://id.example/", "alpr", "s")
    for issuer in ("http://id.example", "ftp://id.example", "id.example", "https://", "https://["):
        with pytest.raises(ConfigurationError):
            of(oidc_issuer=issuer, oidc_client_id="alpr")
    with pytest.raises(ConfigurationError, match="CLIENT_ID"):
        of(oidc_issuer="https://id.example")
