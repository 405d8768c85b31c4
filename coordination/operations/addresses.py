"""Which addresses a webhook may reach: the open internet, and nothing that is near the server (G14)."""

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

PORTS = {"http": 80, "https": 443}
# An allow-list: `is_global` says yes to addresses that carry an IPv4 address inside, and to multicast.
OPEN_IPV6 = ipaddress.ip_network("2000::/3")
CLOSED_IPV6 = tuple(ipaddress.ip_network(net) for net in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"))


class AddressRefused(Exception):
    """A webhook may not go to an address, for the reason that this says."""


@dataclass(frozen=True)
class Target:
    """Where a delivery goes: the address is resolved once, and this one is connected to, whatever DNS says later."""

    scheme: str
    host: str
    ip: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"


def resolve(url: str, *, allow_private: bool = False) -> Target:
    """Return the target of a URL, or raise AddressRefused saying why it is refused."""
    parts, host, port = _split(url, allow_private)
    path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    try:
        ips = _ips(host, port)
    except (OSError, UnicodeError) as error:
        raise AddressRefused(f"The host {host} cannot be found: {error}.") from None
    if not allow_private:
        _refuse_near(host, ips)
    return Target(parts.scheme, host, ips[0], port, path)


def refuse_near(url: str) -> None:
    """Raise AddressRefused if a URL is plainly near the server. Where a name leads is not asked: it may lead elsewhere tomorrow."""
    _, host, port = _split(url, allow_private=False)
    try:
        ips = _ips(host, port, socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        is_near = host == "localhost" or host.endswith(".localhost") or ":" in host
        ips = ["::1"] if is_near else []
    _refuse_near(host, ips)


def _split(url: str, allow_private: bool) -> tuple[SplitResult, str, int]:
    try:
        parts = urlsplit(url)
        port = parts.port or PORTS[parts.scheme]
    except (ValueError, KeyError):
        raise AddressRefused("The address is not an http:// or https:// URL.") from None
    if parts.username is not None or parts.password is not None or not parts.hostname:
        raise AddressRefused("The address has no host, or has a user in it.")
    if port != PORTS[parts.scheme] and not allow_private:
        raise AddressRefused(f"Port {port} is not open to webhooks; set WEBHOOKS_ALLOW_PRIVATE=true to allow every port.")
    return parts, parts.hostname, port


def _ips(host: str, port: int, flags: int = 0) -> list[str]:
    return [str(answer[4][0]) for answer in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)]


def _refuse_near(host: str, ips: list[str]) -> None:
    if not all(is_open(ip) for ip in ips):
        raise AddressRefused(f"The host {host} is not on the open internet; set WEBHOOKS_ALLOW_PRIVATE=true to allow it.")


def is_open(ip: str) -> bool:
    """Return whether an address is a plain public one: no loopback, private, link-local, multicast or transition address."""
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        return address.scope_id is None and address in OPEN_IPV6 and not any(address in net for net in CLOSED_IPV6)
    return address.is_global and not address.is_multicast and not address.is_reserved
