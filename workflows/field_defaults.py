"""The pages out of the box: what nearly every pet sitter asks, for the office to change as it likes.

The texts are marked for translation and become the business's own when they are added.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import sqlalchemy as sa

from foundation.db import db
from models import CustomField, FieldArea, FieldKind, FieldPage, FieldSection, PortalAccess, Species, StaffAccess
from workflows import custom_fields
from workflows.actors import Actor
from workflows.errors import N_
from workflows.field_order import YES, is_live, move, pages_of, siblings
from workflows.permissions import Permission

Say = Callable[[str], str]


@dataclass(frozen=True)
class Ask:
    """A field of the usual pages."""

    label: str
    kind: FieldKind = FieldKind.TEXT
    #: column of ours that it stands for
    column: str | None = None
    help: str = ""
    #: key, label
    choices: tuple[tuple[str, str], ...] = ()
    #: shown only when the field with this label, earlier on the page, has one of these answers
    show_if: tuple[str, tuple[str, ...]] | None = None
    #: further columns
    more: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Part:
    """A section of the usual pages."""

    name: str
    asks: tuple[Ask, ...]
    help: str = ""
    staff: StaffAccess = StaffAccess.VIEW


@dataclass(frozen=True)
class Sheet:
    """One of the usual pages."""

    name: str
    parts: tuple[Part, ...]
    help: str = ""
    species: Species | None = None
    portal: PortalAccess = PortalAccess.EDIT
    staff: StaffAccess = StaffAccess.VIEW


_LONG, _YES_NO, _CHOICE, _MANY = FieldKind.LONG_TEXT, FieldKind.YES_NO, FieldKind.CHOICE, FieldKind.MULTI_CHOICE
_NEEDED = {"is_required": True}
_SECRET = {"is_secret": True, "staff_access": StaffAccess.RESTRICTED}
_IF_YES = (YES,)

_CLIENT = (
    Sheet(N_("Contact details"), (
        Part(N_("You"), (
            Ask(N_("First name"), column="client.first_name", more=_NEEDED),
            Ask(N_("Last name"), column="client.last_name"),
            Ask(N_("Mail address"), FieldKind.EMAIL, "client.email"),
            Ask(N_("Phone"), FieldKind.PHONE, "client.phone"),
        )),
        Part(N_("Address"), (
            Ask(N_("Address"), column="client.address_line1"),
            Ask(N_("Address, second line"), column="client.address_line2"),
            Ask(N_("Town"), column="client.city"),
            Ask(N_("State or province"), column="client.region"),
            Ask(N_("Postcode"), column="client.postcode"),
        )),
    )),
    Sheet(N_("Property location & security"), (
        Part(N_("Finding you"), (
            Ask(N_("Parking"), _LONG, help=N_("Where your sitter can leave the car, and whether a permit is needed.")),
            Ask(N_("Finding the door"), _LONG, help=N_("What satellite navigation gets wrong, which entrance, which floor.")),
        )),
        Part(N_("Getting in"), (
            Ask(N_("Way in"), _CHOICE, choices=(("key", N_("Our sitter has a key")), ("safe", N_("Key safe")), ("keypad", N_("Keypad or code")), ("opened", N_("Somebody opens")))),
            Ask(N_("Key place or door code"), _LONG, help=N_("Kept encrypted, and shown to your sitter around the visit only."), show_if=(N_("Way in"), ("key", "safe", "keypad")), more=_SECRET),
            Ask(N_("There is an alarm"), _YES_NO),
            Ask(N_("Alarm code"), help=N_("Kept encrypted, and shown to your sitter around the visit only."), show_if=(N_("There is an alarm"), _IF_YES), more=_SECRET),
            Ask(N_("Using the alarm"), _LONG, help=N_("Where the panel is, how many seconds there are, whom to call when it goes off."), show_if=(N_("There is an alarm"), _IF_YES)),
            Ask(N_("Entry notes"), _LONG, help=N_("A door that sticks, a cat that slips out.")),
        ), staff=StaffAccess.RESTRICTED),
        Part(N_("Photos"), (
            Ask(N_("The entrance"), FieldKind.IMAGE),
            Ask(N_("Where things are"), FieldKind.IMAGE),
        ), staff=StaffAccess.RESTRICTED),
    ), help=N_("So that your sitter gets in, and nobody else does.")),
    Sheet(N_("House visit routine"), (
        Part(N_("While you are away"), (
            Ask(N_("What we may do for you"), _MANY, choices=(("mail", N_("Bring in mail and packages")), ("plants", N_("Water the plants")), ("lights", N_("Change lights and blinds")), ("bins", N_("Put the bins out")))),
            Ask(N_("Plants"), _LONG, help=N_("Which ones, how often, how much."), show_if=(N_("What we may do for you"), ("plants",))),
            Ask(N_("Bins"), help=N_("Which day, and where they stand."), show_if=(N_("What we may do for you"), ("bins",))),
            Ask(N_("Mail and packages"), help=N_("Where they should lie."), show_if=(N_("What we may do for you"), ("mail",))),
            Ask(N_("Heating and air"), help=N_("How warm it should be, what is never touched.")),
        )),
        Part(N_("Good to know"), (
            Ask(N_("Somebody else comes by"), _LONG, help=N_("A cleaner, a neighbour: who and when.")),
            Ask(N_("Fuse box and water tap"), _LONG),
            Ask(N_("Anything else"), _LONG),
        )),
    )),
    Sheet(N_("Overnight requests"), (
        Part(N_("Staying overnight"), (
            Ask(N_("Where the sitter sleeps"), _LONG),
            Ask(N_("Kitchen and fridge"), _LONG, help=N_("What may be used, and what may be eaten.")),
            Ask(N_("Television and Wi-Fi"), _LONG),
            Ask(N_("Wi-Fi password"), more=_SECRET),
            Ask(N_("Rooms that stay closed"), _LONG),
        )),
    )),
)  # fmt: skip

_PET = (
    Sheet(N_("Details"), (
        Part("", (
            Ask(N_("Name"), column="pet.name", more=_NEEDED),
            Ask(N_("Breed"), column="pet.breed"),
            Ask(N_("Birthday"), FieldKind.DATE, "pet.born_on"),
            Ask(N_("Warning"), column="pet.warning", help=N_("What everybody must see first, such as “insulin at 8:00 and 18:00”.")),
        )),
        Part(N_("Looks"), (
            Ask(N_("Colour and marks")),
            Ask(N_("Sex"), _CHOICE, choices=(("female", N_("Female")), ("male", N_("Male")))),
            Ask(N_("Neutered"), _YES_NO),
            Ask(N_("Microchip number")),
        )),
    )),
    Sheet(N_("Feeding"), (
        Part("", (
            Ask(N_("Feeding"), _LONG, "pet.feeding", help=N_("What, how much, when, and where it is kept.")),
            Ask(N_("Meals"), _MANY, choices=(("morning", N_("Morning")), ("midday", N_("Midday")), ("evening", N_("Evening")))),
            Ask(N_("Treats are fine"), _YES_NO),
            Ask(N_("Which treats"), show_if=(N_("Treats are fine"), _IF_YES)),
            Ask(N_("Allergies"), _LONG),
        )),
    )),
    Sheet(N_("Medication"), (
        Part("", (
            Ask(N_("Medication"), _LONG, "pet.medication", help=N_("Name, dose, times.")),
            Ask(N_("Where it is kept")),
            Ask(N_("How it is given"), _LONG, help=N_("In cheese, by syringe, with two people.")),
            Ask(N_("Illnesses and operations"), _LONG),
        )),
    )),
    Sheet(N_("Behaviour"), (
        Part("", (
            Ask(N_("With people"), _LONG),
            Ask(N_("With other animals"), _LONG),
            Ask(N_("Afraid of"), help=N_("Thunder, men with hats, the vacuum cleaner.")),
            Ask(N_("Has bitten or scratched"), _YES_NO),
            Ask(N_("What happened"), _LONG, show_if=(N_("Has bitten or scratched"), _IF_YES)),
            Ask(N_("May be left alone"), _CHOICE, choices=(("no", N_("Not at all")), ("hours", N_("For a few hours")), ("day", N_("For a day")))),
            Ask(N_("Notes"), _LONG, "pet.notes"),
        )),
    )),
    Sheet(N_("Walks & play"), (
        Part(N_("Walks"), (
            Ask(N_("Lead and harness"), help=N_("Which, and where they hang.")),
            Ask(N_("Off the lead"), _CHOICE, choices=(("never", N_("Never")), ("fenced", N_("Where it is fenced")), ("always", N_("Yes")))),
            Ask(N_("Comes back to"), help=N_("The word that works."), show_if=(N_("Off the lead"), ("fenced", "always"))),
            Ask(N_("Favourite walk"), _LONG),
            Ask(N_("Never meets"), help=N_("Dogs, places or people to keep away from.")),
        )),
        Part(N_("Play"), (Ask(N_("Favourite games"), _LONG), Ask(N_("Towels and paws"), help=N_("What happens after a wet walk.")))),
    ), species=Species.DOG),
    Sheet(N_("Litter & play"), (
        Part(N_("Litter"), (
            Ask(N_("Litter trays"), _LONG, help=N_("Where they stand, how often they are cleaned.")),
            Ask(N_("Used litter goes")),
        )),
        Part(N_("Play"), (
            Ask(N_("Goes outside"), _YES_NO),
            Ask(N_("How and when"), show_if=(N_("Goes outside"), _IF_YES)),
            Ask(N_("Hiding places"), _LONG),
            Ask(N_("Favourite games"), _LONG),
        )),
    ), species=Species.CAT),
    Sheet(N_("Hutch & run"), (Part("", (
        Ask(N_("Cleaning"), _LONG), Ask(N_("Time outside"), _LONG), Ask(N_("Hay and greens"), _LONG),
    )),), species=Species.RABBIT),
    Sheet(N_("Cage & flight"), (Part("", (
        Ask(N_("Cleaning"), _LONG), Ask(N_("May fly freely"), _YES_NO), Ask(N_("Cover for the night"), _YES_NO),
    )),), species=Species.BIRD),
    Sheet(N_("Tank"), (Part("", (
        Ask(N_("Temperature"), FieldKind.NUMBER), Ask(N_("Light"), help=N_("On at, off at.")), Ask(N_("Water changes"), _LONG),
    )),), species=Species.FISH),
    Sheet(N_("Terrarium"), (Part("", (
        Ask(N_("Temperature by day"), FieldKind.NUMBER), Ask(N_("Temperature at night"), FieldKind.NUMBER),
        Ask(N_("Live food"), _LONG), Ask(N_("May be taken out"), _YES_NO),
    )),), species=Species.REPTILE),
    Sheet(N_("Sleeping"), (
        Part("", (
            Ask(N_("Sleeps"), help=N_("In which room, on what.")),
            Ask(N_("May go on the furniture"), _YES_NO),
            Ask(N_("Bedtime"), _LONG, help=N_("What belongs to a good night.")),
        )),
    )),
)  # fmt: skip

_STAFF = (
    Sheet(N_("About"), (
        Part("", (
            Ask(N_("In a few words"), _LONG),
            Ask(N_("Languages")),
            Ask(N_("Drives a car"), _YES_NO),
            Ask(N_("First aid course until"), FieldKind.DATE),
            Ask(N_("Takes care of"), _MANY, choices=tuple((s.value, label) for s, label in (
                (Species.DOG, N_("Dogs")), (Species.CAT, N_("Cats")), (Species.RABBIT, N_("Rabbits")),
                (Species.BIRD, N_("Birds")), (Species.FISH, N_("Fish")), (Species.REPTILE, N_("Reptiles"))))),
        )),
    ), portal=PortalAccess.HIDDEN),
    Sheet(N_("Emergency contact"), (
        Part("", (Ask(N_("Name")), Ask(N_("Phone"), FieldKind.PHONE), Ask(N_("Relation")))),
    ), portal=PortalAccess.HIDDEN, staff=StaffAccess.HIDDEN),
)  # fmt: skip

_TASK, _TO_DO = FieldKind.TASK, {"is_required": True}
_REPORT = (
    Sheet(N_("Report card"), (
        Part(N_("How it went"), (
            Ask(N_("Mood"), _CHOICE, choices=(("happy", N_("Happy")), ("calm", N_("Calm")), ("shy", N_("Shy")), ("unwell", N_("Not quite well")))),
            Ask(N_("What was not quite well"), _LONG, show_if=(N_("Mood"), ("unwell",))),
            Ask(N_("Food"), _CHOICE, choices=(("all", N_("Ate everything")), ("some", N_("Left some")), ("nothing", N_("Ate nothing")))),
            Ask(N_("Toilet"), _MANY, choices=(("wee", N_("Wee")), ("poo", N_("Poo")), ("tray", N_("Tray cleaned")))),
        )),
        Part(N_("Done"), (
            Ask(N_("Walked or played"), _TASK),
            Ask(N_("Fed"), _TASK),
            Ask(N_("Fresh water"), _TASK),
            Ask(N_("Medication given"), _TASK),
            Ask(N_("Door locked behind me"), _TASK, help=N_("Must be ticked before the report card is sent."), more=_TO_DO),
        )),
        Part(N_("In the house"), (
            Ask(N_("Also done"), _MANY, choices=(("mail", N_("Mail brought in")), ("plants", N_("Plants watered")), ("lights", N_("Lights changed")), ("bins", N_("Bins put out")))),
        )),
    ), portal=PortalAccess.VIEW),
)  # fmt: skip

USUAL: dict[FieldArea, tuple[Sheet, ...]] = {
    FieldArea.CLIENT: _CLIENT,
    FieldArea.PET: _PET,
    FieldArea.STAFF: _STAFF,
    FieldArea.REPORT: _REPORT,
}


def install(*areas: FieldArea, actor: Actor, say: Say = str) -> list[FieldPage]:
    """Add the usual pages to each of the areas (none given: all) that has no page yet, not even a retired one; logged.

    `say` puts the texts into the business's language. Says which pages were added; a second time none are.
    """
    actor.require(Permission.FIELDS)
    taken = set(db.session.scalars(sa.select(FieldPage.area).distinct()))
    added = []
    for area in areas or tuple(FieldArea):
        if area not in taken:
            added += [_add_page(area, sheet, actor, say) for sheet in USUAL[area]]
    return added


def missing(area: FieldArea, pages: Sequence[FieldPage]) -> list[tuple[Ask, CustomField]]:
    """The usual fields for columns of ours that stand nowhere on these pages, each with the field that it belongs behind."""
    there = {f.column: f for page in pages for section in page.sections for f in section.fields if f.column}
    live = {column: field for column, field in there.items() if is_live(field)}
    return [
        (ask, live[before.column])
        for sheet in USUAL[area]
        for part in sheet.parts
        for before, ask in pairwise(part.asks)
        if ask.column and ask.column not in there and before.column in live
    ]


def add_missing(area: FieldArea, *, actor: Actor, say: Say = str) -> list[CustomField]:
    """Add each of the `missing` fields behind its neighbour; logged. Says which were added; a second time none are."""
    actor.require(Permission.FIELDS)
    added = []
    for ask, before in missing(area, pages_of(area)):
        field = custom_fields.save_field(CustomField(), _values(ask, before.section, {}, say), actor=actor)
        row = siblings(field)
        move(field, row.index(before) + 1, seen=[one.public_id for one in row], actor=actor)
        added.append(field)
    return added


def _add_page(area: FieldArea, sheet: Sheet, actor: Actor, say: Say) -> FieldPage:
    values = {
        "area": area, "name": say(sheet.name), "help": say(sheet.help) if sheet.help else "", "species": sheet.species,
        "portal_access": sheet.portal, "staff_access": sheet.staff,
    }  # fmt: skip
    page = custom_fields.save_page(FieldPage(), values, actor=actor)
    for part in sheet.parts:
        about = {"page": page, "name": say(part.name) if part.name else "", "staff_access": part.staff}
        section = custom_fields.save_section(FieldSection(), about, actor=actor)
        made: dict[str, CustomField] = {}
        for ask in part.asks:
            made[ask.label] = custom_fields.save_field(CustomField(), _values(ask, section, made, say), actor=actor)
    return page


def _values(ask: Ask, section: FieldSection, made: dict[str, CustomField], say: Say) -> dict[str, Any]:
    values: dict[str, Any] = {
        "section": section, "label": say(ask.label), "help": say(ask.help) if ask.help else "", "kind": ask.kind,
        "choices": [{"key": key, "label": say(label)} for key, label in ask.choices], **ask.more,
    }  # fmt: skip
    if ask.column:
        values["column"] = ask.column
    if ask.show_if:
        label, answers = ask.show_if
        values["show_if"] = {"field": made[label].public_id, "values": list(answers)}
    return values
