"""A queued mail's facts as subject, text and HTML, in the business's language.

The templates get plain values only. Whatever people typed is data here: it is escaped in HTML, kept on one line where
a line is meant, and never looked at as a template.
"""

import dataclasses
import textwrap
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import css_inline
from babel import Locale
from flask import current_app
from flask_babel import force_locale, get_translations
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from foundation.text import visible
from mailer.formats import Formats
from mailer.kinds import TEMPLATES
from models import OutboxMail, Realm
from workflows import login_links, mail_refusals, people, registrations, request_threads, settings
from workflows.mail_facts import (
    MailKind,
    OwnMail,
    RegistrationKnown,
    RegistrationLink,
    ReportCardFacts,
    ReportThanked,
    RequestMessageFacts,
    SetPassword,
    TemplateTest,
    from_json,
)

#: where the links of mails lead, under PUBLIC_URL
PATHS = {
    "portal": "/portal/",
    "schedule": "/portal/schedule",
    "requests": "/portal/requests",
    "basket": "/portal/request",
    "letters": "/portal/messages/",
    "account": "/portal/account",
    "payments": "/portal/payments",
    "office_letters": "/admin/letters/",
    "office_time_off": "/admin/time-off/",
    "office_sitter_messages": "/admin/sitter-messages/",
    "sitter": "/staff/",
    "sitter_pay": "/staff/pay",
    "sitter_time_off": "/staff/time-off",
    "sitter_messages": "/staff/messages",
    "queue": "/admin/job-requests/",
    "office_schedule": "/admin/schedule/",
    "office": "/admin/",
    "registrations": "/admin/registrations/",
    "operations": "/admin/operations/",
    "forgotten": "/portal/forgotten",
    "staff_forgotten": "/office/forgotten",
}
#: the setting without which a page answers 404; its links then lead to the first page
SWITCHES = {
    "schedule": "portal.schedule",
    "requests": "portal.requests",
    "basket": "portal.requests",
    "letters": "portal.letters",
    "account": "portal.account_summary",
    "payments": "portal.payments",
}
SET_PASSWORD_PATHS = {Realm.CLIENT: "/portal/set-password/", Realm.STAFF: "/office/set-password/"}
REGISTER_PATH = "/portal/register/"
ANSWER_PATH = "/staff/answers/"
REPORT_PATH = "/portal/reports/"
SPARE_PATH = "/portal/unsubscribe/"
#: facts in which people wrote several lines; every other one is a single line wherever it is shown
MANY_LINES = frozenset({"note", "reason", "message", "body"})
SUBJECT_MOST = 200
TEXT_WIDTH = 76


class Rendered(NamedTuple):
    """What is sent."""

    subject: str
    text: str
    html: str


def render(mail: OutboxMail) -> Rendered:
    """The mail's text as it is sent now. Reads the settings; changes nothing.

    Raises what a template raises: facts that a template does not know how to show are a bug, not an empty line.
    """
    kind = MailKind(mail.kind)
    code = settings.read()["business.locale"]
    with force_locale(code):
        context = context_of(mail)
        if kind is MailKind.OWN_MAIL:
            from mailer import own_words  # it is made from what stands here

            context["made"] = own_words.made_own(mail, context)
        environment = environment_in(code)
        subject = environment.get_template(f"{kind.value}/subject.txt").render(context)
        text = environment.get_template(f"{kind.value}/body.txt").render(context)
        html = environment.get_template(f"{kind.value}/body.html").render(context, subject=one_line(subject))
    return finished(subject, text, html)


def context_of(mail: OutboxMail) -> dict[str, Any]:
    """What a template is given: the tidied facts, the business, the links, and what only some kinds need."""
    values = settings.read()
    facts = _tidy(from_json(MailKind(mail.kind), mail.facts))
    context = {"facts": facts, "business": _business(values), "links": _links(values)}
    if isinstance(facts, OwnMail):
        return {**context, "unsubscribe_link": unsubscribe_link(facts)}
    return {**context, **_extra(facts, values)}


def environment_in(code: str) -> Environment:
    """Jinja for our own templates, in this locale."""
    return _environment(TEMPLATES, code)


def finished(subject: str, text: str, html: str) -> Rendered:
    """What templates made, set as it is sent."""
    return Rendered(one_line(subject)[:SUBJECT_MOST], _set_text(text), _inliner().inline(html))


def absolute(path: str) -> str:
    """A path of ours as people outside need it. Only the configured address counts, never the Host of a request."""
    return current_app.config["PUBLIC_URL"].rstrip("/") + path


def _links(values: settings.Values) -> dict[str, str]:
    is_open = {name: name not in SWITCHES or values[SWITCHES[name]] for name in PATHS}
    return {name: absolute(path if is_open[name] else PATHS["portal"]) for name, path in PATHS.items()}


def _business(values: settings.Values) -> dict[str, Any]:
    return {
        "name": one_line(values["business.name"]),
        "address": [clean for x in (values["business.address"] or "").splitlines() if (clean := one_line(x))],
        "phone": people.show_phone(one_line(values["business.phone"] or ""), region=people.region()),
        "email": one_line(values["business.email"] or ""),
        "auto_submit_hours": values["portal.auto_submit_hours"],
    }


def _extra(facts: Any, values: settings.Values) -> dict[str, Any]:  # noqa: ANN401 -- the kind's own dataclass
    """What only some kinds need: links that let somebody in are signed here, at delivery, and are nowhere in the database."""
    if isinstance(facts, RequestMessageFacts):
        return {"answer_link": _answer_link(facts)}
    if isinstance(facts, ReportCardFacts):
        is_open = values["reports.on"] and values["portal.report_cards"]
        return {"report_link": absolute(REPORT_PATH + facts.card if is_open else PATHS["portal"])}
    if isinstance(facts, ReportThanked):
        return {"report_link": absolute(f"/staff/visits/{facts.visit_id}/report")}
    if isinstance(facts, TemplateTest):
        from mailer import own_words  # it is made from what stands here

        return {"made": own_words.made_for_test(facts)}
    key, words = current_app.config["SECRET_KEY"], Formats(Locale.parse(values["business.locale"])).lifetime
    if isinstance(facts, RegistrationLink):
        link = absolute(REGISTER_PATH + registrations.sign_link(key, facts))
        return {"link": link, "lifetime": words(registrations.LINK_LIFETIME)}
    if isinstance(facts, RegistrationKnown):
        if not facts.has_login:
            return {"link": "", "lifetime": ""}
        facts = SetPassword(facts.name, Realm.CLIENT.value, facts.login_id, facts.link_serial, "forgotten")
    if not isinstance(facts, SetPassword):
        return {}
    link = absolute(SET_PASSWORD_PATHS[Realm(facts.realm)] + login_links.sign_link(key, facts))
    return {"link": link, "lifetime": words(login_links.LINK_LIFETIME[facts.reason])}


def unsubscribe_link(facts: OwnMail) -> str:
    """Where whoever reads news asks for no more of them; "" in a mail about the service itself."""
    if not facts.is_news:
        return ""
    return absolute(
        SPARE_PATH + mail_refusals.sign_link(current_app.config["SECRET_KEY"], facts.client_id, facts.address)
    )


def _answer_link(facts: RequestMessageFacts) -> str:
    """Where a sitter answers without logging in; "" in the client's mail, who answers in the portal."""
    if len(facts.answer_to) != 2:
        return ""
    return absolute(ANSWER_PATH + request_threads.sign_answer_link(current_app.config["SECRET_KEY"], *facts.answer_to))


# --------------------------------------------------------------------------------------------- what people typed


def one_line(text: str) -> str:
    """The text as one line without invisible signs: what a header, a name or a list entry may be."""
    return " ".join(visible(text).split())


def _tidy(value: Any, name: str = "") -> Any:  # noqa: ANN401 -- facts of any kind, and what is in them
    if isinstance(value, str):
        return visible(value).strip() if name in MANY_LINES else one_line(value)
    if isinstance(value, tuple | list):  # what JSON kept inside of a tuple is a list
        return tuple(_tidy(v, name) for v in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        changed = {f.name: _tidy(getattr(value, f.name), f.name) for f in dataclasses.fields(value)}
        return dataclasses.replace(value, **changed)
    return value


# ------------------------------------------------------------------------------------------------------ templates


def _is_html(name: str | None) -> bool:
    return name is not None and name.endswith(".html")


@cache
def _environment(templates: Path, code: str) -> Environment:
    """Jinja of its own: nothing of the web's environment (request, session, url_for) is in reach of a mail."""
    environment = Environment(
        loader=FileSystemLoader(templates),
        undefined=StrictUndefined,
        autoescape=_is_html,  # noqa: S701 -- subjects and plain texts are no markup
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.install_gettext_callables(  # type: ignore[attr-defined]  # the extension adds it
        gettext=lambda s: get_translations().ugettext(s),
        ngettext=lambda s, p, n: get_translations().ungettext(s, p, n),
        newstyle=True,
        pgettext=lambda c, s: get_translations().upgettext(c, s),
        npgettext=lambda c, s, p, n: get_translations().unpgettext(c, s, p, n),
    )
    locale = Locale.parse(code)
    formats = Formats(locale)
    environment.filters.update(
        day=formats.day, when=formats.when, price=formats.price, total=formats.total, news=formats.news,
        first_day=formats.first_day, grouped=formats.grouped, at=formats.at, unpriced=formats.unpriced, lines=_lines,
        flow=_flow, answer=formats.answer, week=formats.week,
    )  # fmt: skip
    environment.globals.update(language=code.replace("_", "-"), direction=locale.text_direction)
    return environment


def _flow(text: str) -> str:
    """Sentences that stand on lines of their own in a template as one paragraph of plain text."""
    return one_line(text) + "\n"


def _lines(text: str) -> Markup:
    """Text of several lines for HTML."""
    return Markup("<br>").join(escape(line) for line in text.splitlines())


@cache
def _inliner() -> css_inline.CSSInliner:
    """Styles go into the tags, because some mail programs drop the sheet; it stays for the dark colours."""
    return css_inline.CSSInliner(keep_style_tags=True, load_remote_stylesheets=False)


def _set_text(text: str) -> str:
    """The plain text set for reading: lines of at most 76 signs with hanging list entries, single blank lines.

    Addresses of pages are never broken.
    """
    done: list[str] = []
    for raw in text.strip("\n").splitlines():
        line = raw.rstrip()
        if not line:
            if done and done[-1]:
                done.append("")
            continue
        indent = line[: len(line) - len(line.lstrip())]
        hanging = indent + ("  " if line.lstrip().startswith("- ") else "")
        done += textwrap.wrap(
            line, TEXT_WIDTH, subsequent_indent=hanging, break_long_words=False, break_on_hyphens=False
        )
    return "\n".join(done).rstrip() + "\n"
