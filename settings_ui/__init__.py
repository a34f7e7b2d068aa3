"""The owner's settings pages, generated from the registry in `workflows.settings`, in the back office's menu.

A new setting is one entry there; nothing here or in a template changes.
"""

from flask import Flask
from flask_admin import Admin

from settings_ui.views import SettingsView


def install(app: Flask, admin: Admin) -> None:  # noqa: ARG001 -- every face is installed with the app
    """Add the settings to the back office."""
    admin.add_view(SettingsView(name="Settings", endpoint="settings", url="/admin/settings"))
