"""What the tests of getting in share: coming in, and being found again."""

from foundation.twins import attached
from models import Realm
from tests.factories import PASSWORD
from workflows import access, sign_ins
from workflows.sign_ins import Browser

KEY = "k" * 40
HOME, CAFE = "192.0.2.1", "198.51.100.7"


def log_in(name, password=PASSWORD, *, realm=Realm.CLIENT, address=HOME):
    return access.log_in(realm, name, password, browser=Browser(address))


def found(opened, realm=None):
    """What a browser that holds this secret is."""
    read = sign_ins.find_sign_in(realm or opened.sign_in.realm, opened.token)
    return attached(read) if read is not None else None
