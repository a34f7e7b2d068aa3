"""Words that are a third longer than ours still fit on a phone."""

import pytest

from foundation.db import mark_request
from tests.languages import pseudo

pytestmark = pytest.mark.browser

PAGES = {
    ("portal", "alice"): ("/portal/", "/portal/schedule", "/portal/request", "/portal/requests", "/portal/account", "/portal/your-data/", "/portal/settings/"),
    ("office", "olivia"): ("/admin/", "/admin/clients/", "/admin/client/{alice}/", "/admin/schedule/", "/admin/job-requests/{alice}/", "/admin/settings/portal", "/admin/price-rules/new/", "/admin/log/"),
    ("office", "sam"): ("/staff/", "/staff/keys", "/staff/time-off"),
}  # fmt: skip
#: buttons, tabs and heads whose words are cut off though nothing scrolls
CUT = """() => [...document.querySelectorAll("button, .ui-btn, .ui-chip, th, h1, h2, label")]
  .filter((one) => one.offsetWidth && one.scrollWidth > one.clientWidth + 2 && !one.closest(".ui-vh") && getComputedStyle(one).display !== "inline"
    && getComputedStyle(one).overflowX === "hidden")
  .map((one) => `${one.tagName} ${one.className}: ${one.textContent.trim().slice(0, 60)}`)"""


def choose(locale):
    """Set the language of the business; the browsers read it at their next page."""
    mark_request(reads_only=False)
    pseudo.choose(locale)
    mark_request(reads_only=True)


def test_a_third_more_words_fit_on_a_phone(live, visitor, monkeypatch):
    wide = []
    for (door, name), paths in PAGES.items():
        person = getattr(live.cast, name)
        who = visitor("phone").log_in(door, person.email if door == "portal" else person.login.email)
        with monkeypatch.context() as patch:
            pseudo.speak(patch)
            choose(pseudo.LOCALE)
            for path in paths:
                page = who.go(path.format(alice=live.cast.alice.id))
                page.wait_for_load_state()
                assert page.locator("html").get_attribute("lang") == "el-GR", f"{path} is not in the made-up language"
                more = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
                wide += [f"{path} is {more} px too wide"] if more > 0 else []
                wide += [f"{path} cuts {text}" for text in page.evaluate(CUT)]
                who.keep("pseudo" + path.replace("/", "-"))
        choose("en_US")
    assert wide == []
