"""What the layouts need to know, as plain values. The front ends fill these in, once a request.

`ui/base_portal.html` reads `frame` (a `PortalFrame`), `ui/base_office.html` reads `office` (an `OfficeFrame`); both read
`nav`, the key of the active menu entry. Any object with the same attributes will do.
"""

import datetime as dt
from dataclasses import dataclass, field


@dataclass(frozen=True)
class NavItem:
    """One entry of a menu. `count` is drawn as a red badge when it is not 0; `count_label` says it to screen readers."""

    key: str
    label: str
    icon: str
    url: str
    count: int | None = None
    count_label: str = ""
    short: str = ""  # for the bar at the thumb, where "Account summary" does not fit


@dataclass(frozen=True)
class NavGroup:
    """Menu entries under a heading; `None` for those at the top."""

    heading: str | None
    items: list[NavItem]


@dataclass(frozen=True)
class Link:
    """A label and where it leads."""

    label: str
    url: str
    icon: str = "external-link"


@dataclass(frozen=True)
class Unsent:
    """A basket that waits: `text` says how much and what happens when it is forgotten."""

    n: int
    text: str
    review_url: str


@dataclass(frozen=True)
class Impersonation:
    """A member of staff sees this portal as the client; `end_url` takes a POST."""

    staff_name: str
    end_url: str
    until: dt.datetime | None = None


@dataclass(frozen=True)
class PortalFrame:
    """The frame of every portal page (and, without account number and request button, of the sitter's pages)."""

    business_name: str
    client_name: str
    nav: list[NavItem]
    home_url: str
    logout_url: str
    account_number: str | None = None
    hide_business_name: bool = False
    logo_url: str | None = None
    header_button: Link | None = None
    notice: str | None = None
    can_request: bool = False
    request_url: str | None = None
    unsent: Unsent | None = None
    impersonation: Impersonation | None = None
    account_menu: list[NavItem] = field(default_factory=list)
    phone_number: str | None = None
    email: str | None = None
    demo_note: str | None = None  # "Demo payments: no money moves."
    brand_css_url: str | None = None  # a sheet that overrides tokens, when the business has its own colour
    manifest_url: str | None = None  # the web app manifest of the installable portal
    worker_url: str | None = None  # the service worker of this face
    help_url: str | None = None  # the page of the user guide about this one
    kept_url: str | None = None  # the page of what the sitter's phone keeps to go on without a connection


@dataclass(frozen=True)
class OfficeFrame:
    """The frame of every back office page."""

    business_name: str
    user_name: str
    user_initials: str
    groups: list[NavGroup]
    home_url: str
    logout_url: str
    logo_url: str | None = None
    search_url: str | None = None
    search_label: str | None = None
    keys_url: str | None = None  # the list of the keyboard shortcuts
    help_url: str | None = None  # the page of the user guide about this one
    new_items: list[Link] = field(default_factory=list)
    account_menu: list[NavItem] = field(default_factory=list)
    demo_note: str | None = None
    brand_css_url: str | None = None
    #: what all of it was made of, where whoever made it keeps it for the next request
    key: tuple[object, ...] | None = field(default=None, compare=False, repr=False)
    #: pieces that were drawn of it
    drawn: dict[object, object] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True)
class AuthFrame:
    """The frame of log-in pages: `auth` in `ui/base_auth.html`."""

    business_name: str
    home_url: str = "/"
    logo_url: str | None = None
    phone_number: str | None = None
    email: str | None = None
    demo_note: str | None = None
    brand_css_url: str | None = None
