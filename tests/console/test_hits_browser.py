"""A real browser, from a drop to a lawful action: live, on a desk and on a patrol car's tablet, by hand and by keys (422.4(f))."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

from alpr_assets.access.roles import Role
from alpr_assets.lifecycle.captures.landing import land_drop
from alpr_assets.lifecycle.recognition.plates import PlateFactory
from alpr_assets.lifecycle.recognition.pool import Pool, executor
from alpr_assets.policy import Policy
from alpr_assets.sample.captures import SampleCapture
from alpr_assets.sample.drive import draw_drive
from alpr_assets.settings import ROOT
from alpr_assets.store import people
from alpr_assets.store.engine import writing
from tests.builders import drop, line
from tests.console.browsers import chromium, complaints, served
from tests.console.consoles import Clock, open_console
from tests.console.test_browser import sign_in
from tests.live import Live
from tests.patrols import Patrol

pytestmark = pytest.mark.browser

CASE = "26-01234"
CONFIRMED = "#state > form [name=result][value=confirmed]"


@contextmanager
def ticking(clock: Clock) -> Iterator[None]:
    """The console's clock goes on, as the browser's does."""
    ended = threading.Event()

    def tick() -> None:
        while not ended.wait(0.05):
            clock.move(seconds=0.05)

    thread = threading.Thread(target=tick, daemon=True)
    thread.start()
    yield
    ended.set()
    thread.join()


@dataclass
class Street:
    """A console, served; a patrol whose pictures the real recogniser reads; and what they show."""

    live: Live
    pool: Pool
    pictures: Path
    captures: list[SampleCapture]
    n_drops: int = 0

    def pass_by(self) -> SampleCapture:
        """One picture arrives as a drop, is read, and matched with the lists."""
        capture = self.captures[self.n_drops]
        self.n_drops += 1
        at = self.live.clock.now - timedelta(seconds=20)
        folder = self.live.patrol.folder / f"drop-{self.n_drops}"
        lines = [
            line(capture.file, at, device_id="cam-somersville-1", kind="fixed", latitude=38.0016, longitude=-121.8351)
        ]
        patrol = Patrol(self.live.patrol.store, folder, self.live.patrol.policy, self.live.clock.now)
        content = {capture.file: (self.pictures / capture.file).read_bytes()}
        land_drop(patrol.store, drop(folder, content, lines), policy=patrol.policy, now=patrol.now)
        patrol.recognise_with(self.pool, at.date(), PlateFactory(models=ROOT / "models").version)
        patrol.group(at.date())
        patrol.match(at.date())
        return capture


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory, policy: Policy) -> Iterator[Street]:
    folder = tmp_path_factory.mktemp("street")
    console = open_console(folder, policy)
    console.clock.now = datetime.now(UTC)
    patrol = Patrol(console.services.store, folder / "drops", policy, console.clock.now)
    drawn = draw_drive(folder / "drawn", seed=7, n_captures=32, started_at=console.clock.now - timedelta(hours=1))
    clear = [capture for capture in drawn if capture.condition in {"day", "dusk"} and len(capture.plates) == 1]
    patrol.take(stolen([capture.plates[0] for capture in clear], console.clock.now), "svs.tbl")
    record = console.recorder.record
    assert record is not None
    with (
        executor(1, None, PlateFactory(models=ROOT / "models")) as pool,
        served(console) as url,
        ticking(console.clock),
    ):
        yield Street(Live(url, console, record, patrol), pool, folder / "drawn", clear)
    console.close()


def stolen(plates: list[tuple[str, str]], at: datetime) -> bytes:
    """A DOJ table of stolen vehicles."""
    rows = [f"{plate:<8}{state}07{at - timedelta(days=40):%Y%m%d}" for plate, state in plates]
    made = (at - timedelta(hours=8)).astimezone(ZoneInfo("America/Los_Angeles"))
    return "\n".join([f"DATE{made:%m/%d/%Y %H:%M}", *rows, f"TOTAL RECORD {len(rows):07d}", ""]).encode()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as opened:
        yield opened


@dataclass
class Camera:
    """Takes a picture of the page at each step; ALPR_SHOTS names a folder to keep them in."""

    page: Any
    folder: Path
    n: int = 0

    def __call__(self, name: str) -> None:
        self.n += 1
        self.page.wait_for_timeout(150)
        self.page.screenshot(
            path=self.folder / f"{self.n:02}-{name}.png", full_page=True, caret="initial"
        )  # hiding the caret takes an inline style
        assert self.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} scrolls sideways"


@contextmanager
def tablet(
    browser: Any, street: Street, tmp_path: Path, name: str, *, width: int, dark: bool, faults: bool = False
) -> Iterator[tuple[Any, Camera]]:
    """A signed-in browser of this width, and a camera. `faults`: the browser may complain of answers that are errors."""
    folder = Path(os.environ.get("ALPR_SHOTS") or tmp_path) / f"{name}-{width}-{'dark' if dark else 'light'}"
    folder.mkdir(parents=True, exist_ok=True)
    scheme = "dark" if dark else "light"
    size = {"width": width, "height": 800}
    context = browser.new_context(base_url=street.live.url, viewport=size, color_scheme=scheme)
    context.set_default_timeout(30_000)
    page = context.new_page()
    told = complaints(page)
    sign_in(page, street.live, street.live.enrolled(Role.OFFICER))
    try:
        yield page, Camera(page, folder)
        assert faults or not told, told
        kept = page.evaluate("Object.entries(localStorage).concat(Object.entries(sessionStorage))")
        # htmx notes which address it is on: it holds no number of a case, and no plate.
        assert all(entry[0] == "htmx-current-path-for-history" and entry[1] in {"/", "/hits"} for entry in kept), kept
    finally:
        context.close()  # a stream left open would keep the server


def open_queue(page: Any) -> None:
    page.get_by_role("link", name="Hits").first.click()
    page.get_by_label("Purpose").select_option("stolen_vehicle")
    page.get_by_label("Case or incident number").fill(CASE)
    page.get_by_role("button", name="Show hits").click()
    page.locator("#queue").wait_for()


@pytest.mark.clause("422.4(f)")
@pytest.mark.parametrize(
    ("width", "dark"),
    [(1280, False), *(pytest.param(*one, marks=pytest.mark.long) for one in ((1280, True), (360, False), (360, True)))],
)
def test_from_a_drop_to_an_actionable_hit_that_lapses(
    browser: Any, street: Street, tmp_path: Path, width: int, dark: bool
):
    with tablet(browser, street, tmp_path, "flow", width=width, dark=dark) as (page, take):
        take("home")
        page.goto("/hits")
        take("why")
        open_queue(page)
        take("queue-before")

        seen = street.pass_by()
        plate, _ = seen.plates[0]
        page.get_by_text("1 new hit", exact=True).wait_for()
        assert page.title().startswith("(1) ")
        take("news")
        page.get_by_role("button", name="Look again").click()
        row = page.locator("li.hit-row", has_text=plate).first
        row.wait_for()
        expect(page).not_to_have_title(re.compile(r"^\("))
        take("queue")

        row.get_by_role("button").click()
        page.get_by_role("heading", name=re.compile(r"^Hit \d+$")).wait_for()
        assert page.locator(".crop img").evaluate("image => image.naturalWidth") > 60
        take("hit")
        for question in page.locator("#state > form [data-question]").all():
            question.get_by_text("Yes").click()
        take("answered")
        page.get_by_role("button", name="Record what the picture shows").click()
        page.get_by_text("The picture is confirmed").wait_for()
        expect(page.locator(CONFIRMED).first).to_be_focused()
        take("clets")
        page.locator("#state > form").get_by_text("Confirmed").click()
        page.get_by_label("Reference").first.fill("FCN-0042")
        page.get_by_role("button", name="Record the CLETS result").first.click()
        page.get_by_text("ACTIONABLE", exact=True).wait_for()
        page.get_by_text(re.compile(r"(30:00|29:\d\d) left")).wait_for()
        take("actionable")
        if page.get_by_role("button", name=re.compile("Show reads of")).count():
            page.get_by_role("button", name=re.compile("Show reads of")).first.click()
            page.locator("#previous table").wait_for()
            take("previous")
        assert page.url.endswith("/hits"), "no page was loaded anew"

        street.live.clock.move(minutes=20)
        page.get_by_role("button", name="Back to the queue").click()
        page.locator("li.hit-row", has_text=plate).first.wait_for()
        take("queue-actionable")
        street.live.clock.move(minutes=11)
        page.get_by_text("change what is shown").click()
        page.get_by_label("Where they stand").select_option("lapsed")
        page.get_by_role("button", name="Show hits").click()
        page.locator("li.hit-row", has_text=plate).filter(has_text="lapsed").first.get_by_role("button").click()
        page.get_by_text("LAPSED", exact=True).wait_for()
        take("lapsed")


@pytest.mark.clause("422.4(f)")
def test_a_hit_is_verified_by_keys_alone(browser: Any, street: Street, tmp_path: Path):
    street.pass_by()
    with tablet(browser, street, tmp_path, "keys", width=1024, dark=True) as (page, take):
        page.goto("/hits")
        keys = page.keyboard
        page.locator("select[name=purpose]").focus()
        keys.type("Stolen veh")
        keys.press("Tab")
        keys.type(CASE)
        keys.press("Enter")
        page.locator("li.hit-row button").first.wait_for()
        tab_to(page, "li.hit-row button")
        keys.press("Enter")
        page.locator("#state").wait_for()
        for key in ("1", "y", "y", "y"):
            keys.press(key)
        take("answered")
        keys.press("Enter")
        page.get_by_text("The picture is confirmed").wait_for()
        expect(page.locator(CONFIRMED).first).to_be_focused()  # by itself, once the answer has settled
        keys.press("Space")
        tab_to(page, "[name=reference]")
        keys.type("FCN-7")
        keys.press("Enter")
        page.get_by_text("ACTIONABLE", exact=True).wait_for()
        take("actionable")
        page.evaluate("document.getElementById('actionable').dataset.seconds = '0'")
        page.get_by_text("LAPSED.", exact=True).wait_for()
        assert not page.get_by_text("ACTIONABLE", exact=True).is_visible()
        take("run-out")


def tab_to(page: Any, selector: str) -> None:
    """Press Tab until the focus is there."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate(f"document.activeElement.matches({selector!r})"):
            return
    pytest.fail(f"Tab does not reach {selector}")


def test_another_plate_ends_as_a_misread_and_a_day_page_stays_a_day_page(browser: Any, street: Street, tmp_path: Path):
    street.pass_by()
    with tablet(browser, street, tmp_path, "misread", width=360, dark=True) as (page, take):
        page.get_by_role("button", name="Light page").click()
        open_queue(page)
        assert page.evaluate("document.documentElement.dataset.theme") == "light"
        page.locator("li.hit-row button").first.click()
        form = page.locator("#state > form")
        assert not form.get_by_label("What do you read?").is_visible()
        form.get_by_text("No").nth(0).click()
        form.get_by_text("Yes").nth(1).click()
        form.get_by_text("Yes").nth(2).click()
        form.get_by_label("What do you read?").fill("1abc 234")
        form.get_by_label("How can you tell?").fill("the second letter is a B")
        take("misread")
        page.get_by_role("button", name="Record what the picture shows").click()
        page.get_by_text("the plate was misread").wait_for()
        take("ended")


def test_new_hits_show_by_themselves_where_that_is_wished_until_the_session_ends(
    browser: Any, street: Street, tmp_path: Path
):
    with tablet(browser, street, tmp_path, "at-once", width=1024, dark=False) as (page, take):
        open_queue(page)
        page.get_by_label("show new ones at once").check()
        plate, _ = street.pass_by().plates[0]
        page.locator("li.hit-row", has_text=plate).wait_for()
        assert page.get_by_label("show new ones at once").is_checked()
        take("shown")


@pytest.mark.parametrize("is_live", [True, False])
def test_a_page_left_open_conceals_what_it_shows_when_the_session_ends(
    browser: Any, street: Street, tmp_path: Path, is_live: bool
):
    """Whether its stream is told so, or could not be opened any more."""
    street.pass_by()  # earlier tests may have closed their hits
    with tablet(browser, street, tmp_path, f"ended-{is_live}", width=360, dark=True, faults=True) as (page, take):
        with page.expect_response("**/hits/stream?*") if is_live else nullcontext():
            open_queue(page)
        page.locator("li.hit-row").first.wait_for()
        with writing(street.live.console.services.store.engine) as connection:
            at = street.live.clock.now
            connection.execute(people.member_session.update().values(revoked_at=at, revoked_reason="test"))
        page.get_by_role("heading", name="The session has ended").wait_for()
        assert not page.get_by_text("listed", exact=True).count(), "what was shown is concealed"
        take("ended")
        page.get_by_role("link", name="Sign in").click()
        page.get_by_label("User name").wait_for()
