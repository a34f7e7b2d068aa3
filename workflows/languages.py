"""The language that a person reads the pages in: their own choice, else the business's.

It goes with a log-in, so two people of one household may choose differently. With it go dates, times and figures; the
currency is the business's. Mails, PDFs and calendars stay in the business's language: they are read by others too.
"""

from babel import Locale

from models import Realm
from workflows import activity, settings, sign_ins
from workflows.actors import Actor
from workflows.errors import N_, Invalid, NotAllowed
from workflows.sign_ins import Login

#: languages whose texts come with Latchkey; `tests/languages` compares them with the catalogues
SHIPPED = ("en", "de")


def name_of(code: str) -> str:
    """`Deutsch (Deutschland)`: in its own language, for whoever may not read the one that is set."""
    return Locale.parse(code).get_display_name() or code


def offered() -> list[tuple[str, str]]:
    """What can be chosen: (code, name in its own language), only languages that the pages exist in."""
    return [(code, name_of(code)) for code in settings.LOCALES if code.partition("_")[0] in SHIPPED]


def are_offered(realm: Realm) -> bool:
    """May people of this realm choose? The team always; clients where the portal's switch is on."""
    return realm is Realm.STAFF or bool(settings.read()["portal.languages"])


def may_choose(login: Login) -> bool:
    """The same of somebody."""
    return are_offered(sign_ins.realm_of(login))


def own(login: Login) -> str | None:
    """What this person chose and may still have; None means the business's language. No query."""
    chosen = login.locale
    if not chosen or chosen not in settings.LOCALES or chosen.partition("_")[0] not in SHIPPED:
        return None
    return chosen if may_choose(login) else None


def choose(login: Login, code: str, *, actor: Actor) -> None:
    """Show this person the pages in that language from now on, "" for the business's. Logged when it changes.

    Refused: anybody but the log-in's owner, or where the portal's switch is off (NotAllowed); a language that is not
    offered (Invalid).
    """
    if actor != sign_ins.person(login) or not may_choose(login):
        raise NotAllowed("not_own", N_("Only the person whose log-in it is can do this."))
    if code and code not in dict(offered()):
        raise Invalid("no_language", N_("Choose one of the languages of the list."), field="locale")
    if (login.locale or "") != code:
        login.locale = code or None
        activity.record(
            "access.language_chosen", actor=actor, subject=login, client=sign_ins.client_of(login), locale=code
        )
