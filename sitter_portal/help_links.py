"""Which page of the user guide is about which page of the sitters'."""

from flask import request

from ui_kit.guide import Guide

GUIDE = Guide("/staff/help/", ("sitter",), "ui/base_portal.html")

CHAPTERS = {
    "sitter_day": "your-day",
    "sitter_visit": "your-day",
    "sitter_clients": "your-day",
    "sitter_report": "report-cards",
    "sitter_keys": "keys",
    "sitter_time_off": "time-off",
    "staff_messages": "messages-and-mails",
    "sitter_calendar": "messages-and-mails",
    "sitter_pay": "pay",
    "sitter_account": "messages-and-mails",
}


def url_for_page() -> str:
    """The chapter about the page that is asked for, or the table of contents."""
    name = CHAPTERS.get(request.blueprint or "")
    return GUIDE.url("sitter", name) if name else GUIDE.base
