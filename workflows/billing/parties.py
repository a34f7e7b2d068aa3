"""Who stands at the head of a billing paper: the business and the client, as they are now."""

from models import Client
from workflows import homes, people, settings
from workflows.billing.papers import PaperParty


def business_party() -> PaperParty:
    """The business as the settings say."""
    values = settings.read()
    address = tuple(line.strip() for line in values["business.address"].splitlines() if line.strip())
    return PaperParty(
        name=values["business.name"],
        address=address,
        email=values["business.email"],
        phone=values["business.phone"],
        tax_number=values["tax.number"],
    )


def client_party(client: Client) -> PaperParty:
    """The household that pays."""
    lines = (client.address_line1, client.address_line2, homes.town_line(client))
    return PaperParty(
        name=str(client),
        address=tuple(line.strip() for line in lines if line.strip()),
        account_number=client.account_number_grouped,
        email=client.email or "",
        phone=people.show_phone(client.phone, region=people.region()),
        tax_number=client.tax_number,
    )
