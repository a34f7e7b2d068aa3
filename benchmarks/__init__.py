"""How fast Latchkey is, measured on a large business: `make bench`, `make bench ARGS="--quick"`.

`filling` makes the rows, `databases` keeps them between runs, `server` starts gunicorn, `load` (a process of its own)
asks, `counting` counts queries, `stock` is the plain Flask-Admin to compare with, `report` writes docs/benchmarks.md.
"""
