"""The pages of settings, in the order of their tabs; a group of the registry says on which one it stands."""

from workflows.errors import N_

PAGES = {
    "business": N_("Business profile"),
    "billing": N_("Invoices and tax"),
    "portal": N_("Portal settings"),
    "team": N_("Team"),
}
