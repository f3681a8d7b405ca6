"""What proves that a webhook comes from Shopify: its signature over the raw bytes of the body (FACTS §7)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable

SIGNATURE_LENGTH = 44  # base64 of a SHA-256


def signature(secret: bytes, body: bytes) -> bytes:
    """The value of X-Shopify-Hmac-Sha256 for a body."""
    return base64.b64encode(hmac.digest(secret, body, hashlib.sha256))


def is_signed(body: bytes, given: bytes, secrets: Iterable[bytes]) -> bool:
    """Whether one of these secrets signed the body; takes as long for each, whichever it was.

    What is compared is the text of the signature: as base64 ignores bits of its last letter, comparing what it stands
    for would let other texts pass.
    """
    found = False
    for secret in secrets:
        found |= hmac.compare_digest(signature(secret, body), given)
    return found
