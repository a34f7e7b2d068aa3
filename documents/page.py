"""Our documents' templates, and the paper they are printed on."""

from functools import cache
from pathlib import Path

from flask_babel import gettext
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from documents import pdf, typefaces

#: where people use Letter; everybody else has A4
_LETTER = frozenset({"US", "CA", "MX", "PH", "CL", "CO", "VE"})


@cache
def _templates() -> Environment:
    folder = Path(__file__).resolve().parent / "templates"
    return Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def paper(locale: str) -> str:
    """`letter` or `a4`, as people of that language and country print."""
    return "letter" if locale.rpartition("_")[2] in _LETTER else "a4"


def draw(template: str, *, locale: str, business_name: str, **values: object) -> bytes:
    """A document as PDF, in the language that is set."""
    html = _templates().get_template(template).render(
        _=gettext, lang=locale.replace("_", "-"), paper=paper(locale), typeface=typefaces.family(),
        business_name=business_name, **values,
    )  # fmt: skip
    return pdf.write(html)
