"""Files as programs and people write them: encodings, delimiters, quotes, heads, dates, amounts."""

import csv
import datetime as dt
import io
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import ImportKind
from workflows.errors import Invalid
from workflows.importing import matching, reading, values

WORDS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=20)


def rows_of(data, **chosen):
    file = io.BytesIO(data)
    found = {**reading.find_reading(file), **chosen}
    return list(reading.lines(file, found)), found


@given(
    cells=st.lists(st.lists(WORDS, min_size=3, max_size=3), min_size=1, max_size=6),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    delimiter=st.sampled_from(reading.DELIMITERS),
)
def test_what_was_written_is_read_again(cells, encoding, delimiter):
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([["one", "two", "three"], *cells])
    file = io.BytesIO(out.getvalue().encode(encoding))
    found = {"encoding": encoding.removesuffix("-sig"), "delimiter": delimiter}
    read = [line.cells for line in reading.lines(file, found)]
    assert read[1:] == [row for row in cells if any(c.strip() for c in row)]


@given(data=st.binary(max_size=400))
def test_no_bytes_break_it(data):
    try:
        lines, found = rows_of(data)
        reading.survey(io.BytesIO(data), found)
    except Invalid:
        return
    assert all(line.problem or line.cells for line in lines)


@pytest.mark.parametrize(
    ("data", "encoding", "delimiter"),
    [
        ("Name,Ort\nÄnne,Köln\n".encode(), "utf-8", ","),
        ("\ufeffName;Ort\nÄnne;Köln\n".encode(), "utf-8", ";"),
        ("Name\tOrt\nÄnne\tKöln\n".encode("utf-16"), "utf-16", "\t"),
        ("Name|Ort\r\nÄnne|Köln\r\n".encode("cp1252"), "cp1252", "|"),
    ],
)  # fmt: skip
def test_encoding_and_delimiter_are_found(data, encoding, delimiter):
    lines, found = rows_of(data)
    assert (found["encoding"], found["delimiter"]) == (encoding, delimiter)
    assert lines[1].cells == ["Änne", "Köln"]


def test_rows_that_cannot_be_read_do_not_stop_the_others():
    data = b'a,b\n1,2\n1\n1,2,3\n1,2,,\n"x"y,2\n\n3,"two\nlines"\n\x00,2\n5,=SUM(A1)\n9,"open\n10,11\n'
    lines, _found = rows_of(data)
    assert [(line.number, line.cells, bool(line.problem)) for line in lines] == [
        (1, ["a", "b"], False), (2, ["1", "2"], False), (3, ["1"], True), (4, ["1", "2", "3"], True), (5, ["1", "2"], False),
        (6, [], True), (8, ["3", "two\nlines"], False), (10, ["", "2"], True), (11, ["5", "=SUM(A1)"], False), (12, [], True),
    ]  # fmt: skip
    assert lines[-1].values == {"first": 12, "last": 13}


def test_heads_are_told_apart_and_guessed():
    head = reading.Line(1, ["Phone", "phone ", "Phone", "", "Client Forename"])
    assert reading.heads(head) == ["Phone", "phone", "Phone (2)", "Column 4", "Client Forename"]
    mapping = matching.guess(ImportKind.CLIENTS, ["E-Mail", "Mobile", "SURNAME", "Client_Forename", "Client ID"])
    assert mapping == {"foreign_id": "Client ID", "first_name": "Client_Forename", "last_name": "SURNAME", "email": "E-Mail", "phone": "Mobile"}  # fmt: skip
    assert matching.guess(ImportKind.PETS, ["Pet Name", "Client", "Type"], "pet_sitter_plus")["client_name"] == "Client"


@pytest.mark.parametrize(
    ("text", "order", "expected"),
    [
        ("2026-11-03", "mdy", (2026, 11, 3)), ("03/11/2026", "dmy", (2026, 11, 3)), ("11/3/26", "mdy", (2026, 11, 3)),
        ("3 Nov 2026", "mdy", (2026, 11, 3)), ("Tue, November 3rd, 2026", "dmy", (2026, 11, 3)), ("2026-11-03T08:00:00Z", "dmy", (2026, 11, 3)),
        ("31/12/2026", "mdy", None), ("30.02.2026", "dmy", None), ("soon", "dmy", None), ("1/2/3/4", "dmy", None),
    ],
)  # fmt: skip
def test_dates(text, order, expected):
    if expected is None:
        with pytest.raises(Invalid):
            values.date(text, {"date_order": order})
    else:
        assert values.date(text, {"date_order": order}) == dt.date(*expected)


@pytest.mark.parametrize(
    ("text", "sign", "expected"),
    [
        ("1,234.50", ".", "1234.50"), ("1.234,5", ",", "1234.50"), ("$ -12", ".", "-12"), ("(3.00)", ".", "-3"), ("5,00 €", ",", "5"),
        ("1,5", ".", None), ("1.2.3", ".", None), ("0.001", ".", None), ("abc", ".", None), ("", ".", None), ("99999999999", ".", None),
    ],
)  # fmt: skip
def test_amounts(text, sign, expected):
    if expected is None:
        with pytest.raises(Invalid):
            values.amount(text, {"decimal_sign": sign})
    else:
        assert values.amount(text, {"decimal_sign": sign}) == Decimal(expected)


def test_times_and_yes_and_no():
    read = [values.time(t, {}) for t in ("14:30", "2:30 PM", "12am", "9.05", "7 p.m.")]
    assert read == [dt.time(14, 30), dt.time(14, 30), dt.time(0), dt.time(9, 5), dt.time(19)]
    for bad in ("25:00", "noon", "7", "13pm99"):
        with pytest.raises(Invalid):
            values.time(bad, {})
    assert [values.yes_no(t, {}) for t in ("Yes", "n", "X", "0")] == [True, False, True, False]


def test_the_order_of_dates_is_found_over_the_whole_file():
    rows = "day,amount\n" + '03/04/2026,"1.234,50"\n' * 5 + '25/04/2026,"7,00"\n'
    found = reading.survey(io.BytesIO(rows.encode()), {"encoding": "utf-8", "delimiter": ","})
    assert (found.date_order, found.decimal_sign, found.n_rows, found.samples[0]) == (
        "dmy",
        ",",
        6,
        ["03/04/2026", "25/04/2026"],
    )
