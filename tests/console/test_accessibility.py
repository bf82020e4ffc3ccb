"""Every page can be used by everybody: axe-core finds nothing against WCAG 2.2 AA, by day and night, wide and on a phone (422.2).

Which pages, by whom: `visits`. What they show: `everything`. A page that no visit looks at fails here.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Page, ViewportSize
from starlette.routing import Match, Route

from alpr_assets.access.roles import Role
from alpr_assets.console.pages import routes
from alpr_assets.console.responding import HERE, templates
from alpr_assets.lifecycle.transparency import pages
from alpr_assets.store import people
from alpr_assets.store.engine import writing
from tests.console import refusals
from tests.console.axe import COLOURS, LAYOUT, faults, with_axe
from tests.console.browsers import chromium, complaints, served
from tests.console.consoles import Browser
from tests.console.everything import LATER, Everything, everything
from tests.console.forms import Forms, holds
from tests.console.visits import A_YEAR_LATER, ANYBODY, ELSEWHERE, EVERY, NOT_PAGES, OWED, VISITS, Visit

WIDE: Final[ViewportSize] = {"width": 1280, "height": 900}
SMALL: Final[ViewportSize] = {"width": 360, "height": 740}
SHOTS = os.environ.get("ALPR_SCREENSHOTS")  # a folder: pictures for a person to look at
POST = """([path, fields]) => {
  const form = Object.assign(document.createElement("form"), {method: "post", action: path});
  for (const [name, value] of Object.entries(fields)) form.append(Object.assign(document.createElement("input"), {name, value}));
  document.body.append(form);
  form.submit();
}"""


class Visitor:
    """A browser that goes from page to page, and what is wrong there."""

    def __init__(self, page: Page, here: Everything, url: str, rendered: list[str]) -> None:
        self.page, self.here, self.url, self.rendered = page, here, url, rendered
        self.words = here.words()
        self.told = complaints(page)
        self.form_token = ""
        self.framed: set[str] = set()

    def enter(self, token: str = "", path: str = "/") -> None:
        """A session as if he had signed in, whose first page is this; without a token nobody's."""
        self.page.context.clear_cookies()
        if token:
            self.page.context.add_cookies([{"name": "alpr", "value": token, "url": self.url}])
            console = self.here.live.console
            self.form_token = console.form_token(Browser(console.app, token=token), path)

    def wrong(self, visit: Visit) -> list[str]:
        """What is wrong with a page: its answer, its template, and all that is seen of it."""
        self.rendered.clear()
        self.told.clear()
        path = visit.path.format_map(self.words)
        if visit.told:
            told = {name: value.format_map(self.words) for name, value in visit.told.items()}
            with self.page.expect_navigation() as going:
                self.page.evaluate(POST, [path, {"form_token": self.form_token, **told}])
            answer = going.value
        else:
            answer = self.page.goto(path)
        assert answer is not None
        found = [f"answered {answer.status}"] if answer.status != visit.status else []
        found += [] if visit.shows in self.rendered else [f"shows {self.rendered[:1]}"]
        return [f"{visit.name}: {one}" for one in (*found, *self._seen(visit), *self._complained(visit))]

    def _seen(self, visit: Visit) -> list[str]:
        page = self.page
        found = faults(page, opens=True)
        self._shoot(visit, "day")
        page.emulate_media(color_scheme="dark")
        found += [f"at night: {one}" for one in faults(page, rules=COLOURS, where=self._where(visit))]
        self._shoot(visit, "night")
        page.emulate_media(color_scheme="light")
        page.set_viewport_size(SMALL)
        if page.evaluate("document.documentElement.scrollWidth") > SMALL["width"]:
            found.append("wider than a phone")
        if visit.small:
            found += [f"on a phone: {one}" for one in faults(page, rules=LAYOUT)]
        self._shoot(visit, "phone")
        page.set_viewport_size(WIDE)
        return found

    def _where(self, visit: Visit) -> str:
        """At night the frame around each page is looked at once for each who sees it: menus differ, and nothing else of it."""
        who = str(self.page.context.cookies())
        first = who not in self.framed
        self.framed.add(who)
        return "html" if first or visit.status != 200 else "main"

    def _complained(self, visit: Visit) -> list[str]:
        expected = f"status of {visit.status}"  # the browser's own word on a page that was refused
        return [one for one in self.told if visit.status == 200 or expected not in one]

    def _shoot(self, visit: Visit, how: str) -> None:
        if SHOTS:
            name = re.sub(r"\W+", "-", visit.name).strip("-")
            self.page.screenshot(path=f"{SHOTS}/{name}-{visit.shows[:-5]}-{how}.png", full_page=True)


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Everything]:
    with everything(tmp_path_factory.mktemp("accessible")) as opened:
        yield opened


@pytest.fixture(scope="module")
def visitor(here: Everything) -> Iterator[Visitor]:
    """A browser at the served console; which templates were shown is told by the templates themselves."""
    environment = templates()
    rendered: list[str] = []
    taken = environment.get_template

    def get_template(name: Any, *more: Any, **others: Any) -> Any:
        rendered.append(name)
        return taken(name, *more, **others)

    with pytest.MonkeyPatch.context() as patch, served(here.live.console) as url, chromium() as browser:
        patch.setattr(environment, "get_template", get_template)
        context = browser.new_context(base_url=url, viewport=WIDE)
        context.set_default_timeout(30_000)
        with_axe(context)
        yield Visitor(context.new_page(), here, url, rendered)
        context.close()


# ── that no page is left out ───────────────────────────────────────────────────────────────────────────────────────


def looked_at(route: Route) -> bool:
    """Whether a visit goes there; any number does for an id that is filled in."""
    paths = [re.sub(r"\{\w+\}", "1", visit.path.partition("?")[0]) for visit in EVERY]
    scope = {"type": "http", "method": "GET"}
    return any(route.matches({**scope, "path": path})[0] is Match.FULL for path in paths)


def test_every_route_that_answers_a_page_is_looked_at() -> None:
    asked = [route for route in routes() if isinstance(route, Route) and "GET" in (route.methods or {"GET"})]
    unseen = {route.path for route in asked if not looked_at(route)}
    assert unseen == set(NOT_PAGES), "add a line to visits.VISITS, or say why it is no page"


def test_every_template_of_a_whole_page_is_looked_at() -> None:
    whole = {
        path.name for path in (HERE / "templates").glob("*.html")
        if re.match(r'\{% extends "frame.html" %\}|<!doctype', path.read_text(encoding="utf-8"))
    }  # fmt: skip
    assert len(whole) > 50
    assert whole - {"frame.html"} == {visit.shows for visit in EVERY} | set(ELSEWHERE)


def test_what_is_said_to_be_no_page_answers_none(here: Everything) -> None:
    """As a program asks, which is told of a refusal without a page."""
    roles = (Role.COMMANDER, Role.CUSTODIAN, Role.AUDITOR)
    browsers = [here.live.console.browser(here[role].member_id, navigates=False) for role in roles]
    for path in NOT_PAGES:
        address = re.sub(r"\{(ending|name):str\}", "json", re.sub(r"\{\w+:int\}", "1", path))
        if path not in {"/hits/banner", "/hits/stream"}:  # a part of a page; one that never ends
            for browser in browsers:
                assert "text/html" not in browser.get(address).headers.get("content-type", ""), path


# ── that nobody says a thing twice ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("422.2")
def test_a_refused_form_is_shown_with_what_was_typed(here: Everything) -> None:
    """WCAG 2.2, 3.3.7."""
    lost = {f"{one[0].value} {one[1]}": found for one in refusals.REFUSED if (found := put_back(here, *one))}
    assert lost == {}


def put_back(here: Everything, role: Role, path: str, fields: dict[str, str]) -> list[Any]:
    """Empty, where a refused form is shown with what was typed; else what its forms hold instead."""
    path, fields = path.format_map(here.words()), {n: v.format_map(here.words()) for n, v in fields.items()}
    answer = here[role].send(path, **fields)
    assert (400 <= answer.status_code < 410, 'role="alert"' in answer.text) == (True, True), (path, answer.status_code)
    return [] if holds(answer.text, path, fields) else [f for f in Forms(answer.text).found if f[0] in {"", path}]


def test_a_password_and_a_code_are_never_shown_again(here: Everything) -> None:
    console = here.live.console
    member = console.browser(Role.OFFICER)
    token = console.form_token(member, "/sign-in/password")
    told = {"form_token": token, "present": "what-I-had", "new": "what-I-want", "again": "what-I-did-not"}
    for answer in (
        console.browser().post("/sign-in", data={"user": "nobody", "password": "what-I-had"}),
        member.post("/sign-in/password", data=told),
    ):
        assert 400 <= answer.status_code < 410
        assert "what-I" not in answer.text


# ── what is seen ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.browser
@pytest.mark.clause("422.3.1(g)")
def test_the_publics_pages_have_no_fault(visitor: Visitor) -> None:
    visitor.enter()
    assert [one for visit in ANYBODY for one in visitor.wrong(visit)] == []


@pytest.mark.browser
def test_the_papers_that_leave_have_none(visitor: Visitor, here: Everything, tmp_path: Path) -> None:
    """The public's files, an audit's report, the signed head: read where they were put."""
    services, page = here.live.console.services, visitor.page
    pages.write(tmp_path, pages.files(services.store.engine, services.policy, LATER))
    auditor = here.live.console.browser(here[Role.AUDITOR].member_id)
    for name, path in (("report.html", "/audits/1/report.html"), ("head.html", "/record/head.html")):
        (tmp_path / name).write_bytes(auditor.get(path).content)
    for name in ("index.html", "policy.html", "report.html", "head.html"):
        page.goto((tmp_path / name).as_uri())
        assert faults(page) == [], name
        page.set_viewport_size(SMALL)
        assert page.evaluate("document.documentElement.scrollWidth") <= SMALL["width"], name
        page.set_viewport_size(WIDE)


@pytest.mark.browser
@pytest.mark.clause("422.2")
@pytest.mark.parametrize("role", list(VISITS))
def test_a_members_pages_have_none(visitor: Visitor, here: Everything, role: Role) -> None:
    visitor.enter(here.live.console.token(here[role].member_id))
    assert [one for visit in VISITS[role] for one in visitor.wrong(visit)] == []


@pytest.mark.browser
def test_the_steps_of_the_sign_in_have_none(visitor: Visitor, here: Everything) -> None:
    console = here.live.console
    enrolled = console.member(Role.OFFICER)
    at = console.clock.now
    factor = {"member_id": enrolled, "sealed": b"never opened", "made_at": at, "enrolled_at": at}
    with writing(console.services.store.engine) as connection:
        connection.execute(people.member_second_factor.insert(), factor)
    tokens = {
        "enrolment": console.token(console.member(Role.OFFICER), complete=False),
        "code": console.token(enrolled, complete=False),
        "notice": console.token(console.member(Role.OFFICER), acknowledged=False),
    }
    for visit in OWED:
        visitor.enter(tokens[visit.owes], visit.path)
        assert visitor.wrong(visit) == []


@pytest.mark.browser
def test_a_purges_pages_have_none(visitor: Visitor, here: Everything) -> None:
    """A year later. What was typed into a form that is refused is put back here too."""
    with here.a_year_later():
        assert [one for refused in refusals.A_YEAR_LATER for one in put_back(here, *refused)] == []
        for role, visits in A_YEAR_LATER.items():
            visitor.enter(here.live.console.token(here[role].member_id))
            assert [one for visit in visits for one in visitor.wrong(visit)] == []
