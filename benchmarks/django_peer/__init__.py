"""Django over the same tables, as somebody who knows it would set it up: its admin's lists, and a client's month as a page.

It does what ours does: it knows by its session who asks, draws the filters that a choice of states gives, and its month
shows what our month shows. Its lists stand there twice: under /admin/ with what Django offers for speed, and under /kept/ with
a paginator of our making besides, that counts the rows of a list at most every half minute, as ours do. `python -m benchmarks.django_peer` makes
Django's own tables in the database of `DATABASE_URL` and prints the cookie of somebody who is signed in.
"""
