"""A billing paper as a page: it says what the PDF says, as a real table with its headings, and escapes everything."""

import dataclasses
import io
import re
from collections.abc import Callable, Iterator
from html import unescape

import pytest
from flask import Flask
from pypdf import PdfReader

from documents import billing, billing_words
from tests.sample_papers import CLIENT, SAMPLES, invoice, lines
from workflows.billing.papers import Paper, PaperStatus

PAGE = "{% import 'ui/_paper.html' as papers %}{{ papers.draw(said, pdf_url='/invoices/x.pdf') }}"
Draw = Callable[..., str]


@pytest.fixture
def draw(mini: Flask, render: Callable[..., str]) -> Draw:
    def _draw(paper: Paper, page: str = PAGE) -> str:
        with mini.test_request_context("/?lang=en_US"):
            said = billing_words.say(paper)
        return render(page, "en_US", said=said)

    return _draw


def words(html: str) -> str:
    """What a reader sees, spaces as single ones."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def texts(value: object) -> Iterator[str]:
    """Every text of what is said, without tones."""
    if dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            if field.name not in {"tone", "running", "foot", "scan_words", "heading"}:
                yield from texts(getattr(value, field.name))
    elif isinstance(value, tuple):
        for part in value:
            yield from texts(part)
    elif isinstance(value, str) and value:
        yield from value.splitlines()


@pytest.mark.covers("P5")
@pytest.mark.parametrize("name", SAMPLES)
def test_page_and_pdf_say_the_same(name: str, draw: Draw, mini: Flask) -> None:
    paper = dataclasses.replace(SAMPLES[name], pay_link="https://pay.example/x")
    page = "".join(words(draw(paper)).split())
    with mini.test_request_context("/?lang=en_US"):
        said = billing_words.say(paper)
        pdf = PdfReader(io.BytesIO(billing.draw_paper(paper, locale="en_US")))
    printed = "".join("".join(p.extract_text() for p in pdf.pages).split())
    below = tuple((one.tables, one.totals, one.headline.reason) for one in said.attached)
    wanted = [*texts(dataclasses.replace(said, attached=(), name="", title="")), *texts(below)]
    assert len(wanted) > 20
    captions = {t.caption for s in (said, *said.attached) for t in s.tables[:1]}
    for text in wanted:
        together = "".join(text.split())
        assert together in page
        assert together in printed or text in captions
    assert "".join(said.name.split()) in page


def test_tables_have_captions_and_scopes(draw: Draw) -> None:
    html = draw(invoice())
    assert re.search(r"<caption><h2>What it is for</h2></caption>", html)
    assert html.count('<th scope="col"') == 6
    assert html.count('<th scope="row"') == 5
    assert re.search(r"<h1[^>]*>Invoice INV-42", html)
    assert re.search(r"<dt>Subtotal</dt><dd>\$1,180.00</dd>", html)
    assert 'href="/invoices/x.pdf"' in html


def test_level_puts_it_below_another_heading(draw: Draw) -> None:
    html = draw(SAMPLES["invoice"], PAGE.replace("pdf_url='/invoices/x.pdf'", "level=2"))
    assert re.findall(r"<h(\d)", html) == ["2", "3", "3", "3", "3", "3", "4", "3"]
    assert "Download PDF" not in html


def test_buttons_of_the_page_stand_in_its_head(draw: Draw) -> None:
    called = "{% import 'ui/_paper.html' as papers %}{% call papers.draw(said) %}<a href='/pay'>Pay</a>{% endcall %}"
    assert re.search(r"</h1><div[^>]*><a href='/pay'>Pay</a></div></header>", draw(invoice(), called))


def test_text_of_people_is_escaped(draw: Draw) -> None:
    evil = '<img src=x onerror="x">{{ 7*7 }}'
    line = dataclasses.replace(lines(1)[0], description=evil, detail=evil)
    html = draw(invoice(client=dataclasses.replace(CLIENT, name=evil, address=(evil,)), lines=(line,), notes=evil, reason=evil, terms=evil, status=PaperStatus.VOID))  # fmt: skip
    assert "<img" not in html
    assert html.count("&lt;img src=x") >= 6
    assert "{{ 7*7 }}" in html


def test_styles_are_a_file_of_ours(render: Callable[..., str]) -> None:
    html = render("{% import 'ui/_paper.html' as papers %}{{ papers.styles() }}")
    assert re.fullmatch(r'\s*<link rel="stylesheet" href="/static/[0-9a-f]{6}/paper.css">\s*', html)


def test_a_mail_address_breaks_behind_its_at(draw: Draw) -> None:
    html = draw(invoice())
    assert re.search(r"\w@<wbr>\w", html)
    assert not re.search(r"@(?!<wbr>)\w+\.\w", html)
