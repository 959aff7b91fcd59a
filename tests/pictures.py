"""The pictures in the documents: `make images`, or `python -m tests.pictures FOLDER [NAME …]`.

A product of its own is started, given a past (`tests/past.py`) and put to work on the example scripts (`tests/scene.py`); then each page
is taken in light, in dark and at the width of a phone. Times and numbers differ from run to run, everything else does not.
"""

import argparse
import base64
import shutil
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.sync_api import Browser, Page, StorageState, ViewportSize, sync_playwright

from tests.browser.conftest import ARGUMENTS
from tests.needs import chromium
from tests.product import ADMIN_PASSWORD, PROJECT_DIR, Product, started_product
from tests.scene import Scene, play_scene, record_past

NIGHTS = 12
QUALITY = 60
"""Of WebP, which Chromium writes itself: text stays sharp, and a page takes some 30 kB."""
DESK = ViewportSize(width=1440, height=1000)
PHONE = ViewportSize(width=390, height=844)
WALL = ViewportSize(width=2560, height=1440)
WAYS: Mapping[str, tuple[str, ViewportSize]] = {
    "light": ("light", DESK),
    "dark": ("dark", DESK),
    "phone": ("dark", PHONE),
}
PERSON = "t.mokoena"
_HOUR_AT_SITE = 3
_DEGREES_AN_HOUR = 15


def site() -> dict[str, str]:
    """The settings of an observatory where it is the small hours of the night now, whenever that is."""
    longitude = (_HOUR_AT_SITE - datetime.now(UTC).hour) * _DEGREES_AN_HOUR
    return {
        "OET_SITE_NAME": "Swartberg",
        "OET_LONGITUDE": str((longitude + 180) % 360 - 180),
        "OET_LATITUDE": "-30.7",
        "OET_NODE": "atlas-1",
        "OET_RESOURCES": "subarray_{subarray_id}",
    }


def main() -> None:
    """Take them."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.pictures", description="Take the pictures in the documents anew."
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*", help="which; default: all")
    chosen = parser.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="oet-") as home:
        scripts = Path(home) / "scripts"
        shutil.copytree(PROJECT_DIR / "examples", scripts, ignore=shutil.ignore_patterns("__pycache__"))
        with (
            started_product(Path(home), OET_SCRIPT_ROOTS=str(scripts), **site()) as product,
            sync_playwright() as playwright,
        ):
            executable = chromium()
            assert executable, "no Chromium: run `python -m tests.needs`"
            browser = playwright.chromium.launch(executable_path=str(executable), args=ARGUMENTS)
            record_past(product, NIGHTS)
            product.add_users(**{PERSON: "operator"})
            product.http = product.client(PERSON)
            _take_all(browser, product, play_scene(product, scripts), chosen.folder, chosen.names)
            browser.close()


def pages_with_a_question(scene: Scene) -> dict[str, str]:
    """What is taken while a script waits for an answer, by name."""
    return {"now": "/", "procedure-asking": f"/procedures/{scene.asking}/"}


def pages(scene: Scene) -> dict[str, str]:
    """What is taken after that."""
    day = f"{datetime.now(UTC) - timedelta(days=2):%Y-%m-%d}"
    return {
        "procedure": f"/procedures/{scene.running}/",
        "procedure-ready": f"/procedures/{scene.ready}/",
        "procedure-failed": f"/procedures/{scene.failed}/",
        "procedure-stopped": f"/procedures/{scene.stopped}/",
        "stop": f"/procedures/{scene.running}/stop/",
        "prepare": "/prepare/",
        "history": f"/history/?night={day}",
        "day": f"/history/{day}/",
        "trials": "/trials/",
        "trial": f"/trials/{scene.trial}/",
        "task-editor": f"/tasks/new/?task={scene.task}",
        "environments": "/environments/",
        "environment": "/environments/1/",
        "overrides": "/overrides/",
        "health": "/health/",
    }


def _take_all(browser: Browser, product: Product, scene: Scene, folder: Path, names: list[str]) -> None:
    door = browser.new_context(base_url=product.url, viewport=DESK)
    page = door.new_page()
    _log_in(page)
    session = door.storage_state()
    door.close()
    product.http.put("overrides/wait_for_qa_ready/", json={"value": True}).raise_for_status()
    for taken in (pages_with_a_question(scene), pages(scene)):
        wanted = {name: address for name, address in taken.items() if not names or name in names}
        for way, (theme, viewport) in WAYS.items():
            _take_in(browser, product, session, way, theme, viewport, wanted, folder)
        if "now" in wanted:
            _take_in(browser, product, session, "wall", "dark", WALL, {"now": "/"}, folder)
        for question in product.http.get(f"procedures/{scene.asking}/questions/").raise_for_status().json():
            answer = {"answer": "Go on"}
            product.http.put(f"procedures/{scene.asking}/questions/{question['number']}/", json=answer)
    for way, (theme, viewport) in WAYS.items():
        if not names or "login" in names:
            _take_in(browser, product, None, way, theme, viewport, {"login": "/login/"}, folder)


def _take_in(
    browser: Browser,
    product: Product,
    session: StorageState | None,
    way: str,
    theme: str,
    viewport: ViewportSize,
    wanted: Mapping[str, str],
    folder: Path,
) -> None:
    """These pages in one theme and size."""
    context = browser.new_context(
        base_url=product.url, viewport=viewport, reduced_motion="reduce", storage_state=session
    )
    context.add_cookies([{"name": "oet_theme", "value": theme, "url": product.url}])
    page = context.new_page()
    for name, address in wanted.items():
        page.goto(address)
        if session:
            page.locator("[data-link=live]").wait_for()
        if name == "prepare":
            page.get_by_role("link", name="hello.py").first.click()
            page.get_by_label("greet_in").first.wait_for()
        if name == "now":
            page.locator("[data-rail] .lanes--tonight").wait_for(state="attached")
        page.wait_for_load_state("networkidle")
        _take(page, folder / f"{name}-{way}.webp")
    context.close()


def _log_in(page: Page) -> None:
    page.goto("/login/")
    page.get_by_label("Name").fill(PERSON)
    page.get_by_label("Password").fill(ADMIN_PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/")


def _take(page: Page, file: Path) -> None:
    """What is to be seen without scrolling."""
    page.evaluate("document.fonts.ready")
    taken = page.context.new_cdp_session(page).send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY})
    file.write_bytes(base64.b64decode(taken["data"]))


if __name__ == "__main__":
    main()
