"""The archive of everything: what stands in it (`shape`), making, checking and loading one. docs/archive-format.md.

It works on tables and columns alone, with nothing of the business's rules, so that any archive can be read for years.
Orders of the office stand in `workflows.archives`.
"""
