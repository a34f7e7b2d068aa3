"""What is written hundreds of times a page, by functions of our own in place of a library's."""

import pytest
from markupsafe import Markup
from wtforms import Form, StringField, TextAreaField
from wtforms.widgets import core

from ui_kit import quick


@pytest.mark.parametrize(
    ("attributes", "html"),
    [
        ({"name": "text1", "id": "f", "class_": "text"}, 'class="text" id="f" name="text1"'),
        ({"checked": True, "readonly": False, "name": "text1"}, 'checked name="text1"'),
        ({"data_for_whom": "a", "aria_labelledby": "b", "data-x": ""}, 'aria-labelledby="b" data-x="" data-for-whom="a"'),
        ({"value": '"><script>&', "min": 0}, 'min="0" value="&#34;&gt;&lt;script&gt;&amp;"'),
        ({"value": Markup('<b title="x">&amp;')}, 'value="<b title=&quot;x&quot;>&amp;"'),
        ({"value": None}, 'value="None"'),
        ({}, ""),
    ],
)  # fmt: skip
def test_attributes_are_written_as_wtforms_writes_them_and_never_end_early(attributes, html):
    assert quick.html_params(**attributes) == html
    assert isinstance(quick.html_params(**attributes), Markup)


def test_fields_of_forms_are_written_by_it(app):
    class Asked(Form):
        name = StringField(render_kw={"data-hint": 'a "b"'})
        note = TextAreaField()

    assert core.html_params is quick.html_params
    asked = Asked(data={"name": "<Ann>", "note": "</textarea>"})
    assert asked.name() == '<input data-hint="a &#34;b&#34;" id="name" name="name" type="text" value="&lt;Ann&gt;">'
    assert asked.note(rows=2).startswith('<textarea id="note" name="note" rows="2">')
