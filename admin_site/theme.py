"""Our theme: Flask-Admin's pages on `ui_kit`'s back office frame. No Bootstrap, no jQuery, nothing inline."""

from dataclasses import dataclass

from flask_admin.theme import Theme


@dataclass
class OfficeTheme(Theme):
    """Names our base template; `folder` only says where stock templates that we do not override would be found."""

    folder: str = "bootstrap4"
    base_template: str = "admin/base.html"
