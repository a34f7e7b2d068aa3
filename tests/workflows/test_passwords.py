"""Passwords that are guessed first, by the list and by the words around a log-in."""

import time

import pytest

from tests import factories as make
from workflows import login_links, settings
from workflows.actors import COMMAND_LINE
from workflows.errors import Invalid
from workflows.passwords import is_common, words_of


@pytest.mark.parametrize(
    "password",
    [
        "password", "PassWord1", "iloveyou", "sunshine", "trustno1", "Biscuit2026", "!summer99", "rosebud!", "p@ssw0rd", "sup3rman",
        "12345678", "87654321", "qwertyuiop", "asdfghjkl", "lkjhgfdsa", "abcdefgh", "123123123", "abababababab", "zzzzzzzz",
        "PetSitter", "dogwalker1", "Latchkey!",
    ],
)  # fmt: skip
def test_password_that_is_guessed_first_is_common(password):
    assert is_common(password)


@pytest.mark.parametrize(
    "password",
    [
        "leash and biscuit", "correct horse battery staple", "fluffy-walks-at-noon", "w? x, 7u", "ключ под ковриком", "x" * 198 + "yz",
        "7391064825", "sunshine in 27 rooms", "1990-07-31 14:55",
    ],
)  # fmt: skip
def test_other_passwords_are_welcome_whatever_signs_they_have(password):
    assert not is_common(password, ["Happy Paws", "alice@example.com"])


@pytest.mark.parametrize(
    "password", ["happypaws", "Happy Paws 1", "alice@example.com", "!!Reed_Alice7", "Mochi-Mochi", "m0ch1-m0ch1"]
)
def test_words_around_the_log_in_are_common_in_any_spelling(password):
    words = ["Happy Paws", "alice@example.com", "ReedAlice", "MochiMochi"]
    assert is_common(password, words)
    assert not is_common(password, ["Another", "Word"])


def test_words_of_a_client_are_names_pets_number_and_business(app, cast):
    settings.change({"business.name": "Happy Paws"}, actor=COMMAND_LINE)
    login = make.client_login(cast.alice)
    words = words_of(login)
    assert {
        "Happy Paws",
        cast.alice.first_name,
        cast.alice.account_number,
        "Biscuit",
        login.email,
        login.email.split("@")[0],
    } <= set(words)
    assert words_of(None) == ["Happy Paws"]


@pytest.mark.parametrize("password", ["biscuit & mochi", "Happy Paws 24"])
def test_client_is_told_in_plain_words(app, cast, password):
    settings.change({"business.name": "Happy Paws"}, actor=COMMAND_LINE)
    login = make.client_login(cast.alice)
    cast.biscuit.name = "Biscuit & Mochi"
    with pytest.raises(Invalid) as refusal:
        login_links.set_password(login, password, serial=login.link_serial)
    assert (refusal.value.code, refusal.value.field) == ("password_common", "password")
    assert "among the first that are guessed" in refusal.value.message
    login_links.set_password(login, f"{password} and the postman", serial=login.link_serial)


def test_staff_may_not_take_their_own_name(app, cast):
    login = make.staff_login(cast.olivia)
    with pytest.raises(Invalid):
        login_links.set_password(login, f"{cast.olivia.first_name}{cast.olivia.last_name}1", serial=login.link_serial)


def test_no_password_keeps_the_check_busy():
    """An estimator of strength needs seconds for this one, while others wait."""
    is_common("password")
    begun = time.process_time()
    for _ in range(20):
        assert not is_common("4@8({[</369&#!1/|0$5+7%2" * 8, ["Happy Paws"] * 20)
    assert time.process_time() - begun < 10
