"""The frames of portal, back office and log-in pages."""

import re
from collections.abc import Callable

import pytest

from tests.ui_kit.samples import SEEN_AS, UNSENT, office_frame, portal_frame
from ui_kit.frames import AuthFrame, Link, NavItem

Render = Callable[..., str]
PORTAL = "{% extends 'ui/base_portal.html' %}{% block title %}Schedule{% endblock %}{% block main %}<h1>Hello</h1>{% endblock %}"
OFFICE = PORTAL.replace("portal", "office")
AUTH = PORTAL.replace("portal", "auth")


def order(html: str, *parts: str) -> bool:
    places = [html.index(part) for part in parts]
    return places == sorted(places)


def test_every_page_says_its_language_and_title(render: Render) -> None:
    html = render(PORTAL, "de", frame=portal_frame(), nav="schedule")
    assert html.startswith("<!doctype html>")
    assert '<html lang="de" dir="ltr">' in html
    assert "<title>Schedule · Maple Lane</title>" in html
    assert '<html lang="ar" dir="rtl">' in render(PORTAL, "ar", frame=portal_frame(), nav="")


def test_every_page_carries_the_token_and_the_htmx_settings(render: Render) -> None:
    html = render(PORTAL, frame=portal_frame(), nav="")
    assert '<meta name="csrf-token" content="' in html
    assert '"allowEval":false' in html
    assert '{"code":"422","swap":true}' in html
    assert html.index("theme.js") < html.index("tokens.css") < html.index("ui.css") < html.index("ui.js")


def test_skip_link_comes_first_and_leads_to_the_content(render: Render) -> None:
    html = render(PORTAL, frame=portal_frame(), nav="")
    assert html.index('class="ui-skip" href="#main"') < html.index("<header")
    assert re.search(r'<main class="ui-main" id="main" tabindex="-1">\s*<h1>Hello</h1>', html)


@pytest.mark.covers("B3")
def test_the_green_button_stands_under_the_account_number(render: Render) -> None:
    html = render(PORTAL, frame=portal_frame(), nav="schedule")
    assert order(html, "Hannah Okafor", "4417 209 318 0", "Request Services", "<main")
    assert re.search(
        r'4417 209 318 0</span></span>\s*<a class="ui-btn ui-btn--primary ui-acct__cta" href="/request">', html
    )


@pytest.mark.covers("B1")
def test_no_button_when_requests_are_off(render: Render) -> None:
    html = render(PORTAL, frame=portal_frame(can_request=False, request_url=None), nav="schedule")
    assert "Request Services" not in html
    assert "ui-tabbar__cta" not in html


@pytest.mark.covers("B8")
def test_unsent_visits_are_announced_above_the_page(render: Render) -> None:
    html = render(PORTAL, frame=portal_frame(unsent=UNSENT), nav="home")
    assert "<strong>4 visits are not sent yet.</strong> We send them for you tomorrow at 9:30." in html
    assert order(html, 'href="/basket">Review and send', "<main")
    assert "1 visit is not sent yet." in render(PORTAL, frame=portal_frame(unsent=type(UNSENT)(1, "", "/b")), nav="")


@pytest.mark.covers("B14")
def test_impersonation_names_both_and_ends_by_a_post(render: Render) -> None:
    html = render(PORTAL, frame=portal_frame(impersonation=SEEN_AS), nav="home")
    assert "You see the portal as Hannah Okafor. What you do here is logged as Dana Whitlock." in html
    assert '<form class="ui-inline" method="post" action="/end">' in html


@pytest.mark.covers("P9")
def test_header_shows_logo_notice_and_own_link(render: Render) -> None:
    frame = portal_frame(
        logo_url="/logo.webp", hide_business_name=True, notice="Closed on\n<b>1 January</b>.",
        header_button=Link("Shop", "https://shop.example"),
    )  # fmt: skip
    html = render(PORTAL, frame=frame, nav="home")
    assert '<img class="ui-logo__img" src="/logo.webp" alt="Maple Lane">' in html
    assert "Closed on\n&lt;b&gt;1 January&lt;/b&gt;." in html
    assert html.count('href="https://shop.example"') >= 2


def test_business_name_is_hidden_from_sight_only(render: Render) -> None:
    html = render(PORTAL, frame=portal_frame(hide_business_name=True), nav="home")
    assert '<span class="ui-vh">Maple Lane</span></a>' in html


def test_active_entry_is_marked_in_both_menus(render: Render) -> None:
    html = render(PORTAL, frame=portal_frame(), nav="schedule")
    assert len(re.findall(r'href="/schedule" aria-current="page"', html)) == 2


def test_phone_bar_keeps_the_first_entries_and_puts_the_rest_under_more(render: Render) -> None:
    html = render(PORTAL, frame=portal_frame(), nav="settings")
    bar = html[html.index('class="ui-tabbar"') :]
    assert order(bar, "Summary", "Schedule", "Request", "Invoices", "More", "Your data", "Settings", "Log out")
    assert '<details class="ui-menu is-current">' in bar


def test_short_menu_needs_no_more(render: Render) -> None:
    frame = portal_frame(nav=[NavItem("day", "Visits", "calendar", "/day")], can_request=False, account_number=None)
    bar = render(PORTAL, frame=frame, nav="day")
    assert "<span>More</span>" not in bar
    assert "ui-acct__no" not in bar


def test_log_out_is_a_post_with_the_token_in_every_frame(render: Render) -> None:
    for html in (
        render(PORTAL, frame=portal_frame(), nav=""),
        render(OFFICE, office=office_frame(), nav=""),
    ):
        forms = re.findall(r'<form method="post" action="/log-out"><input type="hidden" name="csrf_token"', html)
        assert len(forms) == html.count("/log-out") >= 1


def test_help_stands_in_the_same_place(render: Render) -> None:
    html = render(PORTAL, frame=portal_frame(), nav="")
    assert re.search(r'<footer class="ui-foot">.*tel:01632960123.*mailto:hello@maple.example', html, re.DOTALL)


def test_nothing_of_the_client_is_rendered_raw(render: Render) -> None:
    evil = "<script>x</script>"
    frame = portal_frame(client_name=evil, business_name=evil, notice=evil, demo_note=evil, account_number=evil)
    assert "<script>x" not in render(PORTAL, frame=frame, nav="")
    assert "<script>x" not in render(OFFICE, office=office_frame(user_name=evil, business_name=evil), nav="")


@pytest.mark.covers("B7")
def test_office_counts_are_red_and_said_in_words(render: Render) -> None:
    html = render(OFFICE, office=office_frame(), nav="requests")
    assert re.search(
        r'href="/requests" aria-current="page">.*?<span class="ui-count"><span aria-hidden="true">3</span>'
        r'<span class="ui-vh">3 clients waiting</span>',
        html,
    )
    assert html.count('class="ui-count"') == 1


def test_office_drawer_opens_without_script(render: Render) -> None:
    html = render(OFFICE, office=office_frame(), nav="")
    assert '<nav class="ui-side" id="side" aria-label="Main">' in html
    assert 'href="#side" data-side-open aria-controls="side" aria-label="Menu"' in html


def test_office_search_asks_the_page_of_the_search(render: Render) -> None:
    html = render(OFFICE, office=office_frame(), nav="")
    assert '<form class="ui-search" role="search" action="/clients" method="get">' in html
    assert 'type="search" name="q"' in html
    assert 'role="search"' not in render(OFFICE, office=office_frame(search_url=None), nav="")


def test_office_offers_only_what_it_is_given(render: Render) -> None:
    html = render(OFFICE, office=office_frame(new_items=[]), nav="")
    assert "<span>New</span>" not in html
    assert "/clients/new" in render(OFFICE, office=office_frame(), nav="")


def test_auth_page_is_one_card(render: Render) -> None:
    auth = AuthFrame("Maple Lane", phone_number="01632 960 123", demo_note="Demo payments")
    html = render(AUTH, auth=auth)
    assert '<div class="ui-card ui-auth__card"><h1>Hello</h1></div>' in html
    assert "Maple Lane" in html
    assert "Demo payments" in html
    assert "htmx.min.js" not in html


def test_own_colours_come_as_a_sheet(render: Render) -> None:
    link = '<link rel="stylesheet" href="/brand.css">'
    assert link in render(PORTAL, frame=portal_frame(brand_css_url="/brand.css", manifest_url="/m"), nav="")
    assert link in render(OFFICE, office=office_frame(brand_css_url="/brand.css"), nav="")
    assert link in render(AUTH, auth=AuthFrame("M", brand_css_url="/brand.css"))
