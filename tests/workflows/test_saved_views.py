"""Saved views: what is refused, and that one name stays one view whatever two tabs do."""

import pytest

from foundation.db import db
from models import SavedView
from tests.databases import count, together
from workflows import saved_views
from workflows.actors import staff_actor
from workflows.errors import Invalid, NotAllowed


def save(cast, name="Archers", arguments="view=all&search=archer", who="olivia"):
    actor = staff_actor(getattr(cast, who))
    return saved_views.save("clients", name, arguments, is_shared=False, actor=actor)


def test_what_is_no_view_is_refused(cast):
    for name, arguments, code in (
        ("", "search=a", "no_name"), (" \0 ", "search=a", "no_name"), ("x" * 41, "search=a", "long_name"),
        ("A", "", "nothing_kept"), ("A", "search=" + "a" * 2_000, "nothing_kept"),
    ):  # fmt: skip
        with pytest.raises(Invalid) as refused:
            save(cast, name, arguments)
        assert refused.value.code == code
    with pytest.raises(NotAllowed):
        save(cast, who="sam")
    for n in range(saved_views.MOST):
        save(cast, f"View {n}")
    with pytest.raises(Invalid) as refused:
        save(cast)
    assert refused.value.code == "too_many"
    assert save(cast, who="max").position == 1


def test_the_same_name_at_the_same_moment_is_one_view(app, cast):
    db.session.commit()
    results = together(app, lambda: save(cast), lambda: save(cast))
    assert [getattr(r, "code", "saved") for r in sorted(results, key=lambda r: isinstance(r, Invalid))] == ["saved", "name_taken"]  # fmt: skip
    assert count(SavedView) == 1
