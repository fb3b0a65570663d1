"""The platform's side of the callback envelope: AES-256-CBC with 32-byte padding and a SHA-1 signature (OD:90238)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import struct
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

PAD_BLOCK = 32
HEAD = 20  # 16 random bytes and the 4-byte length


def decode_key(aes_key: str) -> bytes:
    """The 32 key bytes of a 43-character EncodingAESKey, whose last character may carry stray bits."""
    return base64.b64decode(aes_key + "=")


def encrypt(data: bytes, key: bytes) -> bytes:
    """AES-256-CBC with the key's first 16 bytes as IV and PKCS#7 padding to 32 bytes."""
    pad = PAD_BLOCK - len(data) % PAD_BLOCK
    encryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    return encryptor.update(data + bytes([pad]) * pad) + encryptor.finalize()


def decrypt(data: bytes, key: bytes) -> bytes:
    """Undo `encrypt`; ValueError when length or padding is impossible."""
    decryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).decryptor()
    plain = decryptor.update(data) + decryptor.finalize()
    pad = plain[-1] if plain else 0
    if not 1 <= pad <= PAD_BLOCK or plain[-pad:] != bytes([pad]) * pad:
        raise ValueError("padding")
    return plain[:-pad]


@dataclass(frozen=True, slots=True)
class Envelope:
    """One receiver's Token, EncodingAESKey and receive id, as set in the console."""

    token: str
    aes_key: str
    receive_id: str

    def sign(self, timestamp: str, nonce: str, cipher: str) -> str:
        """SHA-1 in lowercase hex over the four strings in lexical order."""
        return hashlib.sha1("".join(sorted([self.token, timestamp, nonce, cipher])).encode()).hexdigest()

    def seal(self, message: bytes, random16: bytes) -> str:
        """The base64 ciphertext of 16 random bytes, the length, the message and the receive id."""
        plain = random16 + struct.pack(">I", len(message)) + message + self.receive_id.encode()
        return base64.b64encode(encrypt(plain, decode_key(self.aes_key))).decode()

    def open(self, cipher: str) -> bytes:
        """The message inside; ValueError when it is damaged or meant for another receiver."""
        try:
            plain = decrypt(base64.b64decode(cipher, validate=True), decode_key(self.aes_key))
        except binascii.Error as error:
            raise ValueError("base64") from error
        if len(plain) < HEAD:
            raise ValueError("too short")
        end = HEAD + struct.unpack(">I", plain[16:HEAD])[0]
        if plain[end:] != self.receive_id.encode():
            raise ValueError("receive id")
        return plain[HEAD:end]
