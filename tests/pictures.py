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

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from tests.browser.conftest import ARGUMENTS
from tests.needs import chromium
from tests.product import ADMIN_PASSWORD, PROJECT_DIR, Product, started_product
from tests.scene import Scene, play_scene, record_past

NIGHTS = 12
QUALITY = 60
"""Of WebP, which Chromium writes itself: text stays sharp, and a page takes some 30 kB."""
DESK = ViewportSize(width=1440, height=1000)
PHONE = ViewportSize(width=390, height=844)
WAYS: Mapping[str, tuple[str, ViewportSize]] = {
    "light": ("light", DESK),
    "dark": ("dark", DESK),
    "phone": ("dark", PHONE),
}
PERSON = "t.mokoena"
SITE = {
    "OET_SITE_NAME": "Swartberg",
    "OET_LONGITUDE": "21.99",
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
            started_product(Path(home), OET_SCRIPT_ROOTS=str(scripts), **SITE) as product,
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


def pages(scene: Scene) -> dict[str, str]:
    """What is taken, by name."""
    day = f"{datetime.now(UTC) - timedelta(days=2):%Y-%m-%d}"
    return {
        "now": "/",
        "procedure": f"/procedures/{scene.running}/",
        "procedure-ready": f"/procedures/{scene.ready}/",
        "procedure-failed": f"/procedures/{scene.failed}/",
        "procedure-stopped": f"/procedures/{scene.stopped}/",
        "stop": f"/procedures/{scene.running}/stop/",
        "prepare": "/prepare/",
        "history": f"/history/?night={day}",
        "day": f"/history/{day}/",
        "environments": "/environments/",
        "health": "/health/",
    }


def _take_all(browser: Browser, product: Product, scene: Scene, folder: Path, names: list[str]) -> None:
    for way, (theme, viewport) in WAYS.items():
        context = browser.new_context(base_url=product.url, viewport=viewport, reduced_motion="reduce")
        context.add_cookies([{"name": "oet_theme", "value": theme, "url": product.url}])
        page = context.new_page()
        page.goto("/login/")
        if not names or "login" in names:
            _take(page, folder / f"login-{way}.webp")
        page.get_by_label("Name").fill(PERSON)
        page.get_by_label("Password").fill(ADMIN_PASSWORD)
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url("**/")
        for name, address in pages(scene).items():
            if names and name not in names:
                continue
            page.goto(address)
            page.locator("[data-link=live]").wait_for()
            if name == "prepare":
                page.get_by_role("link", name="observation.py").first.click()
                page.get_by_label("target").first.wait_for()
            if name.startswith("procedure"):
                page.locator("[data-page-procedure]").wait_for()
                page.wait_for_load_state("networkidle")
            _take(page, folder / f"{name}-{way}.webp")
        context.close()


def _take(page: Page, file: Path) -> None:
    """What is to be seen without scrolling."""
    page.evaluate("document.fonts.ready")
    taken = page.context.new_cdp_session(page).send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY})
    file.write_bytes(base64.b64decode(taken["data"]))


if __name__ == "__main__":
    main()
