"""The kinds of files that can be brought in, in the order in which an office does it best."""

from models import ImportKind
from workflows.importing.balances import BalanceKind
from workflows.importing.catalogue_files import ServiceKind, VetKind
from workflows.importing.clients import ClientKind
from workflows.importing.household import ContactKind, PetKind
from workflows.importing.keys_file import KeyKind
from workflows.importing.kind import Kind
from workflows.importing.price_rules_file import PriceRuleKind
from workflows.importing.repeats_file import RepeatKind
from workflows.importing.visits import VisitKind

KINDS: dict[ImportKind, type[Kind]] = {
    kind.kind: kind
    for kind in (
        ClientKind,
        ContactKind,
        VetKind,
        PetKind,
        ServiceKind,
        PriceRuleKind,
        RepeatKind,
        VisitKind,
        BalanceKind,
        KeyKind,
    )
}
