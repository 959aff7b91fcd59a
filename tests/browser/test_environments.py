"""Environments, as an engineer manages them in the browser."""

from playwright.sync_api import expect

from tests.browser.conftest import OpenPage
from tests.product import Product

MAKE = """
from datetime import UTC, datetime
from environments.models import Environment, Use
now = datetime.now(UTC)
made = Environment.objects.create(repository="file:///srv/git/scripts", commit="b71e09d" + "a" * 33, python="/usr/bin/python3",
    node="elsewhere", state="READY", state_at=now, requested_at=now, build=1, folder="1.abc", packages=[["numpy", "2.1.0"]])
Use.objects.create(holder="procedure:4711", environment=made, since=now, node="elsewhere")
print(made.pk)
"""


def test_engineer_pins_an_environment_and_is_told_why_it_cannot_be_deleted(
    product: Product, people: dict[str, str], open_page: OpenPage
) -> None:
    environment = product.manage("shell", "--command", MAKE).split()[-1]
    page = open_page("engineer")
    page.goto(f"/environments/{environment}/")
    page.get_by_role("button", name="Pin", exact=True).click()
    expect(page.get_by_text("pinned: never evicted")).to_be_visible()
    expect(page.get_by_role("button", name="Unpin")).to_be_visible()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("is in use by procedure:4711")).to_be_visible()
    product.manage("shell", "--command", "from environments.models import Use; Use.objects.all().delete()")
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("EVICTED")).to_be_visible()
    expect(page.get_by_role("button", name="Delete")).to_have_count(0)


def test_without_javascript_the_refusal_is_on_the_page(
    product: Product, people: dict[str, str], open_page: OpenPage
) -> None:
    page = open_page("engineer", has_javascript=False)
    page.goto("/environments/")
    page.get_by_text("Build ahead").click()
    page.get_by_label("Repository").fill("ext::sh")
    page.get_by_role("button", name="Build", exact=True).click()
    expect(page.get_by_text("names a helper program of git")).to_be_visible()
    expect(page.get_by_label("Repository")).to_have_value("ext::sh")
