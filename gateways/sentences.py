"""What people read about a payment that did not go as wished: whole sentences, without card data or vendor's words."""

from gateways.payments import N_, Answer

_BY_CODE = {
    "2001": N_("The bank declined this payment: there is not enough money in the account."),
    "2002": N_("The bank declined this payment: it is above the card's limit."),
    "2003": N_("The bank declined this payment: it is above the card's limit."),
    "2004": N_("This card has run out. Please use another one."),
    "2005": N_("The bank does not know this card. Please check its number or use another one."),
    "2006": N_("The card's last month is not right. Please check it or use another card."),
    "2010": N_("The card's security code is not right. Please check it or use another card."),
    "2061": N_("The bank account's details are not right. Please check them or use another account."),
    "2092": N_("The bank account could not be checked. Please use another account."),
    "cvv": N_("The card's security code is not right. Please check it or use another card."),
    "avs": N_("The postal code does not belong to this card. Please check it or use another card."),
    "avs_and_cvv": N_("The card's security code or postal code is not right. Please check them or use another card."),
    "three_d_secure": N_("The card's bank did not confirm this payment. Please try again or use another card."),
    "3000": N_("The bank could not be reached. Please try again in a few minutes."),
    "81715": N_("This card's number is not right. Please check it."),
    "91564": N_("The card was entered for a payment that is over. Please enter it again."),
    "91565": N_("The card was entered too long ago. Please enter it again."),
    "93107": N_("The card was entered for a payment that is over. Please enter it again."),
    "93108": N_("The card was entered too long ago. Please enter it again."),
    "91518": N_("This card or account is no longer kept. Please enter it again."),
    "915172": N_("This bank account is not confirmed yet."),
    "91506": N_("This payment has not settled yet; it can be given back whole, or in part in a day or two."),
    "91512": N_("This payment was given back already."),
    "91521": N_("That is more than what is left of this payment."),
    "91504": N_("It is too late to cancel this payment; it can be given back instead."),
    "915129": N_("It is too late to lower this payment; give a part of it back once it has settled."),
    "96103": N_("These are not the two amounts. Please look at the account's statement again."),
    "96104": N_("The amounts were wrong too often. Please add the account again."),
    "currency": N_("This gateway cannot charge in this currency."),
    "mismatch": N_("The bank took another amount than was ordered. We look into it; please do not pay again."),
    "http_404": N_("The gateway does not know this payment."),
    "off": N_("Online payments are switched off."),
}
_SALE = {
    Answer.SUCCEEDED: "",
    Answer.DECLINED: N_("The bank declined this payment. Please use another card or ask your bank."),
    Answer.REJECTED: N_("The payment could not be made like this. Please enter the card again or use another one."),
    Answer.NOT_SENT: N_(
        "Payments cannot be made at the moment. Nothing was charged; please try again in a few minutes."
    ),
    Answer.UNKNOWN: N_("We wait for the bank's answer. Please do not pay again; you will see here what came of it."),
}
_BACK = {
    Answer.SUCCEEDED: "",
    Answer.DECLINED: N_("The bank did not take the money back. Please give it back in another way."),
    Answer.REJECTED: N_("This payment cannot be given back like this."),
    Answer.NOT_SENT: N_(
        "The payment gateway cannot be reached. Nothing was given back; please try again in a few minutes."
    ),
    Answer.UNKNOWN: N_(
        "The gateway's answer is awaited. Do not give it back again; you will see here what came of it."
    ),
}
_STORE = {
    Answer.SUCCEEDED: "",
    Answer.DECLINED: N_("The bank declined this card. Please use another one or ask your bank."),
    Answer.REJECTED: N_("This could not be kept. Please enter it again or use another one."),
    Answer.NOT_SENT: N_("Cards cannot be added at the moment. Please try again in a few minutes."),
    Answer.UNKNOWN: N_(
        "It is not clear whether this was kept. Please look at the list, and enter it again if it is not there."
    ),
}
CANNOT_REACH = N_("The payment gateway cannot be reached at the moment. Please try again in a few minutes.")
KEYS_ARE_WRONG = N_(
    "The payment gateway does not accept the keys. Check the merchant id, the public and the private key."
)
WRONG_ACCOUNT = N_(
    "The payment gateway has no merchant account of that name for this currency. Check the merchant accounts."
)
REFUSED = N_("The payment gateway refused this.")


def about(answer: Answer, code: str = "") -> str:
    """What a payment came to; empty when all went well. UNKNOWN says the same whatever the code."""
    return _about(_SALE, answer, code)


def about_giving_back(answer: Answer, code: str = "") -> str:
    """The same for a refund, a reversal, or a lower amount; the office reads it."""
    return _about(_BACK, answer, code)


def about_keeping(answer: Answer, code: str = "") -> str:
    """The same for a card or a bank account that is to be kept."""
    return _about(_STORE, answer, code)


def _about(usual: dict[Answer, str], answer: Answer, code: str) -> str:
    told = {Answer.NOT_SENT: {"currency", "off"}, Answer.UNKNOWN: {"mismatch"}, Answer.SUCCEEDED: set[str]()}
    if answer in told and code not in told[answer]:
        return usual[answer]
    return _BY_CODE.get(code, usual[answer])
