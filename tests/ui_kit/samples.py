"""Frames as the front ends would hand them over."""

from ui_kit.frames import Impersonation, Link, NavGroup, NavItem, OfficeFrame, PortalFrame, Unsent

UI = "{% import 'ui/_ui.html' as ui %}"


def portal_frame(**changes: object) -> PortalFrame:
    values: dict[str, object] = {
        "business_name": "Maple Lane",
        "client_name": "Hannah Okafor",
        "account_number": "4417 209 318 0",
        "nav": [
            NavItem("home", "Account summary", "home", "/home", short="Summary"),
            NavItem("schedule", "Schedule", "calendar", "/schedule"),
            NavItem("invoices", "Invoices", "file-invoice", "/invoices"),
            NavItem("data", "Your data", "paw", "/data"),
            NavItem("settings", "Settings", "settings", "/settings"),
        ],
        "home_url": "/home",
        "logout_url": "/log-out",
        "can_request": True,
        "request_url": "/request",
        "phone_number": "01632 960 123",
        "email": "hello@maple.example",
    }
    return PortalFrame(**{**values, **changes})  # type: ignore[arg-type]


def office_frame(**changes: object) -> OfficeFrame:
    values: dict[str, object] = {
        "business_name": "Maple Lane",
        "user_name": "Dana Whitlock",
        "user_initials": "DW",
        "groups": [
            NavGroup(None, [NavItem("requests", "Job requests", "inbox", "/requests", 3, "3 clients waiting")]),
            NavGroup("People", [NavItem("clients", "Clients", "users", "/clients", 0, "none")]),
        ],
        "home_url": "/admin/",
        "logout_url": "/log-out",
        "search_url": "/clients",
        "new_items": [Link("Client", "/clients/new", "user-plus")],
    }
    return OfficeFrame(**{**values, **changes})  # type: ignore[arg-type]


UNSENT = Unsent(4, "We send them for you tomorrow at 9:30.", "/basket")
SEEN_AS = Impersonation("Dana Whitlock", "/end")
