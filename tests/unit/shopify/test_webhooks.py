"""Signatures of webhooks: the raw bytes, any of the secrets, and no second spelling."""

from __future__ import annotations

import base64
import hashlib
import hmac

from hypothesis import given
from hypothesis import strategies as st

from shoptide.shopify.webhooks import is_signed, signature

SECRETS = (b"new-secret", b"old-secret")
ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def test_a_signature_is_what_shopify_documents() -> None:
    """Base64 of the HMAC-SHA256 of the raw body."""
    body = b'{"id":1}'
    assert signature(b"s", body) == base64.b64encode(hmac.new(b"s", body, hashlib.sha256).digest())


def test_either_secret_will_do_while_one_replaces_the_other() -> None:
    """During a rotation deliveries come signed by the old and by the new one."""
    for secret in SECRETS:
        assert is_signed(b"body", signature(secret, b"body"), SECRETS)
    assert not is_signed(b"body", signature(b"another", b"body"), SECRETS)
    assert not is_signed(b"body", signature(b"new-secret", b"body"), ())


def test_another_spelling_of_the_same_signature_is_refused() -> None:
    """The last letter of base64 has two bits that stand for nothing: decoded, three other texts would be equal."""
    good = signature(b"new-secret", b"body")
    place = ALPHABET.index(good[42])
    twins = [good[:42] + ALPHABET[other : other + 1] + b"=" for other in range(64) if other // 4 == place // 4]
    assert all(base64.b64decode(twin) == base64.b64decode(good) for twin in twins)
    assert [is_signed(b"body", twin, SECRETS) for twin in twins].count(True) == 1


@given(st.binary(max_size=64), st.integers(0, 63), st.integers(1, 255))
def test_no_changed_byte_passes(body: bytes, place: int, change: int) -> None:
    """Any other byte anywhere in body or signature is another message."""
    good = signature(b"new-secret", body)
    spoilt = bytearray(good)
    spoilt[place % len(spoilt)] ^= change
    assert not is_signed(body, bytes(spoilt), SECRETS)
    if body:
        other = bytearray(body)
        other[place % len(other)] ^= change
        assert not is_signed(bytes(other), good, SECRETS)
