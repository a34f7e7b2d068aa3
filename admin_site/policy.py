"""The cancellation policy: rules and reasons with their forms, the policy on one page, and what it comes to.

`workflows.policy` saves, `workflows.cancellation` decides; the words stand in `policy_words`.
"""

import datetime as dt
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from flask import abort, flash, redirect, request, url_for
from flask_admin import Admin, expose
from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import joinedload
from werkzeug.wrappers import Response

from admin_site import filters, lookups, policy_words, search
from admin_site.base import OfficeList
from admin_site.forms import Section
from admin_site.pages import Answer, WorkPage, get_or_404, page, refuse
from admin_site.reading import like, read_clock, read_day, read_id, read_search
from admin_site.rows import Column
from foundation import clock, money
from foundation.db import db
from models import (
    CancellationReason,
    CancellationRule,
    Client,
    Initiator,
    Job,
    JobState,
    ServiceGroup,
    ServiceItem,
)
from ui_kit import formats
from workflows import cancellation, cancellation_facts, jobs, policy
from workflows.actors import Actor
from workflows.cancellation import Facts, Verdict
from workflows.errors import WorkflowError
from workflows.permissions import Permission

#: how many hours before its start the visits of the table of examples are called off
EXAMPLES = (1, 6, 12, 24, 48, 72, 168, 336, 720)
MOST_FOUND = 30


def register(admin: Admin) -> None:
    """Add the pages and the two lists to the back office."""
    admin.add_view(PolicyPage(name="Cancellation policy", endpoint="policy", url="cancellation-policy"))
    admin.add_view(RuleList(CancellationRule, "cancellation_rules", "/admin/cancellation-rules"))
    admin.add_view(ReasonList(CancellationReason, "cancellation_reasons", "/admin/cancellation-reasons"))


# --------------------------------------------------------------------------------------------------------- the lists


class RuleList(OfficeList):
    """The rules as records: the form of each, and the list for finding and for files."""

    writing = Permission.CATALOGUE
    title, add_label = _l("Cancellation rules"), _l("Add rule")
    empty = ("cat", _l("No rules yet"), _l("Without a rule, every cancellation is free."))
    search_hint = _l("Name")
    default_order = (CancellationRule.position, CancellationRule.id)
    list_options = (joinedload(CancellationRule.service_group).load_only(ServiceGroup.name),)
    record_options = list_options
    columns = (
        Column("name", _l("Name"), sort=(CancellationRule.name,)),
        Column("position", _l("Place"), right=True),
        Column("when", _l("When"), value=lambda r: "; ".join(policy_words.conditions(r))),
        Column("charge", _l("Client pays"), value=lambda r: policy_words.outcome_words(r)[0]),
        Column("pay", _l("Sitter gets"), value=lambda r: policy_words.outcome_words(r)[1]),
        Column("refund_to", _l("Money that was paid"), hidden=True),
        Column("service_group", _l("Group"), hidden=True),
        Column("is_active", _l("Active")),
    )
    filters = (filters.YesNo("active", CancellationRule.is_active, _l("Active")),)
    sections = (
        Section(_l("Rule"), ("name", "is_active")),
        Section(
            _l("When it holds"),
            (
                "service_group", "notice_kind", ("notice_number", "notice_time"), "basis", ("on_holiday", "initiator"),
                ("season_from", "season_to"),
            ),
            _l("Every condition that you fill in must hold. The first rule whose conditions all hold decides."),
        ),
        Section(
            _l("What it does"),
            (("charge_percent", "charge_amount"), "charge_cap", ("pay_percent", "pay_amount"), "refund_to"),
            _l("The client never pays more than the price of the visit."),
        ),
        Section(
            _l("Advanced"),
            ("stay_begun", ("stay_day_from", "stay_day_to"), "ends_series", ("allowance_visits", "allowance_months")),
            advanced=True,
        ),
    )  # fmt: skip
    form_ajax_refs = {"service_group": lookups.service_group("service_group")}
    field_looks = {
        "charge_percent": {"after": "%"},
        "pay_percent": {"after": "%"},
        **{name: {"class_": "ui-input--w8"} for name in ("notice_number", "season_from", "season_to", "stay_day_from", "stay_day_to", "allowance_visits", "allowance_months")},
    }  # fmt: skip
    form_args = {
        "name": {"label": _l("Name"), "description": _l("Clients read it beside the fee, such as “Within 24 hours”.")},
        "is_active": {"label": _l("Active")},
        "service_group": {"label": _l("Only for the group"), "blank": _l("Every service")},
        "notice_kind": {"label": _l("Notice"), "blank": _l("Whatever the notice")},
        "notice_number": {"label": _l("Hours or days"), "description": _l("The N of the notice. 0 days with a time of day is the day itself.")},
        "notice_time": {"label": _l("Time of day"), "description": _l("For the two kinds that go by the clock.")},
        "basis": {"label": _l("Counted from"), "description": _l("A stay is a client's visits that follow each other closely; see Settings.")},
        "on_holiday": {"label": _l("Public holiday"), "choices": (_l("Holiday or not"), _l("Only on holidays"), _l("Not on holidays"))},
        "initiator": {"label": _l("Who cancels"), "blank": _l("Anybody")},
        "season_from": {"label": _l("Season from"), "description": _l("Month and day, such as 12-01.")},
        "season_to": {"label": _l("Season to"), "description": _l("Such as 01-31.")},
        "charge_percent": {"label": _l("Client pays, share of the price")},
        "charge_amount": {"label": _l("Plus an amount")},
        "charge_cap": {"label": _l("At most"), "description": _l("For one visit. Empty: no cap but the price.")},
        "pay_percent": {"label": _l("Sitter gets, share of the pay")},
        "pay_amount": {"label": _l("Plus an amount")},
        "refund_to": {"label": _l("Money that was paid")},
        "stay_begun": {"label": _l("Begun stays"), "choices": (_l("Begun or not"), _l("Only when the stay has begun"), _l("Only before the stay begins"))},
        "stay_day_from": {"label": _l("From day"), "description": _l("Of the days of the stay that are cancelled, counted from 1.")},
        "stay_day_to": {"label": _l("To day")},
        "ends_series": {"label": _l("Repeating services"), "choices": (_l("Ended or not"), _l("Only when one is ended"), _l("Not when one is ended"))},
        "allowance_visits": {"label": _l("Free visits a year"), "description": _l("Holds while the client has cancelled fewer this year. What the office cancels does not count.")},
        "allowance_months": {"label": _l("Months of visits a year"), "description": _l("The same, as many visits as the client usually has in so many months.")},
    }  # fmt: skip

    def find(self, text: str) -> Any:
        return search.plain(CancellationRule.name)(text)

    def check(self, record: CancellationRule | None, values: dict[str, Any]) -> None:
        policy.checked_rule(record or CancellationRule(), values)

    def add(self, values: dict[str, Any], actor: Actor) -> CancellationRule:
        return policy.save_rule(CancellationRule(), values, actor=actor)

    def change(self, record: CancellationRule, values: dict[str, Any], actor: Actor) -> None:
        policy.save_rule(record, values, actor=actor)

    def remove(self, record: CancellationRule, actor: Actor) -> None:
        policy.remove(record, actor=actor)

    def saved_url(self, record: CancellationRule) -> str:
        return url_for("policy.index")


class ReasonList(OfficeList):
    """The reasons that clients and the office choose from."""

    writing = Permission.CATALOGUE
    title, add_label = _l("Cancellation reasons"), _l("Add reason")
    empty = (
        "bird",
        _l("No reasons yet"),
        _l("Illness, bad weather, plans changed: reasons to choose from when a visit is cancelled."),
    )
    search_hint = _l("Name")
    default_order = (CancellationReason.position, CancellationReason.id)
    columns = (
        Column("name", _l("Name"), sort=(CancellationReason.name,)),
        Column("position", _l("Place"), right=True),
        Column("for_clients", _l("For clients")),
        Column("is_active", _l("Active")),
    )
    filters = (filters.YesNo("active", CancellationReason.is_active, _l("Active")),)
    sections = (Section(_l("Reason"), ("name", "for_clients", "is_active")),)
    form_args = {
        "name": {"label": _l("Name"), "description": _l("Such as “My pet is ill”.")},
        "for_clients": {"label": _l("Clients can choose it"), "description": _l("Off: only the office can.")},
        "is_active": {"label": _l("Active"), "description": _l("Off: it cannot be chosen any more.")},
    }  # fmt: skip

    def find(self, text: str) -> Any:
        return search.plain(CancellationReason.name)(text)

    def add(self, values: dict[str, Any], actor: Actor) -> CancellationReason:
        return policy.save_reason(CancellationReason(), values, actor=actor)

    def change(self, record: CancellationReason, values: dict[str, Any], actor: Actor) -> None:
        policy.save_reason(record, values, actor=actor)

    def remove(self, record: CancellationReason, actor: Actor) -> None:
        policy.remove(record, actor=actor)

    def saved_url(self, record: CancellationReason) -> str:
        return url_for("policy.index")


# --------------------------------------------------------------------------------------------------------- the pages


@dataclass(frozen=True)
class RuleCard:
    """A rule in words."""

    rule: CancellationRule
    conditions: list[str]
    charge: str
    pay: str
    refund: str


def _card(rule: CancellationRule) -> RuleCard:
    return RuleCard(rule, policy_words.conditions(rule), *policy_words.outcome_words(rule))


@dataclass(frozen=True)
class ExampleRow:
    """One notice: what it costs on a usual day and on a public holiday."""

    notice: str
    usual: cancellation.Outcome
    holiday: cancellation.Outcome


class PolicyPage(WorkPage):
    """The policy: its rules in order, the reasons, worked examples, and what one visit would cost."""

    @expose("/")
    def index(self) -> Answer:
        """Rules and reasons in their order, with buttons that move them."""
        rules = db.session.scalars(
            sa.select(CancellationRule)
            .options(joinedload(CancellationRule.service_group))
            .order_by(CancellationRule.position, CancellationRule.id)
        )
        reasons = db.session.scalars(
            sa.select(CancellationReason).order_by(CancellationReason.position, CancellationReason.id)
        )
        return page(
            "policy.html", cards=[_card(r) for r in rules], reasons=list(reasons),
            may_edit=self.actor.may(Permission.CATALOGUE), tab="rules",
        )  # fmt: skip

    @expose("/rules/<int:rule_id>/place", methods=("POST",))
    def place_rule(self, rule_id: int) -> Response:
        """Move a rule up or down."""
        return self._place(get_or_404(CancellationRule, rule_id))

    @expose("/reasons/<int:reason_id>/place", methods=("POST",))
    def place_reason(self, reason_id: int) -> Response:
        """Move a reason up or down."""
        return self._place(get_or_404(CancellationReason, reason_id))

    def _place(self, record: CancellationRule | CancellationReason) -> Response:
        if not self.actor.may(Permission.CATALOGUE):
            abort(403)
        try:
            moved = policy.move(record, earlier=request.form.get("to") != "down", actor=self.actor)
            db.session.commit()
        except WorkflowError as problem:
            refuse(problem)
        else:
            flash(
                gettext("%(name)s moved.", name=str(record)) if moved else gettext("It stays where it is."), "success"
            )
        kind = "rule" if isinstance(record, CancellationRule) else "reason"
        return redirect(url_for(".index", _anchor=f"{kind}-{record.id}"))

    @expose("/examples")
    def examples(self) -> Answer:
        """What the present rules come to, for each group, with short and long notice, on usual days and holidays."""
        initiator = _initiator()
        rules = cancellation_facts.active_rules()
        groups = db.session.scalars(sa.select(ServiceGroup).order_by(ServiceGroup.position, ServiceGroup.name))
        tables: list[tuple[str, list[ExampleRow]]] = [
            (name, [_example(rules, group_id, hours, initiator) for hours in EXAMPLES])
            for group_id, name in [*((g.id, g.name) for g in groups), (None, gettext("Services without a group"))]
        ]
        return page("policy_examples.html", tables=tables, initiator=initiator, price=_PRICE, pay=_PAY, tab="examples")

    @expose("/preview")
    def preview(self) -> Answer:
        """What would it cost? Of a chosen visit, now or at another moment, with the reasons rule by rule."""
        job_id = read_id(request.args.get("visit"))
        if job_id is None:
            return self._choose_visit()
        job = jobs.get_fresh(job_id)
        if job is None:
            return self._choose_visit(404)
        day, time = read_day(request.args.get("on")), read_clock(request.args.get("at") or "")
        local = clock.local_now()
        now = clock.from_local(day or local.date(), time or local.time()) if day or time else clock.now()
        initiator, ends = _initiator(), "ends" in request.args
        outcome, found, facts = cancellation.explain(job, initiator=initiator, now=now, ends_series=ends)
        return page(
            "policy_preview.html", job=job, outcome=outcome, facts=facts, initiator=initiator, ends=ends,
            steps=[_step(v) for v in found], now=clock.to_local(now), refund=policy_words.refund_words(outcome.refund_to),
            asked=bool(day or time), tab="preview",
        )  # fmt: skip

    def _choose_visit(self, status: int = 200) -> Answer:
        words = read_search(request.args.get("search"))
        statement = (
            sa.select(Job)
            .join(Job.client)
            .join(Job.service_item)
            .where(Job.state == JobState.SCHEDULED, Job.ends_on >= clock.today())
        )
        for word in words.split()[:5]:
            text = like(word)
            found_in = (Client.first_name, Client.last_name, ServiceItem.name)
            statement = statement.where(sa.or_(*(column.ilike(text, escape="\\") for column in found_in)))
        found = db.session.scalars(
            statement.options(joinedload(Job.client), joinedload(Job.service_item), joinedload(Job.time_block))
            .order_by(Job.on_date, Job.start_time, Job.id)
            .limit(MOST_FOUND + 1)
        ).all()
        return page(
            "policy_preview.html", status, job=None, visits=found[:MOST_FOUND], has_more=len(found) > MOST_FOUND,
            search=words, tab="preview",
        )  # fmt: skip


#: round figures, so that the table reads like percentages
_PRICE, _PAY = Decimal(100), Decimal(50)


def _initiator() -> Initiator:
    return Initiator.OFFICE if request.args.get("by") == Initiator.OFFICE.value else Initiator.CLIENT


def _example(rules: list[CancellationRule], group_id: int | None, hours: int, initiator: Initiator) -> ExampleRow:
    """A visit that stands alone, at noon on a Wednesday that is 40 to 46 days away."""
    today = clock.today()
    begins = dt.datetime.combine(today + dt.timedelta(days=40 + (2 - today.weekday() - 40) % 7), dt.time(12))
    usual = Facts(
        price=_PRICE.quantize(money.quantum()), sitter_pay=_PAY.quantize(money.quantum()), begins=begins,
        now=begins - dt.timedelta(hours=hours), group_id=group_id, initiator=initiator,
    )  # fmt: skip
    holiday = replace(usual, on_holiday=True, stay_on_holiday=True, off=frozenset({begins.date()}))
    return ExampleRow(_notice_words(hours), cancellation.decide(rules, usual), cancellation.decide(rules, holiday))


def _notice_words(hours: int) -> str:
    if hours < 72:
        return ngettext("%(num)d hour", "%(num)d hours", hours)
    return ngettext("%(num)d day", "%(num)d days", hours // 24)


def _step(verdict: Verdict) -> tuple[CancellationRule, bool, str]:
    """A rule, whether it decides, and why not."""
    reason = verdict.why_not
    if reason is None:
        return verdict.rule, verdict.decides, ""
    values = {key: _moment(value) if isinstance(value, dt.datetime) else value for key, value in reason.values.items()}
    return verdict.rule, verdict.decides, replace(reason, values=values).error().say(gettext)


def _moment(when: dt.datetime) -> str:
    """`Thu, Nov 26, 9:00 PM`, of a moment on the business's clock."""
    return f"{formats.short_day(when.date())}, {formats.clock_time(when.time())}"
