"""The product, with one more route: a hello that is the floor every page is compared with."""

from application import create_app
from sign_in import guard

guard.OPEN = guard.OPEN | {"hello"}
app = create_app()


@app.get("/hello")
def hello() -> str:
    """As little as the same server can do; it passes the same hooks as every page."""
    return "hello"
