"""Tokens that nobody's library would make: each is refused, and none is a fault of ours."""

import base64
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import RSAKey

from desk.access.oidc import tokens
from desk.access.oidc.tokens import NotProven, UnknownKey

NOW = datetime(2026, 1, 14, 6, 0, tzinfo=UTC)
KEY = RSAKey.generate_key(2048, {"kid": "k", "use": "sig"}, private=True)
PUBLIC = tokens.keys_in({"keys": [{**KEY.as_dict(private=False), "kid": "k"}]})
GOOD = {
    "iss": "https://sign-in.example", "aud": "desk", "sub": "person", "nonce": "n", "iat": NOW.timestamp() - 5,
    "exp": NOW.timestamp() + 60,
}  # fmt: skip
FOR = {"issuer": "https://sign-in.example", "client_id": "desk", "now": NOW}
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _read(raw: object) -> object:
    return tokens.id_token(raw, PUBLIC, nonce="n", access_token=None, **FOR)  # type: ignore[arg-type]


def test_a_good_one_is_believed() -> None:
    token = jwt.encode({"alg": "RS256", "kid": "k"}, dict(GOOD), KEY)
    assert _read(token)["sub"] == "person"  # type: ignore[index]


@given(name=st.sampled_from([*GOOD, "azp", "at_hash", "amr", "auth_time", "nbf"]), value=_JSON)
def test_whatever_stands_in_a_claim_it_is_believed_or_refused(name: str, value: object) -> None:
    token = jwt.encode({"alg": "RS256", "kid": "k"}, {**GOOD, name: value}, KEY)
    try:
        found = _read(token)
    except NotProven:
        return
    assert value == GOOD.get(name) or name not in {"iss", "nonce"}
    assert found


@given(header=_JSON | st.dictionaries(st.sampled_from(["alg", "kid", "crit", "jwk", "b64", "typ", "zip"]), _JSON))
def test_whatever_stands_in_the_header_nothing_is_believed(header: object) -> None:
    raw = f"{_b64(json.dumps(header).encode())}.{_b64(json.dumps(GOOD).encode())}.{_b64(b'x' * 256)}"
    with pytest.raises((NotProven, UnknownKey)):
        _read(raw)


@pytest.mark.parametrize("raw", [
    None, 7, "", ".", "..", "a.b.c", "é.é.é", "x" * 70_000, "." * 5_000, f"{_b64(b'[' * 380)}.x.y",
    f"{_b64(b'[' * 20_000)}.x.y",
])  # fmt: skip
def test_what_is_no_token_is_refused(raw: object) -> None:
    with pytest.raises(NotProven):
        _read(raw)


@pytest.mark.parametrize("document", [
    {}, {"keys": None}, {"keys": {}}, {"keys": [None, 7, {}, {"kty": 5}, {"kty": "RSA"}]},
    {"keys": [{"kty": "RSA", "n": 5, "e": []}]},
    {"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}, {"keys": [{"kty": "EC", "crv": "P-999", "x": "", "y": ""}]},
    {"keys": [{**KEY.as_dict(private=False), "use": "enc"}]},
])  # fmt: skip
def test_a_set_without_a_key_for_signatures_has_none(document: dict[str, object]) -> None:
    assert tokens.keys_in(document) == []


def test_a_token_that_names_no_key_is_believed_only_where_there_is_one() -> None:
    other = RSAKey.generate_key(2048, {"kid": "other"}, private=True)
    token = jwt.encode({"alg": "RS256"}, dict(GOOD), KEY)
    assert _read(token)
    two = [*PUBLIC, *tokens.keys_in({"keys": [other.as_dict(private=False)]})]
    with pytest.raises(UnknownKey):
        tokens.id_token(token, two, nonce="n", access_token=None, **FOR)  # type: ignore[arg-type]
