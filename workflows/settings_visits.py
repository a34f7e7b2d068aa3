"""The settings about visits, report cards, keys and time off; part of the registry in `workflows.settings`."""

from email_validator import EmailNotValidError, validate_email

from workflows.errors import N_, Invalid
from workflows.setting_kinds import Entry, Group, Kind


def _email(value: str) -> None:
    try:
        validate_email(value, check_deliverability=False)
    except EmailNotValidError as problem:
        raise Invalid("setting_email", N_("Enter a full mail address, for example office@example.com.")) from problem


GROUPS = (
    Group("visits", "team", N_("At the visit"), N_("What sitters tap on their phones, and what follows from it.")),
    Group(
        "alerts", "team", N_("Alerts"), N_("What HOME and the admin inbox warn you of. Empty switches a warning off.")
    ),
    Group("reports", "team", N_("Report cards"), N_("What sitters tell clients about a visit.")),
    Group("keys", "team", N_("Keys"), N_("When a missing key is pointed out.")),
    Group("time_off", "team", N_("Time off"), N_("Who hears of it when a sitter asks for days off.")),
)

ENTRIES = (
    Entry("visits.acknowledge_on_check_in", Kind.SWITCH, True, "visits", N_("Checking in acknowledges"), N_("A visit that the sitter checks in to counts as read.")),
    Entry("visits.complete_on_check_out", Kind.SWITCH, True, "visits", N_("Checking out completes"), N_("Off: after checking out the sitter taps Complete as well.")),
    Entry("visits.check_in_hours", Kind.NUMBER, 2, "visits", N_("Check-in opens (hours before)"), N_("How long before its time a sitter can check in to a visit. Empty: at any time of its day."), blank=True, least=0, most=24),
    Entry("alerts.unacknowledged_hours", Kind.NUMBER, 12, "alerts", N_("Not acknowledged (hours before)"), N_("The sitter has not said that they read it, this long before it begins."), blank=True, least=1, most=168),
    Entry("alerts.late_minutes", Kind.NUMBER, 15, "alerts", N_("Late (minutes)"), N_("Nobody has checked in this long after the visit should have begun, or after its time block ended."), blank=True, least=1, most=600),
    Entry("alerts.overdue_minutes", Kind.NUMBER, 30, "alerts", N_("Overdue (minutes)"), N_("Nobody has checked out this long after the visit should have ended."), blank=True, least=1, most=600),
    Entry("alerts.short_percent", Kind.NUMBER, 75, "alerts", N_("Too short (percent)"), N_("The sitter was there for less than this part of the visit's minutes."), blank=True, least=1, most=100),
    Entry("alerts.far_metres", Kind.NUMBER, 300, "alerts", N_("Far away (metres)"), N_("Checked in or out further than this from the client's home, as far as both places are known."), blank=True, least=20, most=100000),
    Entry("alerts.no_place", Kind.SWITCH, False, "alerts", N_("Without a place"), N_("Checked in or out without a place.")),
    Entry("alerts.day_ends", Kind.TIME, "21:00", "alerts", N_("Day is over at"), N_("Visits of the day that are not completed by then are pointed out."), blank=True),
    Entry("alerts.mail", Kind.SWITCH, True, "alerts", N_("Mail warnings"), N_("Each warning is mailed once to the admin inbox or else the owners. HOME shows it either way.")),
    Entry("reports.on", Kind.SWITCH, True, "reports", N_("Sitters write report cards"), N_("Off: the pages are gone, in the portal too.")),
    Entry("reports.needed", Kind.SWITCH, False, "reports", N_("No visit is completed without one"), N_("A sitter sends the report card first, then completes the visit.")),
    Entry("reports.mail", Kind.SWITCH, True, "reports", N_("Mail report cards to clients"), N_("As soon as the sitter sends one. Off: clients read them in the portal alone.")),
    Entry("keys.expect_always", Kind.SWITCH, False, "keys", N_("A key of every client is expected"), N_("Clients without any key on record count as missing one too, but for those whose card says that none is needed. Off: only clients who have keys.")),
    Entry("keys.days", Kind.NUMBER, 3, "keys", N_("Look ahead (days)"), N_("HOME and sitters are told which keys are needed in that many days."), least=1, most=60),
    Entry("time_off.inbox", Kind.TEXT, "", "time_off", N_("Vacation alert mail address"), N_("Gets a mail when a sitter asks for time off. Empty: the admin inbox, or else the owners."), blank=True, check=_email),
    Entry("portal.show_checks", Kind.SWITCH, True, "pages", N_("Check-in and check-out times"), N_("Clients see on their visits when the sitter came and left. Off: you still see it.")),
    Entry("portal.show_place", Kind.SWITCH, False, "pages", N_("Place of check-in and check-out"), N_("Clients see on a map where that was. Only with the times.")),
    Entry("portal.report_cards", Kind.SWITCH, True, "pages", N_("Report cards"), N_("Clients read the report cards of their visits, old ones too, and can say thanks. Off: the pages answer 404.")),
)  # fmt: skip
