"""A passkey made of software: what a browser and an authenticator answer together, as WebAuthn level 3 says."""

import hashlib
import json
import secrets
import struct
from base64 import urlsafe_b64encode
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2 import cbor
from fido2.cose import ES256

PRESENT, VERIFIED, WITH_KEY = 0x01, 0x04, 0x40


def b64(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


class Passkey:
    """One credential for one host; `verified` says whether its owner showed a finger or a PIN."""

    def __init__(self, host: str = "testserver", *, verified: bool = True, origin: str = "") -> None:
        self.host, self.origin, self.flags = host, origin or f"https://{host}", PRESENT | (VERIFIED if verified else 0)
        self.key, self.id, self.handle = ec.generate_private_key(ec.SECP256R1()), secrets.token_bytes(16), ""

    def made(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Answer the question for a new passkey."""
        self.handle = asked["user"]["id"]
        public = cbor.encode(ES256.from_cryptography_key(self.key.public_key()))
        data = self._data(self.flags | WITH_KEY) + bytes(16) + struct.pack(">H", len(self.id)) + self.id + public
        attested = cbor.encode({"fmt": "none", "attStmt": {}, "authData": data})
        return self._answer("webauthn.create", asked, {"attestationObject": b64(attested)}) | {
            "clientExtensionResults": {"credProps": {"rk": True}}
        }

    def signed(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Answer the question for a passkey that is known."""
        data, told = self._data(self.flags), self._told("webauthn.get", asked)
        signature = self.key.sign(data + hashlib.sha256(told).digest(), ec.ECDSA(hashes.SHA256()))
        return self._answer("webauthn.get", asked, {"authenticatorData": b64(data), "signature": b64(signature), "userHandle": self.handle})

    def _data(self, flags: int) -> bytes:
        return hashlib.sha256(self.host.encode()).digest() + bytes([flags]) + bytes(4)

    def _told(self, kind: str, asked: dict[str, Any]) -> bytes:
        return json.dumps({"type": kind, "challenge": asked["challenge"], "origin": self.origin, "crossOrigin": False}).encode()

    def _answer(self, kind: str, asked: dict[str, Any], response: dict[str, Any]) -> dict[str, Any]:
        response |= {"clientDataJSON": b64(self._told(kind, asked))}
        return {"id": b64(self.id), "rawId": b64(self.id), "type": "public-key", "response": response, "clientExtensionResults": {}}
