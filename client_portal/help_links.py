"""Which page of the user guide is about which page of the portal."""

from flask import request

from ui_kit.guide import Guide

GUIDE = Guide("/portal/help/", ("client",), "ui/base_portal.html")

#: the chapter -> the groups of pages that it is about
_ABOUT = {
    "pay": ("account", "pay", "invoices", "payments", "methods"),
    "schedule": ("schedule", "calendar"),
    "request-visits": ("requesting", "requests"),
    "change-or-cancel": (
        "visits", "visit_cancelling", "changing", "following", "withdrawing", "series", "messages", "cancelling",
    ),
    "your-data": (
        "data", "amending", "files", "uploads", "contacts", "changing_contacts", "health", "vaccinating", "vets", "pets",
        "adding_pets", "leaving_pets", "agreements",
    ),
    "messages": ("reports", "letters"),
    "settings": ("settings",),
}  # fmt: skip
CHAPTERS = {f"portal_{group}": chapter for chapter, groups in _ABOUT.items() for group in groups}


def url_for_page() -> str:
    """The chapter about the page that is asked for, or the table of contents."""
    name = CHAPTERS.get(request.blueprint or "")
    return GUIDE.url("client", name) if name else GUIDE.base
