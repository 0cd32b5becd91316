"""Calls to addresses that people typed in: never to this machine or its own network, unless an administrator listed it.

A name is resolved once; every address that it leads to is checked, and the connection goes to a checked address, while the
certificate must be the name's. So a name that changes its mind between check and call gains nothing. Redirects are checked
like first addresses. Proxies of the environment are not asked.
"""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from http.client import HTTPException
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, Final, Literal
from urllib.parse import SplitResult, quote, urljoin, urlsplit

import urllib3
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError

from runtime.core import words

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolver = Callable[[str, int], Sequence[str]]
Scheme = Literal["http", "https"]

LARGEST_ANSWER: Final = 1024 * 1024
MOST_REDIRECTS: Final = 3
# Redirects that keep method and body. Others would turn the call into another one.
KEEPS_THE_METHOD: Final = (307, 308)
TURNS: Final = (301, 302, 303, *KEEPS_THE_METHOD)
# What proves who calls goes to the address that was set up, and to no other.
PROOFS: Final = ("authorization", "x-signature")

# Not the public internet, by the special-purpose registries of IANA.
_CLOSED_4: Final = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/4", "240.0.0.0/4",
    )
)  # fmt: skip
_OPEN_6: Final = IPv6Network("2000::/3")
_CLOSED_6: Final = tuple(IPv6Network(text) for text in ("2001::/23", "2001:db8::/32", "3fff::/20"))
_NAT64: Final = IPv6Network("64:ff9b::/96")
# A listed name may lead into the house, but never to these: link-local (clouds keep their keys there), multicast, nothing.
_NEVER_BY_NAME: Final = tuple(
    ip_network(text) for text in ("0.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4", "fe80::/10", "ff00::/8")
)


class Refused(Exception):
    """The call was not made: the address is none that may be called. `code` and `params` say why in every language."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.code = f"outgoing.{code}"
        self.params = params

    def __str__(self) -> str:
        return words.text(self.code, self.params)[0]


class Unanswered(Exception):
    """No whole answer came: refused connections, broken ones, unknown names, certificates that do not fit."""


class TooLate(Exception):
    """No whole answer came in time."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """What an administrator lists beside the public internet: networks, and names of hosts."""

    networks: tuple[Network, ...] = ()
    hosts: frozenset[str] = frozenset()

    def covers(self, host: str, address: Address) -> bool:
        """Whether a host may be called at this address although it is not public."""
        if any(address in network for network in self.networks if network.version == address.version):
            return True
        return host.lower() in self.hosts and not any(
            address in network for network in _NEVER_BY_NAME if network.version == address.version
        )


@dataclass(frozen=True, slots=True)
class Response:
    """What came back. `headers` by lower-case name; `body` whole, or None when it is larger than was asked for."""

    status: int
    headers: Mapping[str, str]
    body: bytes | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where an address leads: its parts, and the checked addresses."""

    scheme: Scheme
    host: str
    port: int
    path: str
    addresses: tuple[str, ...] = field(default=())

    @property
    def origin(self) -> tuple[str, str, int]:
        """What must stay the same for proofs to go along."""
        return self.scheme, self.host, self.port

    @property
    def host_header(self) -> str:
        """Host as it stands in a request."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port == _PORTS[self.scheme] else f"{name}:{self.port}"


def resolve(host: str, port: int) -> Sequence[str]:
    """Every address of a host, as the machine knows them. Numbers in any writing are addresses too."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    timeout_seconds: float,
    allowed: Allowed,
    *,
    follow: bool = True,
    resolver: Resolver = resolve,
    tls: ssl.SSLContext | None = None,
) -> Response:
    """Send a body and give what is answered. Refused, Unanswered or TooLate when there is nothing to give.

    Not to `follow` redirects is for what proves who sends it elsewhere than in the headers that stay behind.
    """
    deadline = time.monotonic() + timeout_seconds
    place, sent = look_up(url, allowed, resolver), dict(headers)
    for _ in range(MOST_REDIRECTS + 1):
        response = _ask_there(place, body, sent, deadline, tls, LARGEST_ANSWER)
        target = response.headers.get("location")
        if response.status not in TURNS or not target:
            return response
        if not follow:
            raise Refused("moved", status=response.status, target=target[:200])
        if response.status not in KEEPS_THE_METHOD:
            raise Refused("turned", status=response.status, target=target[:200])
        url = _joined(url, target)
        following = look_up(url, allowed, resolver)
        if place.scheme == "https" and following.scheme == "http":
            raise Refused("unsafe_redirect")
        if following.origin != place.origin:
            sent = {name: value for name, value in sent.items() if name.lower() not in PROOFS}
        place = following
    raise Refused("redirects", most=MOST_REDIRECTS)


def get(
    url: str,
    headers: Mapping[str, str],
    timeout_seconds: float,
    allowed: Allowed,
    *,
    largest: int = LARGEST_ANSWER,
    resolver: Resolver = resolve,
    tls: ssl.SSLContext | None = None,
) -> Response:
    """Ask for what is at an address. A redirect is not followed: what proves who asks is good for this address alone."""
    deadline = time.monotonic() + timeout_seconds
    response = _ask_there(look_up(url, allowed, resolver), None, headers, deadline, tls, largest)
    target = response.headers.get("location")
    if response.status in TURNS and target:
        raise Refused("moved", status=response.status, target=target[:200])
    return response


def look_up(url: str, allowed: Allowed, resolver: Resolver = resolve) -> Place:
    """Where an address leads, with every resolved address checked. Refused when one of them may not be called."""
    place = read_url(url)
    addresses = checked_addresses(place.host, place.port, allowed, resolver)
    return Place(place.scheme, place.host, place.port, place.path, addresses)


def checked_addresses(host: str, port: int, allowed: Allowed, resolver: Resolver = resolve) -> tuple[str, ...]:
    """The addresses of a host. Refused when one of them may not be called, Unanswered when there is none."""
    try:
        found = resolver(host, port)
    except (OSError, UnicodeError) as unknown:
        raise Unanswered(f"the name {host} is not known ({unknown})") from None
    addresses = [ip_address(text.partition("%")[0]) for text in found]
    if not addresses:
        raise Unanswered(f"the name {host} has no address")
    for address in addresses:
        if not is_public(address) and not allowed.covers(host, address):
            raise Refused("inside", host=host, address=str(address))
    return tuple(str(address) for address in addresses)


def read_url(url: str) -> Place:
    """The parts of an address, not looked up yet. Refused when it is none that can be called."""
    if any(ord(sign) <= 32 or ord(sign) == 127 for sign in url):
        raise Refused("blanks")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise Refused("unreadable") from None
    if parts.scheme not in _PORTS:
        raise Refused("scheme")
    if parts.username is not None or parts.password is not None:
        raise Refused("password")
    if not host or "\\" in url or "%" in host:
        raise Refused("no_host")
    if port == 0:
        raise Refused("unreadable")
    scheme: Scheme = "https" if parts.scheme == "https" else "http"
    return Place(scheme, _plain_host(host), port if port is not None else _PORTS[scheme], _path_of(parts))


def is_public(address: Address) -> bool:
    """Whether an address is one of the public internet; one that wraps another counts as that."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _CLOSED_4)
    wrapped = address.ipv4_mapped or address.sixtofour or _behind_nat64(address)
    if wrapped:
        return is_public(wrapped)
    return address in _OPEN_6 and not any(address in network for network in _CLOSED_6)


# --- one connection ---------------------------------------------------------------------------------------------------

_PORTS: Final[Mapping[str, int]] = {"http": 80, "https": 443}


@cache
def _public_tls() -> ssl.SSLContext:
    return ssl.create_default_context()


def _ask_there(
    place: Place,
    body: bytes | None,
    headers: Mapping[str, str],
    deadline: float,
    tls: ssl.SSLContext | None,
    largest: int,
) -> Response:
    """Try the addresses one after the other until one takes the connection; what was sent once is not sent again."""
    unreached: HTTPError | None = None
    for address in place.addresses:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TooLate("no answer within the time allowed")
        try:
            response = _ask_at(address, place, body, headers, left, tls, largest)
        except NewConnectionError as closed:
            unreached = closed
        except (HTTPError, HTTPException, OSError) as broken:
            if isinstance(broken, (TimeoutError, ConnectTimeoutError)) or time.monotonic() >= deadline:
                raise TooLate("no answer within the time allowed") from None
            raise Unanswered(f"the connection broke ({_why(broken)})") from None
        else:
            if time.monotonic() >= deadline:  # it was cut, and what came is not whole
                raise TooLate("no answer within the time allowed")
            return response
    raise Unanswered(f"nobody answers at {place.host_header} ({_why(unreached)})")


def _ask_at(
    address: str,
    place: Place,
    body: bytes | None,
    headers: Mapping[str, str],
    seconds: float,
    tls: ssl.SSLContext | None,
    largest: int,
) -> Response:
    """Send a body, or ask for what is there where there is none to send."""
    connection = _connection(address, place, seconds, tls)
    # Each read may take its time, but all of them together may not: a trickle of bytes ends here as well.
    over = threading.Timer(seconds, _cut, (connection,))
    over.daemon = True
    over.start()
    try:
        method = "GET" if body is None else "POST"
        connection.request(
            method, place.path, body, {**headers, "Host": place.host_header, "Connection": "close"},
            preload_content=False, decode_content=False,
        )  # fmt: skip
        answer = connection.getresponse()
        text = answer.read(largest + 1)
        told = {name.lower(): value for name, value in answer.headers.items()}
        promised = _bytes_promised(told.get("content-length", ""))
        if len(text) < min(promised, largest):
            raise ConnectionError(f"{len(text)} of {promised} bytes came")
        return Response(answer.status, told, text if len(text) <= largest else None)
    finally:
        over.cancel()
        connection.close()


def _connection(
    address: str, place: Place, seconds: float, tls: ssl.SSLContext | None
) -> urllib3.connection.HTTPConnection:
    timeout = urllib3.Timeout(total=seconds).connect_timeout
    if place.scheme == "http":
        return urllib3.connection.HTTPConnection(address, place.port, timeout=timeout)
    return urllib3.connection.HTTPSConnection(
        address,
        place.port,
        timeout=timeout,
        ssl_context=tls or _public_tls(),
        server_hostname=place.host,  # by which the certificate is checked, and told to the server
    )


def _cut(connection: urllib3.connection.HTTPConnection) -> None:
    line = connection.sock
    if line is not None:
        with suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)


def _bytes_promised(told: str) -> int:
    """How long the answer says that it is; 0 where it says nothing that can be read."""
    return int(told) if told.isascii() and told.isdigit() and len(told) < 16 else 0


def _joined(url: str, target: str) -> str:
    """Where a redirect leads."""
    try:
        return urljoin(url, target)
    except ValueError:
        raise Refused("unreadable") from None


def _why(broken: Exception | None) -> str:
    return (str(getattr(broken, "reason", None) or broken).rpartition(": ")[2] or type(broken).__name__)[:200]


def _plain_host(host: str) -> str:
    """The host in letters that names are looked up by."""
    try:
        return host.lower() if host.isascii() else host.encode("idna").decode()
    except UnicodeError:
        raise Refused("no_host") from None


def _path_of(parts: SplitResult) -> str:
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        return quote(path, safe="/%:@!$&'()*+,;=~?[]")
    except UnicodeError:
        raise Refused("unreadable") from None


def _behind_nat64(address: IPv6Address) -> IPv4Address | None:
    return IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else None
