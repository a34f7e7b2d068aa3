"""The business: plain functions, one file a subject, verbs as names. They know no web, flush, and never commit.

Each change writes its log line, its notification and its mails in the same transaction; whoever calls commits once.
"""
