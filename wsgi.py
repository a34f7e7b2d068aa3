"""The WSGI entry point; Flask's command line finds it by itself."""

import gc

# Nothing that is loaded is garbage: to look for it again and again meanwhile took a quarter of the start.
gc.disable()

from application import create_app  # noqa: E402

app = create_app()
gc.enable()
