"""The settings of backups; part of the registry in `workflows.settings`. Where they lie is the operator's (BACKUP_URL)."""

from workflows.errors import N_
from workflows.setting_kinds import Entry, Group, Kind

GROUPS = (
    Group(
        "backups",
        "business",
        N_("Backups"),
        N_("When everything is backed up by itself, and how long backups are kept."),
    ),
)

ENTRIES = (
    Entry("backups.at", Kind.TIME, "02:15", "backups", N_("Back up each day at"), N_("A quiet hour is best. Empty: no backups are made by themselves, because you make them another way."), blank=True),
    Entry("backups.keep_daily", Kind.NUMBER, 7, "backups", N_("Keep daily backups (days)"), N_("The newest of each of the last days on which one was made."), least=1, most=365),
    Entry("backups.keep_weekly", Kind.NUMBER, 4, "backups", N_("Keep weekly backups (weeks)"), N_("Beside them, the newest of each of the last weeks."), least=0, most=260),
)  # fmt: skip
