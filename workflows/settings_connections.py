"""The settings about other programs; part of the registry in `workflows.settings`."""

from workflows.errors import N_
from workflows.setting_kinds import Entry, Group, Kind

GROUPS = (
    Group("connections", "business", N_("Other programs"), N_("Calendars, accounting, your web site: what is connected stands under Connections.")),
)  # fmt: skip

ENTRIES = (
    Entry("api.on", Kind.SWITCH, False, "connections", N_("Other programs may connect"), N_("With tokens that team members make for themselves, and web hooks that owners add. Off: every address of the API answers 404, and nothing is sent to web hooks.")),
)  # fmt: skip
