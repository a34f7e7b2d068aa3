"""Merge codes: what may stand in braces in the office's own words of a mail, by its kind.

A code says where its value comes from and what it is for; `mailer.code_values` reads it at delivery. Nothing else can
be reached from an edited mail: what is not in the list of its kind does not exist for it.
"""

import enum
from dataclasses import dataclass
from functools import cache

from workflows.errors import N_
from workflows.mail_facts import FACTS, MailKind

#: mails that no office edits as templates: their words stand in their facts
FIXED_KINDS = frozenset({MailKind.TEMPLATE_TEST, MailKind.OWN_MAIL})
#: the mails whose words can be edited
EDITABLE_KINDS = tuple(kind for kind in MailKind if kind not in FIXED_KINDS)


class Shape(enum.StrEnum):
    """Where a code may stand, and what comes out of it."""

    #: words within a line
    WORDS = "words"
    #: the address of a page: shown as it is, under words, or as a button
    LINK = "link"
    #: a piece of its own, alone on its line
    BLOCK = "block"
    #: shows nothing; for {IF ...} only
    CONDITION = "condition"


@dataclass(frozen=True)
class Code:
    """One merge code."""

    #: as it stands in braces
    name: str
    #: how `mailer.code_values` reads it
    how: str
    #: one short sentence or less for whoever edits
    help: str
    #: the fact that it is read from, "" for what does not come from the facts
    fact: str = ""
    shape: Shape = Shape.WORDS
    #: without it the mail is of no use, and cannot be saved
    is_needed: bool = False
    #: lets whoever has it in: never shown in previews, tests and kept texts
    is_secret: bool = False


def words(name: str, how: str, fact: str, told: str) -> Code:
    """A code that stands within a line."""
    return Code(name, how, told, fact)


def block(name: str, how: str, fact: str, told: str) -> Code:
    """A code that stands alone on its line."""
    return Code(name, how, told, fact, Shape.BLOCK)


def link(name: str, page: str, told: str) -> Code:
    """The address of one of our pages."""
    return Code(name, "link", told, page, Shape.LINK)


def made_link(name: str, fact: str, told: str, *, is_needed: bool = False, is_secret: bool = False) -> Code:
    """An address that is made for this mail alone."""
    return Code(name, "made_link", told, fact, Shape.LINK, is_needed, is_secret)


def when(name: str, fact: str, told: str, value: str = "") -> Code:
    """True when the fact is there, or has this value."""
    return Code(name, f"is:{value}" if value else "has", told, fact, Shape.CONDITION)


GENERAL = (
    Code("COMPANY_NAME", "company", N_("The name of your business"), "name"),
    Code("COMPANY_EMAIL", "company", N_("Its mail address"), "email"),
    Code("COMPANY_PHONE", "company", N_("Its phone number"), "phone"),
    Code("COMPANY_ADDRESS", "company", N_("Its address in one line"), "address"),
)
#: pages of those who read the mail, offered in each of their mails
PORTAL_LINKS = (
    link("CLIENT_PORTAL_URL", "portal", N_("The client portal")),
    link("PORTAL_SCHEDULE_URL", "schedule", N_("The client's schedule")),
    link("PORTAL_REQUESTS_URL", "requests", N_("The client's requests")),
    link("PORTAL_BASKET_URL", "basket", N_("Asking for visits, and the basket")),
    link("PORTAL_MESSAGES_URL", "letters", N_("Messages with the office")),
    link("PORTAL_ACCOUNT_URL", "account", N_("What is to be paid")),
    link("PORTAL_PAYMENTS_URL", "payments", N_("The client's payments")),
)
SITTER_LINKS = (
    link("SITTER_URL", "sitter", N_("The sitter's day")),
    link("SITTER_PAY_URL", "sitter_pay", N_("The sitter's pay")),
    link("SITTER_TIME_OFF_URL", "sitter_time_off", N_("The sitter's time off")),
    link("SITTER_MESSAGES_URL", "sitter_messages", N_("The sitter's messages")),
)
OFFICE_LINKS = (
    link("OFFICE_URL", "office", N_("The back office")),
    link("OFFICE_REQUESTS_URL", "queue", N_("Job requests")),
    link("OFFICE_SCHEDULE_URL", "office_schedule", N_("The schedule")),
    link("OFFICE_MESSAGES_URL", "office_letters", N_("Messages with clients")),
    link("OFFICE_SITTER_MESSAGES_URL", "office_sitter_messages", N_("Messages with sitters")),
    link("OFFICE_TIME_OFF_URL", "office_time_off", N_("Time off")),
    link("OFFICE_REGISTRATIONS_URL", "registrations", N_("Registrations")),
    link("OFFICE_OPERATIONS_URL", "operations", N_("Operations")),
)
TO_SITTERS = frozenset(
    {
        MailKind.SITTER_VISIT_ASSIGNED, MailKind.SITTER_VISIT_MOVED, MailKind.SITTER_VISIT_TAKEN_AWAY,
        MailKind.SITTER_CHANGES, MailKind.SITTER_REQUEST_MESSAGE, MailKind.SITTER_SCHEDULE, MailKind.PAY_STATEMENT,
        MailKind.TIME_OFF_DECIDED, MailKind.SITTER_MESSAGE_ANSWERED, MailKind.REPORT_THANKED,
    }
)  # fmt: skip
TO_OFFICE = frozenset(
    {
        MailKind.TIME_OFF_ASKED, MailKind.SITTER_MESSAGE, MailKind.REQUEST_ANSWERED, MailKind.MASTER_SCHEDULE,
        MailKind.VISIT_ALERTS, MailKind.DATA_DIGEST, MailKind.LETTER_TO_OFFICE, MailKind.DISPUTE_OPENED,
        MailKind.REGISTRATION_TOLD, MailKind.BACKUP_FAILED,
    }
)  # fmt: skip
#: mails to whoever has a log-in, on either side: no page suits both
TO_EITHER = frozenset({MailKind.SET_PASSWORD, MailKind.SECURITY_NEWS})


@cache
def codes_of(kind: MailKind) -> dict[str, Code]:
    """The codes of a kind by name: its own, those of its reader's pages, and the business's."""
    from workflows.mail_code_list import OF_FACTS, OF_KIND

    if kind in TO_EITHER:
        pages: tuple[Code, ...] = ()
    else:
        pages = SITTER_LINKS if kind in TO_SITTERS else OFFICE_LINKS if kind in TO_OFFICE else PORTAL_LINKS
    own = OF_KIND.get(kind, ()) + OF_FACTS[FACTS[kind]]
    found: dict[str, Code] = {}
    for code in (*own, *GENERAL, *pages):
        found.setdefault(code.name, code)
    return found
