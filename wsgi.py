"""The WSGI entry point; Flask's command line finds it by itself."""

from application import create_app

app = create_app()
