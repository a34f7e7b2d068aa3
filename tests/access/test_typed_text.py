"""Every text that people type, hostile in every row there is: no page that links lead to makes markup of it.

The letters are those of the abuse cases in docs/security.toml.
"""

import re

import pytest
import sqlalchemy as sa
from sqlalchemy.types import Enum

from foundation.db import Base, db
from tests.access.test_bad_input import everything, visitor, walk  # noqa: F401 -- fixtures
from tests.portal.test_hand_made_posts import Marks
from workflows import settings

pytestmark = pytest.mark.parametrize("app", ["sqlite"], indirect=True)

#: how columns are called whose words somebody types
TYPED = re.compile(
    r"(.*_)?(name|note|notes|label|help|body|reason|message|description|text|subject|city|region|postcode|breed|warning|feeding|medication"
    r"|relation|answer|thanks|remark|phone|line1|line2|details|reference|explanation)"
)  # fmt: skip
#: names that something is found by, and the drawn text of a log
FOUND_BY = {("counter", "name"), ("setting", "key"), ("list_columns", "list_name"), ("saved_view", "list_name"), ("demo_record", "table_name"), ("price_rule", "name"), ("search_entry", "text")}  # fmt: skip
HOSTILE = "<xss onfocus=alert(1)>\"'><img src=x onerror=alert(1)></textarea></script><xss>{{1337*7331}}"


def poison():
    """Write the hostile text into every such column of every row, each row its own; how many columns."""
    n_columns = 0
    for table in Base.metadata.sorted_tables:
        key = next(iter(table.primary_key), None)
        for column in table.columns:
            typed = (
                isinstance(column.type, sa.String) and not isinstance(column.type, Enum) and TYPED.fullmatch(column.key)
            )
            if key is None or column is key or not typed or (table.name, column.key) in FOUND_BY:
                continue
            value = sa.func.substr(sa.cast(key, sa.String) + HOSTILE, 1, column.type.length or 200)
            n_columns += db.session.execute(sa.update(table).values({column.key: value})).rowcount > 0
    db.session.commit()
    settings.forget()
    return n_columns


def test_no_text_of_anybody_becomes_markup_on_any_page(visitor):  # noqa: F811
    """G4, A15, A16: as a client, a sitter and the owner see it, on pages and lists that links lead to."""
    browser, start = visitor
    assert poison() >= 30
    pages, n_shown = walk(browser, start), 0
    for path, text in pages:
        marks = Marks()
        marks.feed(text)
        assert (path, marks.bad) == (path, [])
        assert "9801547" not in text, path
        n_shown += "&lt;xss" in text
    assert n_shown >= {"/portal/": 10, "/staff/": 4}.get(start, 50), "it must be there to be shown"
