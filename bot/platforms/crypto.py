"""The envelope of callbacks: WeCom's for the app and 客户联系 (OD:90238), and DingTalk's for events, which is the same.

wechatpy signs, seals and deciphers. Its cipher is made once per receiver, which takes a third off the time of opening
(half a kilobyte: 7 µs against 11). What it leaves open is done here: the signature is compared in constant time,
padding and length are checked, so that a malformed text is told from one for another receiver, and the random head of a
sealed text comes from `secrets`.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
import struct
from dataclasses import dataclass

from wechatpy.enterprise.crypto import PrpCrypto
from wechatpy.utils import WeChatSigner

from bot.platforms.base import Rejected

_PAD_BLOCK = 32
_HEAD = 20  # 16 random bytes and the length of the text as 4 bytes


@dataclass(frozen=True, slots=True)
class Sealed:
    """An encrypted answer: base64 ciphertext, its signature, and the timestamp and nonce signed with it."""

    encrypt: str
    signature: str
    timestamp: str
    nonce: str


class _Crypto(PrpCrypto):  # type: ignore[misc]  # wechatpy has no types
    """wechatpy's cipher with an unpredictable head: it is all that makes two equal texts encrypt differently."""

    def get_random_string(self) -> str:
        return secrets.token_hex(8)


def decode_key(aes_key: str) -> bytes:
    """The 32 bytes of a 43-character EncodingAESKey; its last character may carry stray bits. Raises ValueError."""
    try:
        key = base64.b64decode(aes_key + "=")
    except binascii.Error as error:
        raise ValueError("EncodingAESKey is 43 characters of A-Z, a-z, 0-9") from error
    if len(aes_key) != 43 or len(key) != 32:
        raise ValueError("EncodingAESKey is 43 characters of A-Z, a-z, 0-9")
    return key


class Envelope:
    """One receiver's token, key and receive id (WeCom: corp id; DingTalk: client id)."""

    def __init__(self, token: str, aes_key: str, receiver: str) -> None:
        self._token, self._receiver = token, receiver
        self._crypto = _Crypto(decode_key(aes_key))

    def sign(self, timestamp: str, nonce: str, cipher: str) -> str:
        """SHA-1 in lower-case hex over token, timestamp, nonce and ciphertext, sorted and joined."""
        signer = WeChatSigner()
        signer.add_data(self._token, timestamp, nonce, cipher)
        return str(signer.signature)

    def check(self, signature: str, timestamp: str, nonce: str, cipher: str) -> None:
        """Raises Rejected(403) unless the platform signed this."""
        try:
            expected = self.sign(timestamp, nonce, cipher)
        except UnicodeEncodeError as error:
            raise Rejected(403, "signature") from error
        if not hmac.compare_digest(expected.encode(), signature.encode(errors="replace")):
            raise Rejected(403, "signature")

    def open(self, signature: str, timestamp: str, nonce: str, cipher: str) -> str:
        """The text inside. Raises Rejected: 403 when forged or for another receiver, 400 when signed but broken."""
        self.check(signature, timestamp, nonce, cipher)
        try:
            text, receiver = _divide(self._crypto.cipher.decrypt(base64.b64decode(cipher)))
        except ValueError as error:  # also binascii.Error and UnicodeDecodeError
            raise Rejected(400, f"ciphertext: {type(error).__name__}") from error
        if receiver != self._receiver.encode():
            raise Rejected(403, "receiver")
        return text

    def seal(self, text: str, timestamp: str, nonce: str) -> Sealed:
        """The text encrypted and signed, for an answer that the platform opens."""
        cipher = self._crypto.encrypt(text, self._receiver).decode()
        return Sealed(cipher, self.sign(timestamp, nonce, cipher), timestamp, nonce)


def _divide(plain: bytes) -> tuple[str, bytes]:
    """Text and receive id of a deciphered block: random head, length, text, receive id, PKCS#7 padding to 32."""
    pad = plain[-1] if plain else 0
    if not 1 <= pad <= _PAD_BLOCK or len(plain) < _HEAD + pad or plain[-pad:] != bytes([pad]) * pad:
        raise ValueError("padding")
    end = _HEAD + int(struct.unpack(">I", plain[16:_HEAD])[0])
    if end > len(plain) - pad:
        raise ValueError("length")
    return plain[_HEAD:end].decode(), plain[end:-pad]
