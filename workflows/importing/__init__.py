"""Bringing a business in from files: `reading` makes rows of bytes, `values` makes values of cells, `kinds` and the
files named after them say what a row is, `matching` finds the columns, and `runs` checks, brings in and undoes."""
