"""The user guide in the back office: all of it, as owners also answer the questions of clients and sitters."""

from flask import Blueprint, Flask, Response, request

from ui_kit.guide import Guide

GUIDE = Guide("/admin/help/", ("owner", "client", "sitter"), "ui/base_office.html")

#: the menu entry that a page belongs to -> the chapter about it
CHAPTERS = {
    "admin": "home",
    "schedule": "schedule",
    "requests": "requests",
    "changes": "changes",
    "letters": "messages",
    "sitter_messages": "messages",
    "repeats": "repeating-services",
    "clients": "clients-and-pets",
    "registrations": "clients-and-pets",
    "pets": "clients-and-pets",
    "vets": "clients-and-pets",
    "proposals": "custom-fields",
    "team": "team",
    "keys": "keys",
    "files_page": "clients-and-pets",
    "time_off": "time-off",
    "invoices": "invoices",
    "payments": "payments",
    "attention": "payments",
    "pay": "pay-runs",
    "services": "services-and-prices",
    "price_rules": "services-and-prices",
    "opening_hours": "opening-hours-and-limits",
    "policy": "cancellation-policy",
    "reports": "reports",
    "visits": "finding-things",
    "notifications": "home",
    "activity": "finding-things",
    "outbox": "mails",
    "fields": "custom-fields",
    "agreements": "agreements",
    "imports": "bring-your-data",
    "mail_texts": "mails",
    "archives": "archive-and-backup",
    "connections": "connect-programs",
    "made_up": "first-day",
    "settings": "first-day",
    "office_account": "your-account",
    "global_search": "finding-things",
}
#: pages whose subject is another than their menu entry's
OWN_CHAPTERS = {
    "credit_notes": "credit-and-packages",
    "note_page": "credit-and-packages",
    "client_packages": "credit-and-packages",
    "visit_packages": "credit-and-packages",
    "client_account": "credit-and-packages",
    "first_steps": "first-day",
    "history": "finding-things",
    "mailings": "mails",
    "payment_gateway": "payments",
    "report_page": "team",
    "vet_proposals": "clients-and-pets",
    "data": "custom-fields",
    "field_lists": "custom-fields",
}
#: the settings pages, by the last word of their address
SETTINGS_CHAPTERS = {"portal": "portal-settings", "billing": "invoices", "team": "team"}


def url(name: str) -> str:
    """The address of a chapter for owners."""
    return GUIDE.url("owner", name)


def url_for_page(blueprint: str, entry: str) -> str:
    """The chapter about the page asked for: by its own name, by its menu entry, or the table of contents."""
    name = OWN_CHAPTERS.get(blueprint) or CHAPTERS.get(entry)
    if blueprint == "settings":
        name = SETTINGS_CHAPTERS.get(request.path.rpartition("/")[2], name)
    return url(name) if name else GUIDE.base


def install(app: Flask) -> None:
    """Add the pages under /admin; the guard asks for the office permission."""
    pages = Blueprint("office_help", __name__, url_prefix="/admin/help")

    @pages.get("/")
    def index() -> str:
        return GUIDE.index()

    @pages.get("/<any(owner, client, sitter):part>/<name>")
    def chapter(part: str, name: str) -> str:
        return GUIDE.page(part, name)

    @pages.get("/pictures/<name>")
    def picture(name: str) -> Response:
        return GUIDE.picture(name)

    app.register_blueprint(pages)
