"""Keys of the archive, derived from `SECRET_KEY`: sealing, keyed hashes, one key of her own per subject.

Losing a subject's key erases her free text for good; the facts of the trial stay.
Source: decisions "Storage".
"""

from __future__ import annotations

import hashlib
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE = 12
_KEY = 32


class WrongKey(Exception):
    """Sealed with another key, or altered."""


class Seal:
    """Authenticated encryption (AES-256-GCM); the context binds a text to its place."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def seal(self, text: str | bytes, context: str) -> bytes:
        nonce = os.urandom(_NONCE)
        plain = text.encode() if isinstance(text, str) else text
        return nonce + self._cipher.encrypt(nonce, plain, context.encode())

    def open(self, sealed: bytes, context: str) -> bytes:
        """The text sealed in this context.

        Raises:
            WrongKey: another key or context, or altered bytes.
        """
        try:
            return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], context.encode())
        except InvalidTag as error:
            raise WrongKey(context) from error


class Keyring:
    """All keys of one installation.

    Raises:
        ValueError: there is no secret.
    """

    def __init__(self, secret_key: str) -> None:
        if not secret_key:
            raise ValueError("the archive needs a secret key")
        self._secret = secret_key.encode()
        self.machine = Seal(self._derive("machine"))
        self._wrap = Seal(self._derive("subject-keys"))
        self._index = self._derive("index")

    def lane(self, chat_id: int) -> str:
        """The keyed hash by which a chat is known: finds it, does not tell it."""
        return self._hash(f"chat:{chat_id}")

    def hash_code(self, code: str) -> str:
        """The keyed hash of a one-time code or session token."""
        return self._hash(f"code:{code}")

    def webhook_path(self) -> str:
        return "/telegram/" + self._hash("webhook-path")[:32]

    def webhook_secret(self) -> str:
        return self._hash("webhook-secret")

    def sign(self, text: str) -> str:
        return self._hash(f"anchor:{text}")

    def new_subject_key(self, subject: str) -> bytes:
        """A fresh random key, wrapped for the archive."""
        return self._wrap.seal(os.urandom(_KEY), f"subject:{subject}")

    def subject_seal(self, subject: str, wrapped: bytes) -> Seal:
        return Seal(self._wrap.open(wrapped, f"subject:{subject}"))

    def _hash(self, text: str) -> str:
        return hmac.new(self._index, text.encode(), hashlib.sha256).hexdigest()

    def _derive(self, purpose: str) -> bytes:
        return HKDF(
            algorithm=hashes.SHA256(), length=_KEY, salt=None, info=f"suifang:{purpose}".encode()
        ).derive(self._secret)
