"""The copy of an accepted agreement as PDF: the whole text, and who accepted it when and how."""

import re

from flask_babel import force_locale

from documents.page import draw
from workflows import settings
from workflows.agreement_copies import Copy


def write(copy: Copy) -> bytes:
    """The PDF, in the business's language; the same facts give the same bytes."""
    locale = str(settings.read()["business.locale"])
    paragraphs = [part.split("\n") for part in re.split(r"\n\s*\n", copy.body)]
    with force_locale(locale):
        return draw("agreement.html", locale=locale, business_name=copy.business_name, copy=copy, paragraphs=paragraphs)
