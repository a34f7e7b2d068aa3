"""The months of `ui.month` and `ui.month_picker`, put together by functions: as macros their days took a tenth of a page."""

from collections.abc import Iterable
from functools import lru_cache

from flask_babel import gettext
from markupsafe import Markup, escape

from ui_kit.month import Day, DayItem, MonthGrid
from ui_kit.quick import escaped


def month(grid: MonthGrid, caption: str, shown: int = 2) -> Markup:
    """The table; each day is a link that says its date and its first `shown` visits."""
    words = _Words()
    weeks = "".join(f"<tr>{''.join(_day(day, words, shown) for day in week)}</tr>" for week in grid.weeks)
    return Markup(  # noqa: S704 -- escaped
        f'<table class="ui-cal"><caption class="ui-vh">{escape(caption)}</caption><thead><tr>{_heads(grid)}</tr></thead>'
        f"<tbody>{weeks}</tbody></table>"
    )


def month_picker(grid: MonthGrid, name: str, caption: str) -> Markup:
    """The table; each day is a tick. Days outside the month are left out, so that each date has one tick."""
    weeks = "".join(f"<tr>{''.join(_tick(day, name) for day in week)}</tr>" for week in grid.weeks)
    return Markup(  # noqa: S704 -- escaped
        f'<table class="ui-cal ui-pick"><caption class="ui-vh">{escape(caption)}</caption>'
        f"<thead><tr>{_heads(grid)}</tr></thead><tbody>{weeks}</tbody></table>"
    )


def _heads(grid: MonthGrid) -> str:
    return "".join(
        f'<th scope="col"><abbr title="{escaped(long)}">{escaped(short)}</abbr></th>' for short, long in grid.weekdays
    )


def _tick(day: Day, name: str) -> str:
    if not day.in_month:
        return "<td></td>"
    look = f"{'is-holiday' if day.note else ''}{' is-today' if day.is_today else ''}"
    title = f' title="{escape(day.reason)}"' if day.reason else ""
    state = f"{' checked' if day.is_selected else ''}{' disabled' if day.reason else ''}"
    said = ", ".join(text for text in (day.label, day.note, day.reason) if text)
    return (
        f'<td><label class="{look}"{title}><input type="checkbox" name="{escape(name)}" value="{day.date.isoformat()}"{state}>'
        f'<span aria-hidden="true">{day.date.day}</span><span class="ui-vh">{escape(said)}</span></label></td>'
    )


class _Words:
    """What days say again and again, looked up once a month."""

    def __init__(self) -> None:
        self.today, self.selected = escape(gettext("today")), escape(gettext("shown below"))
        self.nothing, self.req = escape(gettext("nothing booked")), escape(gettext("REQ:"))


def _day(day: Day, words: _Words, shown: int) -> str:
    look = f"{'' if day.in_month else ' ui-cal__day--out'}{' ui-cal__day--sel' if day.is_selected else ''}"
    current = ' aria-current="date"' if day.is_today else ""
    said = "".join(
        f", {word}"
        for word, is_so in (
            (words.today, day.is_today), (words.selected, day.is_selected), (words.nothing, not day.items),
        )
        if is_so
    )  # fmt: skip
    over = len(day.items) - shown
    more = f'<span class="ui-cal__more">{escape(gettext("+%(n)s more", n=over))}</span>' if over > 0 else ""
    return (
        f'<td><a class="ui-cal__day{look}" href="{escaped(str(day.url))}"{current}><span class="ui-cal__n">'
        f'<span aria-hidden="true">{day.date.day}</span><span class="ui-vh">{escaped(day.label)}{said}</span></span>'
        f"{_pills(day.items[:shown], words) if day.items else ''}{more}</a></td>"
    )


def _pills(items: Iterable[DayItem], words: _Words) -> str:
    return "".join(_pill(item, words.req) for item in items)


@lru_cache(maxsize=2048)
def _pill(item: DayItem, req: str) -> str:
    """A visit: most look like others of the same service and time."""
    kind, time, name, word = (escape(text) for text in (item.kind, item.time, item.name, item.word))
    is_req = item.kind == "req"
    is_name = " ui-pill--name" if not is_req and (item.short or item.time) == item.name else ""
    return (
        f'<span class="ui-pill ui-pill--{kind}{is_name}"><span class="ui-pill__short" aria-hidden="true">'
        f"{req if is_req else escape(item.short or item.time)}</span>"
        f'<span class="ui-pill__long" aria-hidden="true"><b>{f"{req} " if is_req else ""}{time}</b>{name}</span>'
        f'<span class="ui-vh">. {word}, {time} {name}</span></span>'
    )
