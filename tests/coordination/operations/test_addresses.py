"""What a webhook may not reach (G14): every way to write an address near the server."""

import socket

import pytest

from coordination.operations import addresses
from coordination.operations.addresses import AddressRefused, is_open, refuse_near, resolve

NEAR = [
    "http://127.0.0.1/",
    "http://127.1/",
    "http://2130706433/",
    "http://0177.0.0.1/",
    "http://0x7f.0.0.1/",
    "http://0x7f000001/",
    "http://0/",
    "http://0.0.0.0/",
    "http://localhost/",
    "http://LOCALHOST/",
    "http://[::1]/",
    "http://[::]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[::127.0.0.1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[64:ff9b::a9fe:a9fe]/",
    "http://[64:ff9b:1::7f00:1]/",
    "http://[2002:7f00:1::]/",
    "http://[2001:0:7f00:1::]/",
    "http://[2001:db8::1]/",
    "http://[fec0::1]/",
    "http://[fe80::1]/",
    "http://[fe80::1%25lo]/",
    "http://[fc00::1]/",
    "http://[fd12:3456:789a::1]/",
    "http://[ff02::1]/",
    "http://[100::1]/",
    "http://[3fff::1]/",
    "http://169.254.169.254/latest/meta-data/",
    "http://10.0.0.1/",
    "http://172.16.0.1/",
    "http://192.168.1.1/",
    "http://100.64.0.1/",
    "http://192.0.0.1/",
    "http://192.0.2.1/",
    "http://198.18.0.1/",
    "http://198.51.100.1/",
    "http://203.0.113.1/",
    "http://224.0.0.1/",
    "http://239.1.1.1/",
    "http://240.0.0.1/",
    "http://255.255.255.255/",
]
ODD = [
    "ftp://example.org/",
    "file:///etc/passwd",
    "gopher://example.org/",
    "//example.org/",
    "http:///path",
    "http://user:secret@8.8.8.8/",
    "http://8.8.8.8@127.0.0.1/",
    "http://8.8.8.8:22/",
    "http://8.8.8.8:6379/",
    "http://8.8.8.8:99999/",
    "http://exa mple/",
    "http://" + "a" * 70 + "." + "b" * 200 + "/",
]


@pytest.mark.parametrize("url", NEAR)
def test_it_refuses_what_is_near_the_server(url: str) -> None:
    for refuses in (resolve, refuse_near):
        with pytest.raises(AddressRefused):
            refuses(url)


def test_nobody_is_asked_where_a_name_leads_before_it_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def unknown(*args: object, flags: int, **kwargs: object) -> list[object]:
        asked.append(flags)
        raise socket.gaierror(socket.EAI_NONAME, "a name")

    monkeypatch.setattr(addresses.socket, "getaddrinfo", unknown)
    refuse_near("https://chat.example.org/in")
    assert asked == [socket.AI_NUMERICHOST]


@pytest.mark.parametrize("url", ODD)
def test_it_refuses_odd_addresses(url: str) -> None:
    with pytest.raises(AddressRefused):
        resolve(url)


@pytest.mark.parametrize("ip", ["8.8.8.8", "93.184.215.14", "2606:4700:4700::1111", "2a00:1450:4001:81b::200e"])
def test_it_allows_the_open_internet(ip: str) -> None:
    assert is_open(ip)
    host = f"[{ip}]" if ":" in ip else ip
    assert resolve(f"https://{host}/hook?a=b").ip == ip


def test_a_name_with_one_near_address_among_its_addresses_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def answers(*args: object, **kwargs: object) -> list[object]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, 443)) for ip in ("8.8.8.8", "10.0.0.1")]

    monkeypatch.setattr(addresses.socket, "getaddrinfo", answers)  # DNS is not ours
    with pytest.raises(AddressRefused, match="open internet"):
        resolve("https://two-faces.example.org/")


def test_the_name_is_resolved_once_and_its_address_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def rebinding(host: str, *args: object, **kwargs: object) -> list[object]:
        asked.append(host)
        ip = "8.8.8.8" if len(asked) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, 443))]

    monkeypatch.setattr(addresses.socket, "getaddrinfo", rebinding)
    target = resolve("https://rebinding.example.org/hook")
    assert (target.ip, target.host, asked) == ("8.8.8.8", "rebinding.example.org", ["rebinding.example.org"])


def test_private_addresses_and_other_ports_open_by_setting() -> None:
    target = resolve("http://127.0.0.1:9000/x", allow_private=True)
    assert (target.ip, target.port, target.authority) == ("127.0.0.1", 9000, "127.0.0.1:9000")
    with pytest.raises(AddressRefused):
        resolve("http://user@127.0.0.1/", allow_private=True)
