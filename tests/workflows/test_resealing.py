"""A new key in front: everything that is sealed opens with it alone afterwards, and works as before."""

import pytest

from foundation import sealing
from foundation.db import db
from models import Authenticator, FieldProposal, FieldValue
from tests import factories as make
from workflows import resealing


@pytest.fixture
def keys(app):
    """(older, newer); the app's own are back afterwards."""
    yield sealing.new_key(), sealing.new_key()
    sealing.use_keys(app.config["FIELD_KEYS"])


@pytest.mark.covers("D1", "A4")
def test_everything_opens_with_the_newest_key_alone(cast, keys):
    older, newer = keys
    sealing.use_keys([older])
    generator = make.authenticator(make.staff_login(cast.olivia), sealed=sealing.seal("JBSWY3DP"))
    value = make.field_value(client=cast.alice, sealed=sealing.seal("1234"))
    plain = make.field_value(client=cast.bob, text="gAAAA but not sealed")
    proposal = make.field_proposal(client=cast.alice, facts={"old": None, "new": {"sealed": sealing.seal("5678")}})
    version = proposal.version
    sealing.use_keys([newer, older])
    assert resealing.reseal_all() == (3, 0)
    db.session.commit()
    db.session.expire_all()
    sealing.use_keys([newer])
    assert sealing.unseal(db.session.get(Authenticator, generator.id).sealed) == "JBSWY3DP"
    assert sealing.unseal(db.session.get(FieldValue, value.id).sealed) == "1234"
    assert sealing.unseal(db.session.get(FieldProposal, proposal.id).facts["new"]["sealed"]) == "5678"
    assert (plain.text, proposal.version) == ("gAAAA but not sealed", version)
    assert resealing.reseal_all() == (3, 0)


def test_what_no_key_opens_is_left_and_counted(cast, keys):
    older, newer = keys
    sealing.use_keys([older])
    generator = make.authenticator(make.staff_login(cast.olivia), sealed=(sealed := sealing.seal("JBSWY3DP")))
    sealing.use_keys([newer])
    assert resealing.reseal_all() == (0, 1)
    db.session.expire_all()
    assert generator.sealed == sealed


def test_the_command_says_what_it_did(app, cast):
    make.authenticator(make.staff_login(cast.olivia), sealed=sealing.seal("JBSWY3DP"))
    db.session.commit()
    done = app.test_cli_runner().invoke(args=["field-keys", "reseal"])
    assert (done.exit_code, done.output) == (0, "1 secrets are sealed with the newest key.\n")
