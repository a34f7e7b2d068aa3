"""Any field and any answer: what is saved is what is shown; conditions close chains and never hide for ever."""

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from foundation.db import db
from models import CustomField, FieldKind, FieldPage, FieldSection, FieldValue, PortalAccess, StaffAccess
from tests import factories as make
from tests.databases import count
from workflows import field_kinds, field_values
from workflows.errors import Invalid
from workflows.field_layout import Layout, PlacedField, PlacedPage, PlacedSection
from workflows.field_saving import Unfit, save

pytestmark = pytest.mark.covers("D3")
#: an example writes and reads tables, so fewer of them
FEWER = settings(max_examples=max(settings.default.max_examples * 3 // 4, 25))
KINDS = [k for k in FieldKind if k not in field_kinds.FILES]
CHOICES = [{"key": f"k{n}", "label": label} for n, label in enumerate(["Raw", "Dry, twice", "<b>Wet</b>", "", "🐟"])]
KEYS = [c["key"] for c in CHOICES]

anything = st.one_of(
    st.text(max_size=300),
    st.sampled_from(["", " ", "\0", "yes", "no", "2026-02-30", "2024-02-29", "1e9", "-0", "1,000.5000", "+44 20 7946 0018",
                     "x" * 256, "x" * 10_001, "javascript:alert(1)", "https://example.com/?q=\u202e", "a@b.example", "=1+1", "{{7*7}}"]),
    st.lists(st.sampled_from([*KEYS, "other"]), max_size=6),
    st.none(),
)  # fmt: skip
FITTING = {
    FieldKind.NUMBER: st.decimals(-(10**11), 10**11, places=4).map(lambda d: format(d, "f")),
    FieldKind.DATE: st.dates(dt.date(1900, 1, 1), dt.date(2199, 12, 31)).map(str),
    FieldKind.YES_NO: st.sampled_from(["yes", "no", ""]),
    FieldKind.CHOICE: st.sampled_from([*KEYS, ""]),
    FieldKind.MULTI_CHOICE: st.lists(st.sampled_from(KEYS), max_size=6),
    FieldKind.EMAIL: st.emails(domains=st.sampled_from(["example.com", "xn--bcher-kva.example"])),
    FieldKind.PHONE: st.from_regex(r"\A\+?[0-9 ()-]{1,24}\Z"),
    FieldKind.LINK: st.sampled_from(["https://example.com/a", "http://[::1]:80/", "HTTPS://EXAMPLE.com"]),
}


@st.composite
def answers(draw):
    """A kind with something that was typed for it, fitting or not."""
    kind = draw(st.sampled_from(KINDS))
    return kind, draw(st.one_of(FITTING.get(kind, anything), anything))


@FEWER
@given(answers(), st.booleans(), st.booleans(), st.booleans(), st.booleans())
@example((FieldKind.NUMBER, "-0"), False, False, False, True)
@example((FieldKind.PHONE, "0"), False, False, False, True)
@example((FieldKind.TEXT, "\u2028a\r\nb"), True, False, False, True)
def test_what_is_saved_is_what_is_shown_whatever_the_field(cast, answer, secret, required, approval, of_pet):
    kind, raw = answer
    page = make.field_page("pet" if of_pet else "client")
    of = make.custom_field(
        make.field_section(page), kind=kind, choices=CHOICES if "choice" in kind else [], is_secret=secret,
        is_required=required, needs_approval=approval,
    )  # fmt: skip
    owner = cast.mochi if of_pet else cast.alice
    try:
        value = field_kinds.clean(of, raw)
    except Invalid:
        value = Invalid
    try:
        saved = save(owner, {of.public_id: raw}, actor=cast.as_alice)
    except Unfit:
        assert value is Invalid or (value is None and required)
        assert count(FieldValue, FieldValue.field_id == of.id) == 0
        db.session.rollback()
        return
    assert value is not Invalid
    db.session.flush()
    db.session.expire_all()
    values = field_values.read(owner, with_pending=True)
    held = values.proposed(of) if approval else values.of(of)
    assert (held, type(held)) == (value, type(value))
    assert field_kinds.shown(of, held, reveal=True) == field_kinds.shown(of, value, reveal=True)
    assert values.shown(of) == ("" if approval or value is None else "••••" if secret else field_kinds.shown(of, value))
    assert (bool(saved.changed), bool(saved.proposed)) == ((value is not None) and not approval, (value is not None) and approval)  # fmt: skip
    # What stands in the form afterwards gives the same again.
    again = save(owner, {of.public_id: field_kinds.typed(of, held)}, actor=cast.as_alice, seen={of.public_id: field_kinds.mark(held)})  # fmt: skip
    assert (again.changed, again.proposed) == ((), ())
    db.session.rollback()


@given(answers())
def test_a_value_survives_being_packed_and_sealed(cast, answer):
    kind, raw = answer
    of = CustomField(public_id="x", kind=kind, choices=CHOICES, is_secret=True)
    try:
        value = field_kinds.clean(of, raw)
    except Invalid:
        return
    assert field_values.opened(of, field_values.closed(of, value)) == value
    if isinstance(value, Decimal):
        assert -(2**63) <= value * field_kinds.SCALE < 2**63


# ------------------------------------------------------------------------------------------------------ conditions

NAMES = [f"f{n}" for n in range(6)]
condition = st.one_of(
    st.none(),
    st.fixed_dictionaries({"field": st.sampled_from([*NAMES, "gone"]), "values": st.lists(st.sampled_from("ab"), max_size=2)}),
)  # fmt: skip


def laid_out(conditions):
    """Fields f0 … with these conditions, in two sections of which the second has a condition too."""
    page = FieldPage(name="p")
    fields = [CustomField(public_id=n, label=n, show_if=c) for n, c in zip(NAMES, conditions, strict=False)]
    sections = []
    for part, show_if in ((fields[:3], None), (fields[3:], conditions[-1])):
        section = FieldSection(name="s", show_if=show_if)
        placed = tuple(PlacedField(f, page, section, PortalAccess.EDIT, StaffAccess.VIEW) for f in part)
        sections.append(PlacedSection(section, PortalAccess.EDIT, StaffAccess.VIEW, placed))
    return Layout((PlacedPage(page, PortalAccess.EDIT, StaffAccess.VIEW, tuple(sections)),))


def by_the_rules(layout, answers):
    """The same, word by word: a condition on nothing that is there, or that leads back to its own field, is met."""

    def conditions(key):
        placed = layout.fields[key]
        return [c for c in (placed.section.show_if, placed.field.show_if) if c and c["field"] in layout.fields]

    def reaches(start, goal, seen=()):
        return start == goal or any(
            reaches(c["field"], goal, (*seen, start)) for c in conditions(start) if c["field"] not in (*seen, start)
        )

    def asked(key):
        for c in conditions(key):
            given = answers.get(c["field"], ())
            if reaches(c["field"], key):
                continue
            if not (set(c["values"]) & set(given) if c["values"] else given) or not asked(c["field"]):
                return False
        return True

    return {key for key in layout.fields if asked(key)}


@given(
    st.lists(condition, min_size=7, max_size=7),
    st.dictionaries(st.sampled_from(NAMES), st.lists(st.sampled_from("abc"), max_size=2)),
)
def test_conditions_are_judged_by_the_rules_chains_and_rings_too(conditions, answers):
    layout = laid_out(conditions)
    assert layout.asked(answers) == by_the_rules(layout, answers)


@given(st.lists(condition, min_size=7, max_size=7))
def test_every_field_can_be_reached_by_answering(conditions):
    """Answer whatever is asked for with everything that conditions ask: in the end all is asked for."""
    layout, given_, last = laid_out(conditions), {}, None
    while last != (last := layout.asked(given_)):
        given_ = {key: ["a", "b"] for key in last}
    assert last == set(NAMES)
