"""The look that portal, back office and sitter pages share: layouts, macros, styles, icons, error pages, headers.

Start with README.md in this folder. It knows nothing of clients or visits: pages hand it plain values.
"""

from flask import Blueprint, Flask
from jinja2 import Template
from jinja2.environment import TemplateModule
from jinja2.runtime import Context
from wtforms.widgets import core

from ui_kit import formats, quick, quick_fields, quick_frame, quick_month, quick_office
from ui_kit.csp import allow_in_csp, install_security_headers
from ui_kit.errors import render_error
from ui_kit.month import MonthGrid, month_grid
from ui_kit.static_files import static_url, wrap_wsgi

__all__ = [
    "MonthGrid",
    "allow_in_csp",
    "install",
    "install_security_headers",
    "month_grid",
    "render_error",
    "static_url",
    "wrap_wsgi",
]


# WTForms' widgets look it up each time that they write a field.
core.html_params = quick.html_params
core.Input.html_params = staticmethod(quick.html_params)


class _Template(Template):
    """A template of ours knows the environment's globals and no others, so what it imports is always the same.

    Jinja compares all their names at each import, five times a page.
    """

    def _get_default_module(self, ctx: Context | None = None) -> TemplateModule:  # noqa: ARG002 -- Jinja's signature
        return super()._get_default_module()


def install(app: Flask) -> None:
    """Give `app` our templates (as `ui/…`), the template globals and the date filters.

    Needs Flask-Babel on the app. Static files and headers are separate: `wrap_wsgi`, `install_security_headers`.
    """
    app.register_blueprint(Blueprint("ui_kit", __name__, template_folder="templates"))
    env = app.jinja_env
    env.add_extension("jinja2.ext.do")
    env.template_class = _Template
    env.globals.update(
        static_url=static_url,
        ui_icon=quick.icon,
        ui_chip=quick.chip,
        ui_pet=quick.pet,
        ui_pets=quick.pets,
        ui_count=quick.count,
        ui_office_menu=quick.office_menu,
        ui_office_bar=quick_office.bar,
        ui_top_nav=quick_frame.top_nav,
        ui_menu=quick_frame.menu,
        ui_tabs=quick_frame.tabs,
        ui_brand=quick_frame.brand,
        ui_theme_choice=quick_frame.theme_choice,
        ui_menu_post=quick_frame.menu_post,
        ui_contact=quick_frame.contact,
        ui_toasts=quick_frame.toasts,
        ui_flashes=quick_frame.flashes,
        ui_month=quick_month.month,
        ui_described=quick_fields.described,
        ui_errors=quick_fields.errors,
        ui_switch=quick_fields.switch,
        ui_options=quick_fields.options,
        ui_month_picker=quick_month.month_picker,
        ui_locale=formats.locale_code,
        ui_direction=formats.text_direction,
        ui_page_numbers=formats.page_numbers,
    )
    env.globals.update(_=quick.gettext, gettext=quick.gettext)
    env.filters.update(
        local_date=formats.local_date,
        local_datetime=formats.local_datetime,
        short_day=formats.short_day,
        long_day=formats.long_day,
        month_name=formats.month_name,
        clock_time=formats.clock_time,
        pill_time=formats.pill_time,
        ago=formats.ago,
    )
