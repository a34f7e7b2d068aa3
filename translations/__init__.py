"""Texts of other languages, and the tool that keeps them: see `texts.py`."""
