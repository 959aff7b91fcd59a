"""The night theme is light of one wavelength: no pixel of a page has any green or blue."""

import base64

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_operator import prepare, state
from tests.product import Product

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

# The brightest green or blue of a picture; the browser itself decodes it.
BRIGHTEST = """async picture => {
  const image = await createImageBitmap(await (await fetch(picture)).blob());
  const canvas = new OffscreenCanvas(image.width, image.height);
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, 0, image.width, image.height);
  let brightest = 0;
  for (let i = 0; i < data.length; i += 4) brightest = Math.max(brightest, data[i + 1], data[i + 2]);
  return brightest;
}"""


def brightest_green_or_blue(page: Page) -> int:
    picture = base64.b64encode(page.screenshot()).decode()
    blank = page.context.new_page()  # a page of ours may not load data: addresses
    try:
        return int(blank.evaluate(BRIGHTEST, f"data:image/png;base64,{picture}"))
    finally:
        blank.close()


def test_no_pixel_is_green_or_blue_at_night(page: Page, product: Product) -> None:
    assert brightest_green_or_blue(page) > 0, "by day there is, or the measure is wrong"
    page.get_by_role("button", name="Night").click()
    assert brightest_green_or_blue(page) == 0
    prepare(page, product, "def main(flag: bool = True, name='x'):\n    raise ValueError('no')\n", "fails.py")
    page.locator("[name='main.name']").focus()
    assert brightest_green_or_blue(page) == 0
    page.locator("[data-stop-all]").click()
    assert brightest_green_or_blue(page) == 0
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Start main").click()
    expect(state(page)).to_have_text("FAILED")
    assert brightest_green_or_blue(page) == 0
