"""How fast Latchkey is, measured on a large business: `make bench`, `make bench ARGS="--quick"`; see docs/benchmarks.md.

`filling` makes the rows, `databases` writes them in bulk, `server` starts gunicorn, `load` and `writing` (processes of
their own) ask it, `counting` counts queries, `stock` is the plain Flask-Admin to compare with, `measures` and
`bulk` are the runs, `report` prints them.
"""
