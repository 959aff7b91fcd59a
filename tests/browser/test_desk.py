"""What operators do at the dashboard beyond one procedure: what is usual, finding, preparing in one go, two of them at once, notices."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.conftest import DEADLINE_MS, OpenPage, log_in
from tests.browser.test_operator import ENDLESS, create, is_marked, mark, state
from tests.product import Product

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

QUICK = "import time\ndef main(target: str = 'Cen A', pause_s: float = 0.1):\n    print('on', target)\n    time.sleep(pause_s)\n"
TYPED = """
from enum import Enum
from typing import Literal
class Weighting(Enum):
    NATURAL = "natural"
    UNIFORM = "uniform"
def init(subarray_id: int):
    '''Check the subarray.

    Args:
        subarray_id: Number of the subarray.
    '''
def main(scans: int, band: Literal["2", "5a"] = "2", receptors: list[str] = [], weighting: Weighting = Weighting.NATURAL):
    print(scans, band, receptors, weighting)
    import time; time.sleep(600)
"""
SEEDED = 10_000
SEEDING = f"""
from datetime import UTC, datetime, timedelta
from procedures.models import Procedure
at = datetime(2026, 3, 1, tzinfo=UTC)
Procedure.objects.bulk_create((
    Procedure(script_type="filesystem", script_uri=f"file:///srv/old/seeded_{{n}}.py", script_name=f"seeded_{{n}}.py", state="COMPLETE",
        state_at=at, created_at=at, started_at=at, finished_at=at + timedelta(seconds=n % 90), created_by="robot", node="old",
        cause="main returned")
    for n in range({SEEDED})), batch_size=500)
"""


def calls(**kwargs: Any) -> dict[str, Any]:
    return {"script_args": {"main": {"kwargs": kwargs}}}


HALF_AN_HOUR_AGO = """
from datetime import timedelta
from django.db.models import F
from procedures.models import Procedure
Procedure.objects.filter(pk={id}).update(started_at=F("started_at") - timedelta(minutes=30))
"""


REACHING_OUT = """() => [...document.querySelectorAll("main table")]
    .filter(table => table.getBoundingClientRect().right > table.closest(".panel").getBoundingClientRect().right + 1)
    .map(table => table.dataset.table)"""


@pytest.fixture(scope="module")
def many(product: Product) -> int:
    """The product with a history of ten thousand procedures."""
    product.manage("shell", "--command", SEEDING)
    return SEEDED


def test_now_says_how_long_it_usually_takes_what_matters_and_what_it_takes_of_the_machine(
    page: Page, product: Product
) -> None:
    for _ in range(2):
        done = create(product, QUICK, "usual.py", start=True)
        product.wait_for_state(done, "COMPLETE")
    create(product, QUICK, "usual.py", start=True, timeout=3600, **calls(target="Fornax A", pause_s=600))
    card = page.locator("[data-list=running] [data-procedure]")
    expect(card.locator("[data-facts]")).to_contain_text("TargetFornax A")
    expect(card.locator("[data-field=usual]")).to_have_text(re.compile(r"^usually \d s$"))
    expect(card.locator("[data-field=range]")).to_have_text(re.compile("^2 runs "))
    expect(card.locator("[data-field=timeout]")).to_have_text(re.compile("^timeout in 59:"))
    expect(card.get_by_role("img", name=re.compile("elapsed; usually .* timeout at 60 min"))).to_be_visible()
    expect(card.locator("[data-usage]")).to_have_text(re.compile(r"^1 with \d+.% CPU, [\d.]+ MB$"))


def test_no_table_of_now_reaches_out_of_its_panel_at_any_width(page: Page, product: Product) -> None:
    done = create(product, QUICK, "holography_raster_of_dish_007.py", start=True)
    product.wait_for_state(done, "COMPLETE")
    recent = page.locator(f"[data-list=recent] [data-procedure='{done}']")
    expect(recent.get_by_role("link", name=re.compile("^Again"))).to_be_visible()
    for width in (1000, 1100, 1900, 2000, 2200, 2600, 3400):
        page.set_viewport_size({"width": width, "height": 1000})
        assert page.evaluate(REACHING_OUT) == [], width


def test_the_menu_names_every_page_at_any_width_of_a_desk(page: Page) -> None:
    for width in (1000, 1280, 1366, 1400, 1500):
        page.set_viewport_size({"width": width, "height": 1000})
        assert page.locator(".strip__nav").evaluate("menu => menu.scrollWidth <= menu.clientWidth"), width


def test_the_timeline_of_what_runs_reaches_to_its_usual_end(page: Page, product: Product) -> None:
    done = create(product, QUICK, "expected.py", start=True)
    product.wait_for_state(done, "COMPLETE")
    product.manage("shell", "--command", HALF_AN_HOUR_AGO.format(id=done))
    running = create(product, QUICK, "expected.py", start=True, **calls(pause_s=600))
    page.goto(f"/procedures/{running}/")
    timeline = page.locator("[data-timeline] svg[role=img]")
    expected = re.compile(r"RUNNING 1 main .+ so far, expected until about \d\d:\d\d$")
    expect(timeline).to_have_attribute("aria-label", expected)
    expect(timeline).to_contain_text("expected until")


def test_a_form_follows_the_signature_is_checked_while_typing_kept_and_started_in_one_go(page: Page) -> None:
    page.goto("/prepare/?paste=1")
    page.locator("textarea[name=text]").fill(TYPED)
    page.get_by_role("button", name="Read its arguments").click()
    expect(page.get_by_text("Number of the subarray.", exact=True)).to_be_visible()
    page.get_by_label("subarray_id").fill("one")
    expect(page.locator("[data-error='init.subarray_id']")).to_contain_text("must be a whole number")
    expect(page.locator("[data-to-mend]")).to_contain_text("1 to mend")
    page.get_by_label("subarray_id").fill("1")
    expect(page.locator("[data-to-mend]")).to_be_hidden()
    page.get_by_label("receptors").fill("m001, m002")
    page.get_by_role("radio", name="5a").check()
    page.get_by_role("radio", name="uniform").check()
    page.get_by_text("The request, as JSON").click()
    expect(page.locator("[data-request]")).to_contain_text('"m002"')
    page.get_by_role("button", name="Prepare and start").click()
    expect(page.locator("[data-error='main.scans']")).to_contain_text("is needed")
    page.get_by_label("scans").fill("3")
    page.get_by_role("button", name="Prepare and start").click()
    page.wait_for_url(re.compile(r"/procedures/\d+/$"))
    expect(state(page)).to_have_text("RUNNING main")
    expect(page.get_by_label("Output, newest last")).to_contain_text("3 5a ['m001', 'm002'] uniform")


def test_what_was_prepared_to_be_started_says_at_once_why_it_was_not(page: Page, product: Product) -> None:
    holder = create(product, ENDLESS, "holder.py", start=True, resources=["telescope"])
    product.wait_for_state(holder, "RUNNING")
    page.goto("/prepare/?paste=1")
    page.get_by_label("Name").fill("second.py")
    page.locator("textarea[name=text]").fill(ENDLESS)
    expect(page.locator("[data-held]")).to_contain_text(f"telescope is held by holder.py #{holder}")
    page.get_by_role("button", name="Prepare and start").click()
    page.wait_for_url(re.compile(r"/procedures/\d+/$"))
    page.goto("/")
    row = page.locator("[data-list=prepared] [data-procedure]", has_text="second.py")
    expect(row).to_contain_text(f"not started: procedure {row.get_attribute('data-procedure')} cannot be started")
    expect(row).to_contain_text("holds “telescope”, started by admin")


def test_presets_and_arguments_of_earlier_procedures_come_back(page: Page, product: Product) -> None:
    page.goto("/prepare/")
    page.get_by_role("link", name="hello.py").click()
    page.get_by_label("count_to").fill("7")
    page.get_by_label("Keep these values as").fill("Seven")
    page.get_by_role("button", name="Keep").click()
    expect(page.get_by_text("as in preset Seven")).to_be_visible()
    page.goto("/prepare/")
    page.get_by_role("link", name="hello.py").click()
    expect(page.get_by_label("count_to")).to_have_value("")
    page.get_by_role("link", name="Seven").click()
    expect(page.get_by_label("count_to")).to_have_value("7")
    page.locator("main").get_by_role("button", name="Prepare", exact=True).click()
    page.wait_for_url(re.compile(r"/procedures/\d+/$"))
    page.get_by_role("link", name="Prepare again").click()
    expect(page.get_by_label("count_to")).to_have_value("7")
    page.get_by_role("button", name="Delete preset Seven").click()
    expect(page.get_by_role("link", name="Seven")).to_have_count(0)


def test_among_ten_thousand_one_is_found_by_typing_and_the_address_keeps_it(
    page: Page, product: Product, many: int
) -> None:
    page.goto("/")
    rows = page.locator("[data-list=recent] tr")
    expect(rows).to_have_count(25)
    page.get_by_role("link", name="Show more").click()
    expect(rows).to_have_count(250)
    page.get_by_role("link", name="Show more").click()
    expect(rows).to_have_count(1000)
    mark(page)
    page.mouse.move(2, 500)  # no row comes or goes while the pointer is on one
    running = create(product, ENDLESS, "meanwhile.py", start=True)
    expect(page.locator(f"[data-list=running] [data-procedure='{running}']")).to_contain_text("still here")
    page.keyboard.press("/")
    page.keyboard.type("seeded_4321")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("seeded_4321.py")
    page.get_by_label("Person").fill("nobody like that")
    expect(page.get_by_text(re.compile("Nothing of the latest 10.000 is like that"))).to_be_visible()
    page.get_by_label("Person").fill("robot")
    page.locator("label", has=page.get_by_role("radio", name="COMPLETE")).click()
    expect(rows).to_have_count(1)
    assert is_marked(page)
    page.reload()
    expect(rows).to_have_count(1)
    expect(page.get_by_label("Find", exact=True)).to_have_value("seeded_4321")
    page.get_by_label("Find", exact=True).press("Escape")
    expect(rows).to_have_count(25)
    page.goto("/?since=2026-03-01&until=2026-03-01&state=FAILED")
    expect(rows).to_have_count(0)


def test_two_operators_press_start_and_one_of_them_is_told(page: Page, open_page: OpenPage, product: Product) -> None:
    procedure_id = create(product, ENDLESS, "shared.py")
    product.wait_for_state(procedure_id, "READY")
    other = open_page("operator")
    rows = [window.locator(f"[data-procedure='{procedure_id}']") for window in (page, other)]
    for row in rows:
        expect(row).to_contain_text("READY")
    held: list[Route] = []
    other.route("**/start/", lambda route: held.append(route))
    rows[1].get_by_role("button", name="Start").click()
    rows[0].get_by_role("button", name="Start").click()
    expect(rows[0]).to_contain_text("RUNNING main")
    held[0].continue_()
    expect(other.locator("[data-refusals]")).to_contain_text(
        f"procedure {procedure_id} is RUNNING; it cannot be started."
    )
    expect(rows[1]).to_contain_text("RUNNING main")
    states = product.http.get(f"procedures/{procedure_id}/").json()["history"]["process_states"]
    assert [name for name, _ in states if name.startswith("RUNNING")] == ["RUNNING 1"]


def test_whoever_may_only_stop_stops_and_starts_nothing(browser: Browser, product: Product) -> None:
    product.manage(
        "shell",
        "--command",
        "from django.contrib.auth.models import Permission, User;"
        "u = User.objects.create_user('warden', password='correct horse battery staple');"
        "u.user_permissions.set(Permission.objects.filter(codename__in=['view_procedure', 'stop_procedure']))",
    )
    procedure_id = create(product, ENDLESS, "guarded.py")
    product.wait_for_state(procedure_id, "READY")
    context = browser.new_context(base_url=product.url)
    window = context.new_page()
    window.set_default_timeout(DEADLINE_MS)
    log_in(window, "warden")
    row = window.locator(f"[data-procedure='{procedure_id}']")
    expect(row).to_contain_text("READY")
    expect(row.get_by_role("button", name="Start")).to_have_count(0)
    expect(window.get_by_role("link", name="Prepare", exact=True)).to_have_count(0)
    window.get_by_role("link", name="Clean up…").click()
    window.get_by_role("checkbox", name=re.compile("guarded.py")).check()
    window.get_by_role("button", name="End guarded.py").click()
    window.mouse.move(2, 500)
    expect(window.locator(f"[data-list=recent] [data-procedure='{procedure_id}']")).to_contain_text("STOPPED")
    context.close()


COUNT_NOTICES = """
window.told = [];
const Real = window.Notification;
window.Notification = class extends Real { constructor(title, options) { super(title, options); window.told.push(title); } };
"""


def test_notices_are_off_until_they_are_wanted_and_then_tell_of_a_failure(
    open_page: OpenPage, product: Product
) -> None:
    window = open_page("operator", permissions=["notifications"], script=COUNT_NOTICES)
    notify = window.get_by_role("button", name="Notify")
    expect(notify).to_have_attribute("aria-pressed", "false")
    expect(window.get_by_role("button", name="Sound")).to_have_attribute("aria-pressed", "false")
    first = create(product, "def main(): raise ValueError('no')", "first.py", start=True)
    expect(window.locator(f"[data-list=recent] [data-procedure='{first}']")).to_contain_text("FAILED")
    assert window.evaluate("told") == []
    notify.click()
    expect(notify).to_have_attribute("aria-pressed", "true")
    create(product, "def main(): raise ValueError('no')", "second.py", start=True)
    window.wait_for_function("() => window.told.length === 1")
    assert window.evaluate("told") == ["second.py FAILED"]
    expect(window.locator("[data-announce=assertive]")).to_have_text("second.py is FAILED: ValueError: no (in main).")


def test_a_wall_shows_the_last_lines_of_what_runs(open_page: OpenPage, product: Product) -> None:
    wall = open_page("viewer", viewport={"width": 3840, "height": 2160})
    script = "import time\ndef main():\n    for n in range(20): print('row', n, flush=True)\n    time.sleep(600)\n"
    number = create(product, script, "rows.py", start=True)
    lines = wall.locator(f"[data-list=running] [data-procedure='{number}']").get_by_label("Last lines")
    expect(lines.locator("li")).to_have_text([re.compile(f"{n + 1}row {n}$") for n in range(14, 20)])
    assert wall.evaluate("document.documentElement.scrollWidth <= innerWidth")


FLOOD = """
import time
from oet import publish
def main(seconds: float):
    began = time.monotonic()
    number = 0
    while time.monotonic() - began < seconds:
        number += 1
        publish("flood.drop", {"number": number})
        if number % 10 == 0:
            print("drop", number, flush=True)
        time.sleep(max(0.0, began + number / 100 - time.monotonic()))
    print("last drop", number, flush=True)
    time.sleep(600)
"""


def test_a_hundred_events_a_second_neither_put_the_page_behind_nor_fill_its_memory(
    page: Page, product: Product
) -> None:
    expect(page.locator("[data-vital=link]")).to_contain_text("LIVE")
    chrome = page.context.new_cdp_session(page)

    def held() -> tuple[int, int]:
        chrome.send("HeapProfiler.collectGarbage")
        heap = chrome.send("Runtime.getHeapUsage")["usedSize"]
        return int(heap), int(page.evaluate("document.querySelectorAll('*').length"))

    create(product, FLOOD, "flood.py", start=True, **calls(seconds=5))  # `benchmarks/flood.py` does it for a minute
    card = page.locator("[data-list=running] [data-procedure]")
    expect(card).to_contain_text("drop")
    heap, nodes = held()
    expect(card).to_contain_text(re.compile(r"last drop \d{3}"), timeout=60_000)
    expect(page.locator("[data-vital=link]")).to_contain_text("LIVE")
    heap_after, nodes_after = held()
    assert nodes_after < nodes + 100
    assert heap_after < heap + 4_000_000


def test_times_are_utc_and_local_on_hover(open_page: OpenPage, product: Product) -> None:
    window = open_page("operator", timezone_id="Africa/Johannesburg")
    procedure_id = create(product, QUICK, "when.py")
    time = window.locator(f"[data-procedure='{procedure_id}'] [data-field=created]")
    expect(time).to_have_attribute(
        "data-tip", re.compile(r"^here \d{4}-\d\d-\d\d \d\d:\d\d:\d\d (SAST|GMT\+2|UTC\+2)$")
    )
    shown = time.inner_text().split(":")
    local = (time.get_attribute("data-tip") or "").split()[2].split(":")
    assert (int(shown[0]) + 2) % 24 == int(local[0])
    assert shown[1:] == local[1:]


def test_scripts_of_a_git_repository_are_chosen_and_asked_for_their_arguments(
    page: Page, tmp_path_factory: pytest.TempPathFactory, product: Product
) -> None:
    repository = Path(tmp_path_factory.mktemp("git")) / "scripts"
    page.goto(f"/prepare/?git=1&browse=1&repository={repository}")
    expect(page.locator(".field__error, .notice--failed").first).to_contain_text("OET_GIT_ALLOW")
