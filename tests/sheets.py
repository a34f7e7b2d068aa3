"""Excel files as tests compare them with their CSV twins."""

import csv
import io
import re

from workflows.importing import excel


def sheet_rows(data: bytes) -> list[list[str]]:
    """The cells of an Excel file, as the import reads them: figures without zeros at their end."""
    return list(csv.reader(io.StringIO(excel.as_csv(data).decode("utf-8-sig"))))


def bare(rows: list[list[str]]) -> list[list[str]]:
    """The rows of a CSV file as `sheet_rows` gives those of its twin: no zeros at the end."""
    return [[re.sub(r"^(-?\d+)\.?(\d*?)0*$", _short, c) if "." in c else c for c in row] for row in rows]


def _short(found: re.Match[str]) -> str:
    return f"{found[1]}.{found[2]}" if found[2] else found[1]
