"""Cells of tables for spreadsheets: no text begins like a formula, and what comes back is read as it was."""

import re

#: what a spreadsheet takes for the beginning of a formula, also in full width
_FORMULA_STARTS = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
_QUOTED = re.compile(r"'(?=[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20])")


def safe_cell(text: str) -> str:
    """A text that no spreadsheet takes for a formula, behind an apostrophe where it begins like one; plain numbers stay
    numbers."""
    if text.startswith(_FORMULA_STARTS) and not re.fullmatch(r"-?\d+(\.\d+)?", text):
        return f"'{text}"
    return text


def read_cell(text: str) -> str:
    """The text that `safe_cell` was given, also where Excel's people have typed the apostrophe."""
    return text[1:] if _QUOTED.match(text) else text
