"""The wire: signature, time limit, no redirects, nothing read that does not matter (P16, G15)."""

import base64
import hmac
import threading
import time
from collections.abc import Iterator
from hashlib import sha256
from http.server import BaseHTTPRequestHandler

import pytest

from coordination.operations.outbox import Delivery, DeliveryError
from tests.worker.receiver import Receiver, receiving
from worker.channels.webhook import WebhookChannel

KEYS = [b"k" * 32, b"o" * 32]
SECRETS = tuple(f"whsec_{base64.b64encode(key).decode()}" for key in KEYS)
CHANNEL = WebhookChannel(allow_private=True)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def delivery(url: str) -> Delivery:
    return Delivery(url, 7, "task.done", "2026-11-21T10:00:00Z", {"task_id": 42, "details": {"title": "Größe"}}, SECRETS)


def test_it_posts_the_event_with_a_signature_that_the_receiver_can_check(receiver: Receiver) -> None:
    CHANNEL.send(delivery(receiver.url))
    headers, body = receiver.got[0]
    assert receiver.body() == {
        "type": "task.done",
        "timestamp": "2026-11-21T10:00:00Z",
        "data": {"task_id": 42, "details": {"title": "Größe"}},
    }
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    wanted = [f"v1,{base64.b64encode(hmac.new(key, signed, sha256).digest()).decode()}" for key in KEYS]
    assert headers["webhook-signature"].split() == wanted
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 300
    assert headers["webhook-id"] == "evt_7"


def test_a_repeated_delivery_has_the_same_id(receiver: Receiver) -> None:
    CHANNEL.send(delivery(receiver.url))
    CHANNEL.send(delivery(receiver.url))
    assert {headers["webhook-id"] for headers, _ in receiver.got} == {"evt_7"}


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_every_2xx_is_a_yes(receiver: Receiver, status: int) -> None:
    receiver.status = status
    CHANNEL.send(delivery(receiver.url))


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 401, 404, 429, 500, 503])
def test_every_other_answer_is_a_no_worth_repeating(receiver: Receiver, status: int) -> None:
    receiver.status = status
    receiver.headers = {"location": receiver.url}
    with pytest.raises(DeliveryError, match=str(status)) as refused:
        CHANNEL.send(delivery(receiver.url))
    assert not refused.value.gone
    assert len(receiver.got) == 1, "redirects are not followed"


def test_410_means_never_again(receiver: Receiver) -> None:
    receiver.status = 410
    with pytest.raises(DeliveryError) as refused:
        CHANNEL.send(delivery(receiver.url))
    assert refused.value.gone


def test_without_the_setting_nothing_on_loopback_is_connected_to(receiver: Receiver) -> None:
    with pytest.raises(DeliveryError):
        WebhookChannel().send(delivery(receiver.url))
    assert not receiver.got


def test_nobody_listening_is_a_sentence(receiver: Receiver) -> None:
    with pytest.raises(DeliveryError, match="cannot be reached"):
        CHANNEL.send(delivery("http://127.0.0.1:9/"))


def test_tls_with_a_server_that_speaks_none_is_a_sentence(receiver: Receiver) -> None:
    with pytest.raises(DeliveryError, match="cannot be reached"):
        CHANNEL.send(delivery(receiver.url.replace("http:", "https:")))


def test_a_receiver_that_sends_a_byte_at_a_time_is_cut_off(receiver: Receiver) -> None:
    over = threading.Event()

    def drip(handler: BaseHTTPRequestHandler) -> None:
        for byte in b"HTTP/1.1 200 OK\r\nx-slow: " + b"a" * 1000:
            try:
                handler.wfile.write(bytes([byte]))
            except OSError:
                return
            if over.wait(0.05):
                return

    receiver.answer = drip
    began = time.monotonic()
    with pytest.raises(DeliveryError, match="did not answer within 1 second"):
        WebhookChannel(allow_private=True, longest=1).send(delivery(receiver.url))
    over.set()
    assert time.monotonic() - began < 30, "sending all of it takes 50 s"


def test_of_a_huge_answer_only_the_beginning_is_read(receiver: Receiver) -> None:
    sent: list[int] = []

    def flood(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-length: 10000000000\r\n\r\n")
        try:
            for _ in range(10_000):
                handler.wfile.write(b"x" * 65536)
                sent.append(65536)
        except OSError:
            pass

    receiver.answer = flood
    CHANNEL.send(delivery(receiver.url))
    assert sum(sent) < 50_000_000
