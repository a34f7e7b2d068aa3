"""The settings about reminding of invoices; part of the registry in `workflows.settings`."""

from workflows.errors import N_, Invalid
from workflows.setting_kinds import Entry, Group, Kind

#: more would be pestering
MOST_STEPS = 6


def steps(text: str) -> list[int]:
    """Days after the due date on which reminders go out, ascending; Invalid when the text is no list of days."""
    try:
        days = [int(part) for part in text.replace(";", ",").split(",") if part.strip()]
    except ValueError as problem:
        raise Invalid("reminder_days", _WHAT) from problem
    if len(days) > MOST_STEPS or any(not 0 <= day <= 365 for day in days) or days != sorted(set(days)):
        raise Invalid("reminder_days", _WHAT)
    return days


_WHAT = N_("Enter up to six numbers of days in rising order, with commas: 3, 10, 21.")


def _check(value: str) -> None:
    steps(value)


GROUPS = (
    Group("reminders", "billing", N_("Reminders"), N_("Invoices that are overdue are brought back to mind by mail.")),
)

ENTRIES = (
    Entry("reminders.on", Kind.SWITCH, False, "reminders", N_("Remind of overdue invoices"), N_("Each morning, clients whose invoices have reached one of the days below get one mail about all of them. Off: you send reminders by hand.")),
    Entry("reminders.days", Kind.TEXT, "3, 10, 21", "reminders", N_("Days after the due date"), N_("When the first, second and further reminders go out."), max_length=40, check=_check),
    Entry("reminders.text", Kind.LONG_TEXT, "", "reminders", N_("Words in reminders"), N_("Added to the mail, for example how to reach you."), blank=True, max_length=1000),
)  # fmt: skip
