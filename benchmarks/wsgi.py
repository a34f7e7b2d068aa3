"""The product's own app with one more page, GET /hello: through every hook, but without a query. It is the floor.

`DATABASE_URL`, `DATA_DIR` and `SECRET_KEY` come from `benchmarks.server`.
"""

from dataclasses import replace

from flask import request

from application import create_app, watching

app = create_app()
# One person asks for more reports, and searches more, than anybody would.
for _paced, _pace in list(watching.PACES.items()):
    if _paced[1] == "GET":
        watching.PACES[_paced] = replace(_pace, most=1_000_000)

# /healthz is the one page for which no hook asks the database; /hello shares its endpoint and answers without asking.
_healthz = app.view_functions["healthz"]


def _hello_or_healthz() -> object:
    return "hello" if request.path == "/hello" else _healthz()


app.view_functions["healthz"] = _hello_or_healthz
app.add_url_rule("/hello", endpoint="healthz")
