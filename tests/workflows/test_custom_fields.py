"""What the office asks for: adding, changing, retiring pages, sections and fields; refusals with their field, the log."""

import json
from decimal import Decimal

import pytest
import sqlalchemy as sa

from foundation.db import db
from models import (
    Activity,
    Client,
    CustomField,
    FieldArea,
    FieldKind,
    FieldPage,
    FieldProposal,
    FieldSection,
    FieldValue,
    Notification,
    OutboxMail,
    PortalAccess,
    ProposalState,
    Species,
    StaffAccess,
)
from tests import factories as make
from workflows import (
    custom_fields,
    field_digest,
    field_layout,
    field_order,
    field_proposals,
    field_saving,
    field_values,
    settings,
)
from workflows.actors import COMMAND_LINE, client_actor
from workflows.errors import Conflict, Invalid, NotAllowed

pytestmark = pytest.mark.covers("D3")

WAYS = [{"key": "", "label": "Key"}, {"key": "", "label": "Key safe"}, {"key": "", "label": "Somebody opens"}]


def last_log():
    return db.session.scalars(sa.select(Activity).order_by(Activity.id.desc()).limit(1)).one()


def a_page(actor, name="Home", area=FieldArea.CLIENT, **more):
    return custom_fields.save_page(FieldPage(), {"area": area, "name": name, **more}, actor=actor)


def a_section(actor, page=None, name="Door", **more):
    return custom_fields.save_section(
        FieldSection(), {"page": page or a_page(actor), "name": name, **more}, actor=actor
    )


def a_field(actor, section=None, label="Way in", **more):
    return custom_fields.save_field(
        CustomField(), {"section": section or a_section(actor), "label": label, **more}, actor=actor
    )


def refused(doing, kind=Invalid):
    """The refusal; and nothing of it is in the database."""
    with pytest.raises(kind) as refusal:
        doing()
    db.session.rollback()
    return refusal.value.code, refusal.value.field


# ------------------------------------------------------------------------------------------------ adding and changing


def test_pages_sections_and_fields_are_added_at_the_end_with_a_log_line_each(cast):
    page = a_page(cast.as_max, "Home", help="About the house.", portal_access=PortalAccess.VIEW)
    assert (last_log().verb, last_log().facts) == ("field_page.added", {"name": "Home", "area": "client"})
    section = a_section(cast.as_max, page, "Door", staff_access=StaffAccess.RESTRICTED)
    assert last_log().verb == "field_section.added"
    first, second = a_field(cast.as_max, section, "Way in"), a_field(cast.as_max, section, "Alarm")
    assert (last_log().verb, last_log().subject_id, last_log().facts["name"]) == ("custom_field.added", second.id, "Alarm")  # fmt: skip
    assert [f.position for f in (first, second)] == [1, 2]
    assert [p.name for p in field_order.pages_of(FieldArea.CLIENT)] == ["Home"]
    assert a_page(cast.as_max, "Garden").position == 2
    assert a_page(cast.as_max, "Feeding", FieldArea.PET).position == 1


def test_a_change_is_logged_from_old_to_new_and_no_change_is_not(cast):
    field = a_field(cast.as_max, kind=FieldKind.CHOICE, choices=WAYS)
    values = {"label": "How we get in", "is_required": True, "choices": [*field.choices[:2], {"label": "Window"}]}
    custom_fields.save_field(field, values, actor=cast.as_max)
    assert last_log().facts["changes"] == {
        "label": ["Way in", "How we get in"],
        "is_required": [False, True],
        "choices": ["Key, Key safe, Somebody opens", "Key, Key safe, Window"],
    }
    before = last_log().id
    custom_fields.save_field(field, {"label": " How  we get in "}, actor=cast.as_max)
    assert last_log().id == before


@pytest.mark.parametrize("name", ["", "   ", "\x00"], ids=["empty", "blank", "unseen"])
def test_a_page_needs_a_name_and_a_field_a_label(cast, name):
    assert refused(lambda: a_page(cast.as_max, name)) == ("required", "name")
    section = a_section(cast.as_max)
    db.session.commit()
    assert refused(lambda: a_field(cast.as_max, section, name)) == ("required", "label")
    assert a_section(cast.as_max, name=name).name == ""


def test_texts_have_an_end(cast):
    section = a_section(cast.as_max)
    db.session.commit()
    assert refused(lambda: a_page(cast.as_max, "x" * 10_000)) == ("too_long", "name")
    assert refused(lambda: a_section(cast.as_max, section.page, "x" * 121)) == ("too_long", "name")
    assert refused(lambda: a_field(cast.as_max, section, "x" * 10_000)) == ("too_long", "label")
    assert refused(lambda: a_field(cast.as_max, section, help="x" * 2001)) == ("too_long", "help")
    many = [{"label": str(n)} for n in range(101)]
    long = [{"label": "x" * 121}]
    twice = [{"label": "Key"}, {"label": " key "}]
    for choices, code in ((many, "too_many"), (long, "too_long"), (twice, "choice_twice"), ([], "no_choices")):
        answer = refused(lambda c=choices: a_field(cast.as_max, section, kind=FieldKind.CHOICE, choices=c))
        assert answer == (code, "choices")
    assert a_field(cast.as_max, section, "🐕" * 120).label == "🐕" * 120


def test_species_only_on_pages_about_pets_and_services_only_on_report_cards(cast):
    home = a_page(cast.as_max, species=Species.DOG, service_group_id=cast.dog_walks.id)
    assert (home.species, home.service_group_id) == (None, None)
    walks = a_page(cast.as_max, "Walks", FieldArea.PET, species=Species.DOG)
    card = a_page(cast.as_max, "Card", FieldArea.REPORT, service_group_id=cast.dog_walks.id)
    assert (walks.species, card.service_group_id) == (Species.DOG, cast.dog_walks.id)
    db.session.commit()
    doing = lambda: custom_fields.save_page(walks, {"area": FieldArea.CLIENT}, actor=cast.as_max)  # noqa: E731
    assert refused(doing) == ("keeps_area", "area")


def test_what_somebody_else_changed_meanwhile_is_not_overwritten(cast):
    field = a_field(cast.as_max)
    seen = field.version
    custom_fields.save_field(field, {"label": "Entrance"}, actor=cast.as_olivia, seen_version=seen)
    db.session.commit()
    doing = lambda: custom_fields.save_field(field, {"help": "Mine"}, actor=cast.as_max, seen_version=seen)  # noqa: E731
    assert refused(doing, Conflict) == ("meanwhile", None)
    assert (field.label, field.help) == ("Entrance", "")


def test_only_who_may_design_does(cast):
    field = a_field(cast.as_max)
    section = field.section
    for doing in (
        lambda: a_page(cast.as_sam),
        lambda: custom_fields.save_section(section, {"name": "X"}, actor=cast.as_sam),
        lambda: custom_fields.save_field(field, {"label": "X"}, actor=cast.as_alice),
        lambda: custom_fields.retire(field, actor=cast.as_sam),
        lambda: custom_fields.restore(field, actor=cast.as_sam),
        lambda: custom_fields.remove(field, actor=cast.as_sam),
        lambda: field_order.move(field, 0, seen=[field.public_id], actor=cast.as_sam),
    ):
        with pytest.raises(NotAllowed):
            doing()


# ------------------------------------------------------------------------------------------------- what is filled in


def test_kind_of_a_field_that_holds_something_stays_but_text_may_become_longer(cast):
    field = a_field(cast.as_max, kind=FieldKind.TEXT)
    custom_fields.save_field(field, {"kind": FieldKind.NUMBER}, actor=cast.as_max)
    custom_fields.save_field(field, {"kind": FieldKind.TEXT}, actor=cast.as_max)
    make.field_value(field, cast.alice)
    db.session.commit()
    for kind in set(FieldKind) - {FieldKind.TEXT, FieldKind.LONG_TEXT}:
        values = {"kind": kind, "choices": WAYS}
        doing = lambda v=values: custom_fields.save_field(field, v, actor=cast.as_max)  # noqa: E731
        assert refused(doing) == ("kind_fixed", "kind"), kind
    custom_fields.save_field(field, {"kind": FieldKind.LONG_TEXT}, actor=cast.as_max)
    db.session.commit()
    doing = lambda: custom_fields.save_field(field, {"kind": FieldKind.TEXT}, actor=cast.as_max)  # noqa: E731
    assert refused(doing) == ("kind_fixed", "kind")


def test_choices_keep_their_keys_when_they_are_called_something_else(cast):
    field = a_field(cast.as_max, kind=FieldKind.CHOICE, choices=[*WAYS, {"label": "KEY!"}, {"label": "🗝"}])
    assert [c["key"] for c in field.choices] == ["key", "key_safe", "somebody_opens", "key_2", "choice"]
    renamed = [{**field.choices[1], "label": "Box"}, {"key": "made_up", "label": "Window"}, *field.choices[2:]]
    custom_fields.save_field(field, {"choices": renamed}, actor=cast.as_max)
    assert [(c["key"], c["label"]) for c in field.choices] == [
        ("key_safe", "Box"), ("window", "Window"), ("somebody_opens", "Somebody opens"), ("key_2", "KEY!"), ("choice", "🗝"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "held",
    [{"text": "key"}, {"text": None, "keys": ["key_safe", "key"]}, {"text": None, "sealed": "gAAA"}],
    ids=["choice", "several", "sealed"],
)
def test_a_choice_that_somebody_chose_is_retired_not_destroyed(cast, held):
    field = a_field(cast.as_max, kind=FieldKind.MULTI_CHOICE if "keys" in held else FieldKind.CHOICE, choices=WAYS)
    make.field_value(field, cast.alice, **held)
    db.session.commit()
    doing = lambda: custom_fields.save_field(field, {"choices": field.choices[1:]}, actor=cast.as_max)  # noqa: E731
    with pytest.raises(Invalid) as refusal:
        doing()
    assert (refusal.value.code, refusal.value.field) == ("choice_in_use", "choices")
    assert "“Key”" in str(refusal.value)
    db.session.rollback()
    custom_fields.save_field(field, {"choices": [{**field.choices[0], "retired": "yes"}, *field.choices[1:]]}, actor=cast.as_max)  # fmt: skip
    assert field.choices[0] == {"key": "key", "label": "Key", "retired": "yes"}
    assert last_log().facts["changes"]["choices"][1] == "(Key), Key safe, Somebody opens"
    if "sealed" not in held:
        custom_fields.save_field(field, {"choices": field.choices[:2]}, actor=cast.as_max)
        assert [c["key"] for c in field.choices] == ["key", "key_safe"]


def test_a_choice_that_waits_for_approval_is_in_use(cast):
    field = a_field(cast.as_max, kind=FieldKind.CHOICE, choices=WAYS, needs_approval=True)
    proposal = make.field_proposal(field, cast.alice, facts={"old": None, "new": "key"})
    db.session.commit()
    doing = lambda: custom_fields.save_field(field, {"choices": field.choices[1:]}, actor=cast.as_max)  # noqa: E731
    assert refused(doing) == ("choice_in_use", "choices")
    proposal.state = ProposalState.DECLINED
    custom_fields.save_field(field, {"choices": field.choices[1:]}, actor=cast.as_max)
    assert [c["key"] for c in field.choices] == ["key_safe", "somebody_opens"]


def test_what_is_filled_in_is_sealed_when_its_field_becomes_a_secret_and_opened_again(cast):
    field = a_field(cast.as_max, kind=FieldKind.NUMBER)
    for client, number in ((cast.alice, 4711), (cast.bob, Decimal("0.5"))):
        row = make.field_value(field, client, text=None)
        field_values.put(row, field, Decimal(number))
    custom_fields.save_field(field, {"is_secret": True}, actor=cast.as_max)
    rows = db.session.scalars(sa.select(FieldValue)).all()
    assert [(r.number, bool(r.sealed)) for r in rows] == [(None, True)] * 2
    assert [field_values.read(c).of(field) for c in (cast.alice, cast.bob)] == [Decimal(4711), Decimal("0.5")]
    custom_fields.save_field(field, {"is_secret": False}, actor=cast.as_max)
    assert [(r.number, r.sealed) for r in rows] == [(47_110_000, None), (5_000, None)]


def told_everywhere():
    """All that log, HOME and mails hold, as text."""
    kept = [(a.facts for a in db.session.query(Activity)), (n.facts for n in db.session.query(Notification))]
    mails = [(m.facts, m.body_text, m.body_html) for m in db.session.query(OutboxMail)]
    return json.dumps([list(map(list, kept)), mails], ensure_ascii=False)


@pytest.mark.covers("D3", "D6")
def test_what_was_told_of_a_field_before_it_became_a_secret_is_masked_everywhere(cast, clock_at):
    section = make.field_section(make.field_page())
    chip = make.custom_field(make.field_section(make.field_page("pet")), label="Chip")
    field, other = a_field(cast.as_max, section, label="Gate"), a_field(cast.as_max, section, label="Lawn")
    wish = a_field(cast.as_max, section, label="Safe", needs_approval=True)
    asked = {field.public_id: "K0DE-A", other.public_id: "mown", wish.public_id: "K0DE-W"}
    field_saving.save(cast.alice, asked, actor=cast.as_alice)
    custom_fields.save_field(field, {"label": "Gate (keypad)"}, actor=cast.as_max)
    field_saving.save(cast.alice, {field.public_id: "K0DE-B"}, actor=cast.as_alice)
    field_saving.save(cast.biscuit, {chip.public_id: "K0DE-P"}, actor=cast.as_alice)
    settings.change({"data.digest": "daily"}, actor=cast.as_olivia)
    clock_at("2026-11-24 06:00")
    field_digest.send_due()
    (mail,) = [m for m in db.session.query(OutboxMail) if m.kind == "data_digest"]
    mail.body_text = "Gate: - → K0DE-A"
    db.session.commit()
    assert told_everywhere().count("K0DE") > 8
    for one in (field, chip, wish):
        custom_fields.save_field(one, {"is_secret": True}, actor=cast.as_max)
    db.session.commit()
    db.session.expire_all()
    told = told_everywhere()
    assert ("K0DE" in told, told.count('"Lawn": ["", "mown"]')) == (False, 2)
    assert [a.facts["changes"] for a in db.session.query(Activity).filter_by(verb="client.changed").order_by(Activity.id)] == [
        {"Gate": ["", "••••"], "Lawn": ["", "mown"]}, {"Gate (keypad)": ["••••", "••••"]},
    ]  # fmt: skip
    (proposal,) = db.session.query(FieldProposal)
    assert (field_values.opened(wish, proposal.facts["new"]), "K0DE" in str(proposal.facts)) == ("K0DE-W", False)
    assert field_values.read(cast.alice).of(field) == "K0DE-B"
    # It can still be decided, by who may see secrets, and leaves no trace in clear either.
    field_proposals.accept(proposal, actor=cast.as_max)
    assert (field_values.read(cast.alice).of(wish), "K0DE" in told_everywhere()) == ("K0DE-W", False)


def test_a_field_that_was_emptied_is_masked_in_the_log_too_when_it_becomes_a_secret(cast):
    field = a_field(cast.as_max, label="Gate")
    for text in ("K0DE", ""):
        field_saving.save(cast.alice, {field.public_id: text}, actor=cast.as_alice)
    db.session.execute(sa.delete(FieldValue))
    custom_fields.save_field(field, {"is_secret": True}, actor=cast.as_max)
    assert "K0DE" not in told_everywhere()


def test_what_is_saved_in_the_second_in_which_its_field_becomes_a_secret_is_sealed(cast, together):
    for n in range(6):
        field = a_field(cast.as_max, label=f"Gate {n}")
        make.field_value(field, cast.alice, text="K0DE-0")
        db.session.commit()
        alice, number, key = cast.alice.id, field.id, field.public_id

        def fill_in(alice=alice, key=key):
            owner = db.session.get(Client, alice)
            list(field_layout.layout(FieldArea.CLIENT).fields)  # as the page has read it before
            field_saving.save(owner, {key: "K0DE-1"}, actor=client_actor(owner, None))
            db.session.commit()

        def lock_away(number=number):
            custom_fields.save_field(db.session.get(CustomField, number), {"is_secret": True}, actor=COMMAND_LINE)
            db.session.commit()

        assert together(fill_in, lock_away) == [None, None]
        db.session.expire_all()
        (row,) = db.session.query(FieldValue).filter_by(field_id=number)
        assert (row.text, field_values.of_row(db.session.get(CustomField, number), row)) == (None, "K0DE-1")
        assert "K0DE" not in told_everywhere()


def test_a_secret_whose_key_is_gone_stays_one_and_a_photo_never_is_one(cast):
    lost = a_field(cast.as_max, is_secret=True)
    make.field_value(lost, cast.alice, text=None, sealed="gAAA")
    section = lost.section
    waits = a_field(cast.as_max, section, needs_approval=True, is_secret=True)
    make.field_proposal(waits, cast.alice, facts={"old": None, "new": {"sealed": "gAAA"}})
    db.session.commit()
    for field in (lost, waits):
        doing = lambda f=field: custom_fields.save_field(f, {"is_secret": False}, actor=cast.as_max)  # noqa: E731
        assert refused(doing) == ("secret_fixed", "is_secret")
    for kind in (FieldKind.IMAGE, FieldKind.FILE):
        doing = lambda k=kind: a_field(cast.as_max, section, kind=k, is_secret=True)  # noqa: E731
        assert refused(doing) == ("never_secret", "is_secret")


# -------------------------------------------------------------------------------------- retire, restore, remove


@pytest.mark.parametrize("level", ["field", "section", "page"])
def test_what_holds_data_is_retired_and_comes_back_with_it_and_is_not_deleted(cast, level):
    field = a_field(cast.as_max)
    part = {"field": field, "section": field.section, "page": field.section.page}[level]
    value = make.field_value(field, cast.alice)
    db.session.commit()
    assert refused(lambda: custom_fields.remove(part, actor=cast.as_max)) == ("holds_data", None)
    assert custom_fields.retire(part, actor=cast.as_max)
    assert last_log().verb == f"{part.__tablename__}.retired"
    assert not field_order.is_live(field)
    assert not custom_fields.retire(part, actor=cast.as_max)
    assert custom_fields.restore(part, actor=cast.as_max)
    assert last_log().verb == f"{part.__tablename__}.restored"
    assert not custom_fields.restore(part, actor=cast.as_max)
    assert field_order.is_live(field)
    assert db.session.get(FieldValue, value.id).text == "Back door"


def test_what_is_restored_stands_at_the_end(cast):
    section = a_section(cast.as_max)
    fields = [a_field(cast.as_max, section, label) for label in "ABC"]
    custom_fields.retire(fields[0], actor=cast.as_max)
    custom_fields.restore(fields[0], actor=cast.as_max)
    assert [f.label for f in field_order.siblings(fields[0])] == ["B", "C", "A"]


@pytest.mark.parametrize("level", ["field", "section", "page"])
def test_what_is_empty_can_be_deleted(cast, level):
    field = a_field(cast.as_max)
    stays = a_field(cast.as_max, a_section(cast.as_max, a_page(cast.as_max, "Garden")))
    part = {"field": field, "section": field.section, "page": field.section.page}[level]
    table, number, name = part.__tablename__, part.id, str(part)
    db.session.commit()
    custom_fields.remove(part, actor=cast.as_max)
    line = last_log()
    assert (line.verb, line.subject_type, line.subject_id, line.facts["name"]) == (f"{table}.removed", table, number, name)  # fmt: skip
    left = [db.session.scalar(sa.select(sa.func.count()).select_from(k)) for k in (FieldPage, FieldSection, CustomField)]  # fmt: skip
    assert left == {"field": [2, 2, 1], "section": [2, 1, 1], "page": [1, 1, 1]}[level]
    assert db.session.get(CustomField, stays.id) is not None


def test_what_only_a_proposal_names_holds_data_too(cast):
    field = a_field(cast.as_max)
    make.field_proposal(field, cast.alice, state=ProposalState.WITHDRAWN)
    db.session.commit()
    assert refused(lambda: custom_fields.remove(field, actor=cast.as_max)) == ("holds_data", None)


def test_a_column_of_ours_keeps_all_but_its_label_help_place_and_access(cast):
    section = a_section(cast.as_max)
    phone = a_field(cast.as_max, section, "Phone", kind=FieldKind.PHONE, column="client.phone")
    elsewhere = a_section(cast.as_max, section.page, "Elsewhere")
    db.session.commit()
    wrong = {"kind": FieldKind.TEXT, "is_required": True, "is_secret": True, "needs_approval": True, "column": None,
             "show_if": {"field": "x", "values": ["yes"]}}  # fmt: skip
    for key, value in wrong.items():
        doing = lambda k=key, v=value: custom_fields.save_field(phone, {k: v}, actor=cast.as_max)  # noqa: E731
        assert refused(doing) == ("system_field", key)
    values = {"label": "Mobile", "help": "With the country", "portal_access": PortalAccess.VIEW,
              "staff_access": StaffAccess.HIDDEN, "section": elsewhere}  # fmt: skip
    custom_fields.save_field(phone, values, actor=cast.as_max)
    assert {key: getattr(phone, key) for key in values} == values
    page = section.page
    db.session.commit()
    for doing in (custom_fields.retire, custom_fields.remove):
        assert refused(lambda do=doing: do(phone, actor=cast.as_max)) == ("system_field", None)
        for part in (elsewhere, page):
            assert refused(lambda do=doing, p=part: do(p, actor=cast.as_max)) == ("holds_system", None)
    assert custom_fields.holds_data(page)
    custom_fields.remove(section, actor=cast.as_max)


def test_a_field_of_the_office_cannot_be_turned_into_a_column(cast):
    field = a_field(cast.as_max)
    db.session.commit()
    doing = lambda: custom_fields.save_field(field, {"column": "client.phone"}, actor=cast.as_max)  # noqa: E731
    assert refused(doing) == ("system_field", "column")


def test_parts_move_to_another_page_of_the_same_area_only(cast):
    field = a_field(cast.as_max)
    home, other = field.section.page, a_section(cast.as_max, a_page(cast.as_max, "Garden"), "Shed")
    tool = a_field(cast.as_max, other, "Tools")
    pets = a_section(cast.as_max, a_page(cast.as_max, "Feeding", FieldArea.PET))
    db.session.commit()
    assert refused(lambda: custom_fields.save_field(field, {"section": pets}, actor=cast.as_max)) == ("other_area", "section")  # fmt: skip
    doing = lambda: custom_fields.save_section(field.section, {"page": pets.page}, actor=cast.as_max)  # noqa: E731
    assert refused(doing) == ("other_area", "page")
    assert refused(lambda: custom_fields.save_field(CustomField(), {"label": "X"}, actor=cast.as_max)) == ("no_parent", "section")  # fmt: skip
    custom_fields.save_field(field, {"section": other}, actor=cast.as_max)
    assert [f.label for f in field_order.siblings(tool)] == ["Tools", "Way in"]
    assert last_log().facts["changes"] == {"section": ["Door", "Shed"]}
    custom_fields.save_section(other, {"page": home}, actor=cast.as_max)
    assert [s.name for s in field_order.siblings(other)] == ["Door", "Shed"]
