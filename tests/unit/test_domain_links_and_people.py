"""Links prove themselves and nothing else; addresses are told apart from what only looks like one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.errors import BadLinkError, InvalidError
from shared.domain.links import MAX_LENGTH, LinkKeys, Purpose
from shared.domain.people import address_hash, address_problem, merge_properties, normalise_address
from shared.domain.responses import clean_comment, read_score

KEYS = LinkKeys("k2", {"k1": b"an old secret", "k2": b"the current secret"})
ALPHABET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.="


@given(st.text(max_size=60), st.sampled_from(list(Purpose)))
def test_given_a_link_then_it_is_read_back_for_its_purpose_alone(record_id: str, purpose: Purpose) -> None:
    token = KEYS.make(purpose, record_id)
    assert KEYS.read(purpose, token) == record_id
    for other in set(Purpose) - {purpose}:
        with pytest.raises(BadLinkError):
            KEYS.read(other, token)


def test_given_a_link_with_any_one_character_changed_then_it_is_none() -> None:
    token = KEYS.make(Purpose.SURVEY, "2fe40c6d1b95cc3aa260-171e7b40f7")
    changed = {token[:at] + new + token[at + 1 :] for at in range(len(token)) for new in ALPHABET if new != token[at]}
    shortened = {token[:at] + token[at + 1 :] for at in range(len(token))}
    lengthened = {token[:at] + new + token[at:] for at in range(len(token) + 1) for new in "A=."}
    accepted = [one for one in changed | shortened | (lengthened - {token}) if _is_read(one)]
    assert accepted == []


def _is_read(token: str) -> bool:
    try:
        KEYS.read(Purpose.SURVEY, token)
    except BadLinkError:
        return False
    return True


@given(st.text(max_size=MAX_LENGTH + 20))
def test_given_anything_else_then_it_is_a_bad_link_and_no_other_error(text: str) -> None:
    for token in (text, f"v1.{text}", f"v1.k2.{text}", f"v1.k1.cA.{text}"):
        assert not _is_read(token)


def test_given_a_rotated_secret_then_old_links_still_work_and_new_ones_use_the_new() -> None:
    old = LinkKeys("k1", {"k1": b"an old secret"}).make(Purpose.CASE, "c1")
    assert KEYS.read(Purpose.CASE, old) == "c1"
    assert KEYS.make(Purpose.CASE, "c1").startswith("v1.k2.")
    with pytest.raises(BadLinkError):
        LinkKeys("k2", {"k2": b"the current secret"}).read(Purpose.CASE, old)


def test_given_keys_then_printing_them_tells_no_secret() -> None:
    assert "secret" not in repr(KEYS)


@pytest.mark.parametrize(
    "address",
    [
        "a@example.com",
        "first.last+tag@sub.example.co",
        "o'neil@example.com",
        "x_y-z@example-one.com",
        "1@1.example.org",
        "a" * 64 + "@example.com",
        "!#$%&'*+/=?^_`{|}~-@example.com",
        "bounce+1@simulator.amazonses.com",
        "a@xn--bcher-kva.example",
    ],
)
def test_given_an_address_then_nothing_is_wrong_with_it(address: str) -> None:
    assert address_problem(address) is None


@pytest.mark.parametrize(
    "address",
    [
        "",
        "a",
        "@",
        "a@",
        "@example.com",
        "a@b",
        "a@@example.com",
        "a b@example.com",
        ".a@example.com",
        "a.@example.com",
        "a..b@example.com",
        "a@-example.com",
        "a@example-.com",
        "a@example..com",
        "a@example.com.",
        "a@.com",
        "a@exam_ple.com",
        '"a b"@example.com',
        "a@[192.0.2.1]",
        "ä@example.com",
        "a@exämple.com",
        "a@example.com\n",
        "a@example.com, b@example.com",
        "a" * 65 + "@example.com",
        "a@" + "b" * 250 + ".com",
        "<a@example.com>",
        "a@example.com\r\nBcc: b@example.com",
    ],
)
def test_given_what_only_looks_like_an_address_then_it_says_what_is_wrong(address: str) -> None:
    assert address_problem(address)


def test_given_two_spellings_then_one_address_and_in_each_project_another_name() -> None:
    assert normalise_address(" Ada@Example.COM ") == "ada@example.com"
    assert address_hash("acme", "ADA@example.com") == address_hash("acme", " ada@example.com")
    assert address_hash("acme", "ada@example.com") != address_hash("beta", "ada@example.com")


def test_given_properties_then_new_ones_lie_over_old_and_none_removes() -> None:
    assert merge_properties({"a": "1", "b": "2"}, {"b": None, "c": "3", "d": None, "a": ""}) == {"a": "", "c": "3"}


@pytest.mark.parametrize("value", [0, 10, "0", "10"])
def test_given_a_score_in_a_plain_spelling_then_it_is_read(value: str | int) -> None:
    assert read_score(value) == int(value)


@pytest.mark.parametrize("value", [None, "", True, False, 11, -1, "11", "07", "7.0", " 7", "٧", "seven"])
def test_given_anything_else_then_the_score_is_named_as_wrong(value: str | int | None) -> None:
    with pytest.raises(InvalidError) as caught:
        read_score(value)
    assert list(caught.value.fields) == ["score"]


@given(st.text(max_size=200))
def test_given_any_comment_then_what_is_kept_is_clean_and_cleaning_again_changes_nothing(text: str) -> None:
    kept = clean_comment(text)
    assert clean_comment(kept) == kept
    assert not any(ord(c) < 32 and c not in "\n\t" for c in kept)
    kept.encode()
