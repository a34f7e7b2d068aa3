"""What everything stands on: database, clock, money, column types, file store. Imports nothing of ours."""

__version__ = "0.1.0"
