"""Webhooks as https://www.standardwebhooks.com describes them: an id, a timestamp, a signature, one event."""

import base64
import hmac
import http.client
import json
import socket
import ssl
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256

from coordination.operations.addresses import AddressRefused, Target, resolve
from coordination.operations.outbox import Delivery, DeliveryError

LONGEST = 10.0  # seconds for everything from the connection to the answer's status
LARGEST_ANSWER = 64 * 1024  # bytes; what a receiver says besides its status is of no interest
GONE = 410


@dataclass(frozen=True)
class WebhookChannel:
    """Posts to the delivery's URL. `allow_private` opens loopback and private networks, for receivers next door."""

    allow_private: bool = False
    longest: float = LONGEST

    def send(self, delivery: Delivery) -> None:
        target = self._target(delivery.url)
        body = json.dumps({"type": delivery.kind, "timestamp": delivery.at, "data": delivery.data}, ensure_ascii=False).encode()
        status = _post(target, body, signed_headers(delivery, body, int(time.time())), self.longest)
        if status == GONE:
            raise DeliveryError("The receiver answered 410 Gone.", gone=True)
        if not 200 <= status < 300:
            raise DeliveryError(f"The receiver answered {status}." + (" Redirects are not followed." if 300 <= status < 400 else ""))

    def _target(self, url: str) -> Target:
        """Return where to send: a name may lead elsewhere than when the webhook was made (G14)."""
        try:
            return resolve(url, allow_private=self.allow_private)
        except AddressRefused as refused:
            raise DeliveryError(str(refused)) from None


def signed_headers(delivery: Delivery, body: bytes, timestamp: int) -> dict[str, str]:
    """Return the headers that prove where a delivery comes from; the id stays the same when it is sent again."""
    name = f"evt_{delivery.event_id}"
    signatures = [_signature(secret, name, timestamp, body) for secret in delivery.secrets]
    return {
        "content-type": "application/json",
        "user-agent": "Muster",
        "webhook-id": name,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures),
    }


def _signature(secret: str, name: str, timestamp: int, body: bytes) -> str:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    mac = hmac.new(key, f"{name}.{timestamp}.".encode() + body, sha256).digest()
    return f"v1,{base64.b64encode(mac).decode()}"


def _post(target: Target, body: bytes, headers: dict[str, str], longest: float) -> int:
    connection = _Pinned(target, longest)
    # A socket's timeout starts anew with each byte, and a receiver may send one byte at a time.
    watchdog = threading.Timer(longest, connection.cut)
    watchdog.start()
    try:
        connection.request("POST", target.path, body, headers | {"host": target.authority, "connection": "close"})
        answer = connection.getresponse()
        answer.read(LARGEST_ANSWER)
        if connection.was_cut:
            raise DeliveryError(f"The receiver did not answer within {longest:g} seconds.")
        return answer.status
    except (OSError, http.client.HTTPException) as error:
        if connection.was_cut or isinstance(error, TimeoutError):
            raise DeliveryError(f"The receiver did not answer within {longest:g} seconds.") from None
        raise DeliveryError(f"The receiver cannot be reached: {error.__class__.__name__}: {error}"[:300]) from None
    finally:
        watchdog.cancel()
        connection.close()


class _Pinned(http.client.HTTPConnection):
    """A connection to the address that was checked, with the certificate of the name that was asked for."""

    def __init__(self, target: Target, longest: float) -> None:
        super().__init__(target.host, target.port, timeout=longest)
        self.target = target
        self.was_cut = False

    def connect(self) -> None:
        self.sock = socket.create_connection((self.target.ip, self.target.port), timeout=self.timeout)
        if self.target.scheme == "https":
            tls = ssl.create_default_context()
            # The handshake comes after the assignment, so that the watchdog can cut it.
            self.sock = tls.wrap_socket(self.sock, server_hostname=self.target.host, do_handshake_on_connect=False)
            self.sock.do_handshake()
        if self.was_cut:
            raise TimeoutError

    def cut(self) -> None:
        self.was_cut = True
        if (sock := self.sock) is not None:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
