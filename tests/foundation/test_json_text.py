"""The rows of a small table as one text, on both databases."""

import json

import sqlalchemy as sa

from foundation.db import db
from foundation.json_text import as_json_object
from models import Pet, Setting


def test_json_values_are_values_again(app, cast):
    kept = {"a": 'Ünï "quoted"', "b": 12, "c": None, "d": True, "e": {"f": [1, "2"]}, "g": ""}
    db.session.add_all(Setting(key=key, value=value) for key, value in kept.items())
    db.session.flush()
    text = db.session.scalar(sa.select(as_json_object(Setting.key, Setting.value)).where(Setting.key.in_(kept)))
    assert json.loads(text) == kept


def test_other_values_too_and_nothing_of_no_rows(app, cast):
    names = sa.select(as_json_object(Pet.name, Pet.client_id))
    text = db.session.scalar(names.where(Pet.id.in_([cast.biscuit.id, cast.bella.id])))
    assert json.loads(text) == {cast.biscuit.name: cast.alice.id, cast.bella.name: cast.bella.client_id}
    assert json.loads(db.session.scalar(names.where(Pet.id == 0)) or "{}") == {}
