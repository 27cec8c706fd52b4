"""Signed links: one purpose, one escalation, one role, until an instant; and nothing else gets through."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import Signer

from desk.notices.links import BadLink, Link, Reason, read, sign

OLD, NEW, STRANGE = ("o" * 40, "n" * 40, "s" * 40)
ESCALATION = UUID("6f9b1c52-4f0d-5c7c-9b7e-0d1f2a3b4c5d")
NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=7)


def token(keys: tuple[str, ...] = (NEW,), role: str = "duty-manager", expires: datetime = LATER) -> str:
    return sign(keys, ESCALATION, role, expires)


def test_a_good_link_names_its_escalation_its_role_and_its_end() -> None:
    assert read([NEW], token(), NOW) == Link(ESCALATION, "duty-manager", LATER)


def test_a_link_read_twice_says_the_same_so_that_a_replay_is_harmless() -> None:
    assert read([NEW], token(), NOW) == read([NEW], token(), NOW + timedelta(days=1))


def test_a_link_needs_no_quoting_in_an_address_and_ends_in_a_sign_that_mail_programs_keep() -> None:
    made = token()
    assert set(made) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")
    assert made[-1].isalnum()
    assert len(token(role="r" * 40)) < 140


def test_the_newest_key_signs_and_all_keys_are_read() -> None:
    both = (NEW, OLD)
    assert read([NEW], token(both), NOW) == read(both, token(both), NOW)
    assert isinstance(read(both, token((OLD,)), NOW), Link)
    assert read([OLD], token(both), NOW) == BadLink(Reason.NOT_OURS)


def test_a_link_signed_with_a_key_that_was_taken_away_is_not_ours() -> None:
    assert read([NEW], token((OLD,)), NOW) == BadLink(Reason.NOT_OURS)


@pytest.mark.parametrize("seconds", [0, 1, 86_400])
def test_a_link_has_expired_from_its_instant_on(seconds: int) -> None:
    assert isinstance(read([NEW], token(), LATER - timedelta(seconds=1)), Link)
    assert read([NEW], token(), LATER + timedelta(seconds=seconds)) == BadLink(Reason.EXPIRED)


def test_an_expired_link_of_a_stranger_is_not_ours_rather_than_expired() -> None:
    assert read([NEW], token((STRANGE,)), LATER) == BadLink(Reason.NOT_OURS)


def test_a_forged_link_is_not_ours() -> None:
    assert read([NEW], token((STRANGE,)), NOW) == BadLink(Reason.NOT_OURS)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("duty-manager", "head-of-desk"),
        (ESCALATION.hex, UUID(int=1).hex),
        (str(int(LATER.timestamp())), str(int(LATER.timestamp()) + 1)),
    ],
)
def test_a_link_whose_role_escalation_or_end_was_changed_is_not_ours(old: str, new: str) -> None:
    assert read([NEW], token().replace(old, new), NOW) == BadLink(Reason.NOT_OURS)


@pytest.mark.parametrize("purpose", ["resolve", "decline", "session", "acknowledg", "itsdangerous.Signer"])
def test_a_link_signed_for_another_purpose_with_our_own_key_is_not_ours(purpose: str) -> None:
    said = token().rpartition(".")[0]
    other = Signer([NEW], salt=purpose, key_derivation="hmac", digest_method=sha256).sign(said).decode()
    assert read([NEW], other, NOW) == BadLink(Reason.NOT_OURS)


@given(st.integers(min_value=0, max_value=120))
def test_a_link_cut_off_anywhere_is_incomplete(length: int) -> None:
    made = token()
    assert read([NEW], made[: min(length, len(made) - 1)], NOW) == BadLink(Reason.INCOMPLETE)


@given(st.text(max_size=200))
def test_no_other_text_is_a_link(text: str) -> None:
    assert isinstance(read([NEW], text, NOW), BadLink)


@given(st.integers(min_value=0, max_value=10_000), st.sampled_from("abcXYZ019-_."))
def test_a_link_with_one_sign_changed_is_never_a_link(place: int, sign_: str) -> None:
    made = token()
    at = place % len(made)
    changed = made[:at] + sign_ + made[at + 1 :]
    # The last sign of 256 bits in base64 has two bits that no decoder reads.
    if changed != made and at != len(made) - 1:
        assert isinstance(read([NEW], changed, NOW), BadLink)


def test_a_signature_over_something_that_is_no_link_is_refused() -> None:
    ours = Signer([NEW], salt="acknowledge", key_derivation="hmac", digest_method=sha256)
    assert read([NEW], ours.sign("anything").decode(), NOW) == BadLink(Reason.INCOMPLETE)


@pytest.mark.parametrize("keys", [(), ("short",), (NEW, "short")])
def test_links_are_not_made_or_read_without_sound_keys(keys: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="at least 32 characters"):
        token(keys)
    with pytest.raises(ValueError, match="at least 32 characters"):
        read(keys, token(), NOW)


@pytest.mark.parametrize("role", ["", "Duty Manager", "duty.manager", "a" * 41, "duty\n"])
def test_what_is_no_role_gets_no_link(role: str) -> None:
    with pytest.raises(ValueError, match="is no role"):
        token(role=role)


def test_an_end_without_an_offset_names_no_instant() -> None:
    with pytest.raises(ValueError, match="names no instant"):
        token(expires=datetime(2026, 11, 30))  # noqa: DTZ001
