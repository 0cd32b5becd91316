"""Calls to addresses that people typed in: real servers on this machine, names that lead where a test says."""

import hmac
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from nodes.contract import Answered
from runtime.adapters.contract import Call
from runtime.adapters.web import WebSystem, read_answer
from runtime.outgoing import (
    LARGEST_ANSWER,
    Allowed,
    Refused,
    Response,
    TooLate,
    Unanswered,
    is_public,
    look_up,
    post,
    read_url,
    resolve,
)

NOBODY = Allowed()
LOOPBACK = Allowed((ip_network("127.0.0.0/8"),))


@dataclass(slots=True)
class Site:
    """A server on this machine. It answers as it is told and keeps what it was asked."""

    port: int = 0
    answer: Callable[[Any], tuple[int, Mapping[str, str], bytes]] = lambda asked: (200, {}, b'{"ok": true}')
    asked: list[Any] = field(default_factory=list)

    def url(self, host: str = "127.0.0.1", path: str = "/in", scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.port}{path}"


@contextmanager
def serving(tls: ssl.SSLContext | None = None) -> Iterator[Site]:
    site = Site()

    class Desk(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.body = self.rfile.read(int(self.headers["Content-Length"]))
            site.asked.append(self)
            status, headers, body = site.answer(self)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            raise AssertionError("a call became another one")

        def log_message(self, *_words: Any) -> None:
            """Tests are quiet."""

    class Quiet(ThreadingHTTPServer):
        def handle_error(self, *_words: Any) -> None:
            """A caller that hung up is what some tests are about."""

    server = Quiet(("127.0.0.1", 0), Desk)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    site.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as site:
        yield site


def leads_to(*addresses: str) -> Callable[[str, int], Sequence[str]]:
    return lambda host, port: addresses


def call(url: str, allowed: Allowed = LOOPBACK, seconds: float = 5, **more: Any) -> Response:
    return post(url, b"{}", {"Authorization": "Bearer s3cret", "X-Other": "1"}, seconds, allowed, **more)


# --- which addresses may be called ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.8.8", "0.0.0.0", "0.1.2.3", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1",
        "169.254.169.254", "100.64.0.1", "100.127.255.255", "192.0.0.170", "198.18.0.1", "192.0.2.1", "203.0.113.9",
        "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "::", "::1", "fe80::1", "fc00::1", "fd00:ec2::254",
        "ff02::1", "fec0::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1", "2002:7f00:1::", "2002:a00:1::1", "2001::1", "2001:db8::1", "3fff::1", "100::1",
    ],
)  # fmt: skip
def test_what_is_not_the_public_internet_is_closed(address: str) -> None:
    assert not is_public(ip_address(address))
    with pytest.raises(Refused) as refused:
        look_up("https://erp.example/", NOBODY, leads_to(address))
    assert refused.value.code == "outgoing.inside"


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "100.63.255.255", "172.32.0.1", "8.8.8.8", "2606:4700::1111", "64:ff9b::808:808"]
)
def test_the_public_internet_is_open(address: str) -> None:
    assert look_up("https://erp.example/", NOBODY, leads_to(address)).addresses == (str(ip_address(address)),)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "2130706433", "0x7f000001", "0177.0.0.1", "0x7f.1", "127.1", "0", "[::1]", "[::ffff:7f00:1]"],
)  # fmt: skip
def test_however_this_machine_is_written_it_is_not_called(site: Site, host: str) -> None:
    with pytest.raises((Refused, Unanswered)):
        call(site.url(host), NOBODY, resolver=_as_the_machine_reads_numbers)
    assert site.asked == []


def _as_the_machine_reads_numbers(host: str, port: int) -> Sequence[str]:
    """As `resolve`, which a test may not ask for names other than this machine's."""
    if host in ("localhost", "::1"):
        return resolve(host, port)
    return [host] if ":" in host else [socket.inet_ntoa(socket.inet_aton(host))]


def test_one_closed_address_among_open_ones_closes_the_name() -> None:
    with pytest.raises(Refused):
        look_up("https://erp.example/", NOBODY, leads_to("1.1.1.1", "127.0.0.1"))


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("ftp://erp.example/", "scheme"), ("file:///etc/passwd", "scheme"), ("erp.example/in", "scheme"),
        ("http://root:toor@erp.example/", "password"), ("http://root@erp.example/", "password"),
        ("http:///in", "no_host"), ("http://erp.example\\@evil.example/", "password"), ("http://a\\b/", "no_host"),
        ("http://[fe80::1%25eth0]/", "no_host"), ("http://[fe80::1%eth0]/", "no_host"),
        ("http://erp.example/a b", "blanks"), ("http://erp.example/\r\nX-Evil: 1", "blanks"),
        ("http://erp.example:99999/", "unreadable"), ("http://[::1/", "unreadable"),
        ("http://erp.example:0/", "unreadable"), ("http://erp.example/\udc80", "unreadable"),
    ],
)  # fmt: skip
def test_what_is_no_address_to_call_is_refused_with_the_reason(url: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        read_url(url)
    assert refused.value.code == f"outgoing.{code}"
    assert "{" not in str(refused.value)


def test_names_and_paths_in_chinese_are_called() -> None:
    place = read_url("https://仓库.example/订单?店=一号")
    assert (place.host, place.path) == ("xn--5mqv79a.example", "/%E8%AE%A2%E5%8D%95?%E5%BA%97=%E4%B8%80%E5%8F%B7")


# --- what an administrator lists -----------------------------------------------------------------------------------------


def test_this_machine_is_called_once_it_is_listed(site: Site) -> None:
    with pytest.raises(Refused):
        call(site.url(), NOBODY)
    assert call(site.url(), LOOPBACK).status == 200
    assert site.asked[0].headers["Host"] == f"127.0.0.1:{site.port}"


def test_a_listed_host_is_called_inside_the_house_but_never_where_clouds_keep_their_keys(site: Site) -> None:
    listed = Allowed(hosts=frozenset(("erp.house",)))
    assert call(site.url("ERP.house"), listed, resolver=leads_to("127.0.0.1")).status == 200
    for address in ("169.254.169.254", "fe80::1", "0.0.0.0", "224.0.0.1"):
        with pytest.raises(Refused):
            look_up("http://erp.house/", listed, leads_to(address))
    with pytest.raises(Refused):
        look_up("http://other.house/", listed, leads_to("10.0.0.1"))


def test_a_name_that_leads_elsewhere_after_the_check_gains_nothing(site: Site) -> None:
    """The name is asked once; what it would say the second time is not heard."""
    said = iter([["127.0.0.1"], ["169.254.169.254"]])
    asked = []

    def changes_its_mind(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return next(said)

    listed = Allowed((ip_network("127.0.0.1/32"),))
    assert call(site.url("rebinding.example"), listed, resolver=changes_its_mind).status == 200
    assert asked == ["rebinding.example"]
    assert site.asked[0].headers["Host"] == f"rebinding.example:{site.port}"


def test_proxies_of_the_environment_are_not_asked(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert call(site.url()).status == 200


# --- redirects -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["http://127.0.0.1:{port}/secret", "http://169.254.169.254/latest/meta-data/"])
def test_a_redirect_into_the_house_is_refused(site: Site, target: str) -> None:
    site.answer = lambda asked: (307, {"Location": target.format(port=site.port)}, b"")
    first = Allowed(hosts=frozenset(("front.example",)))
    with pytest.raises(Refused) as refused:
        call(
            site.url("front.example"), first, resolver=lambda host, port: [host] if host[0].isdigit() else ["127.0.0.1"]
        )
    assert (refused.value.code, len(site.asked)) == ("outgoing.inside", 1)


def test_a_redirect_that_keeps_the_call_is_followed_and_the_secret_stays_at_home(site: Site) -> None:
    def answer(asked: Any) -> tuple[int, Mapping[str, str], bytes]:
        match asked.path:
            case "/in":
                return 308, {"Location": "/moved"}, b""
            case "/moved":
                return 307, {"Location": f"http://127.0.0.2:{site.port}/there"}, b""
            case _:
                return 200, {}, b"{}"

    site.answer = answer
    with serving() as other:
        site.answer = lambda asked: (307, {"Location": other.url("127.0.0.1", "/there")}, b"")
        assert call(site.url()).status == 200
        [there] = other.asked
    assert (there.command, there.body, there.headers["X-Other"]) == ("POST", b"{}", "1")
    assert there.headers["Authorization"] is None
    site.answer = answer
    site.asked.clear()
    with pytest.raises(Unanswered):
        call(site.url())
    assert [asked.headers["Authorization"] for asked in site.asked] == ["Bearer s3cret"] * 2


def test_a_redirect_to_what_is_no_address_is_refused(site: Site) -> None:
    site.answer = lambda asked: (307, {"Location": "http://["}, b"")
    with pytest.raises(Refused) as refused:
        call(site.url())
    assert refused.value.code == "outgoing.unreadable"


def test_redirects_end(site: Site) -> None:
    site.answer = lambda asked: (307, {"Location": "/in"}, b"")
    with pytest.raises(Refused) as refused:
        call(site.url())
    assert (refused.value.code, len(site.asked)) == ("outgoing.redirects", 4)


@pytest.mark.parametrize("status", [301, 302, 303])
def test_a_redirect_that_would_make_another_call_of_it_is_not_followed(site: Site, status: int) -> None:
    site.answer = lambda asked: (status, {"Location": "/other"}, b"")
    with pytest.raises(Refused) as refused:
        call(site.url())
    assert refused.value.code == "outgoing.turned"


# --- time and size -------------------------------------------------------------------------------------------------------


def test_a_trickle_of_bytes_ends_with_the_time_allowed(site: Site) -> None:
    over = threading.Event()

    def trickle(asked: Any) -> tuple[int, Mapping[str, str], bytes]:
        asked.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while not over.wait(0.05):
            asked.wfile.write(b".")
        return 200, {}, b""

    site.answer = trickle
    with pytest.raises(TooLate):
        call(site.url(), seconds=0.3)
    over.set()


def test_silence_ends_with_the_time_allowed(site: Site) -> None:
    over = threading.Event()
    site.answer = lambda asked: (over.wait(10), {}, b"")
    with pytest.raises(TooLate):
        call(site.url(), seconds=0.2)
    over.set()


def test_an_answer_that_is_too_large_is_not_kept(site: Site) -> None:
    site.answer = lambda asked: (200, {}, b"x" * (LARGEST_ANSWER + 1))
    assert call(site.url()).body is None


@pytest.mark.parametrize("length", ["\xb2", "9" * 5000, "-5", "2, 2"])
def test_a_length_that_cannot_be_read_is_not_asked(site: Site, length: str) -> None:
    site.answer = lambda asked: (200, {"Content-Length": length, "Connection": "close"}, b"{}")
    assert call(site.url()).status == 200


def test_nobody_at_home_and_a_connection_that_breaks_are_told_apart_from_silence(site: Site) -> None:
    with pytest.raises(Unanswered, match="nobody answers"):
        call("http://127.0.0.1:1/")
    site.answer = lambda asked: (asked.connection.close(), {}, b"")
    with pytest.raises(Unanswered, match="broke"):
        call(site.url())


def test_half_an_answer_is_none(site: Site) -> None:
    site.answer = lambda asked: (200, {"Content-Length": "1000", "Connection": "close"}, b'{"receipt": 1}')
    with pytest.raises(Unanswered):
        call(site.url())


def test_the_next_address_of_a_name_is_tried_when_the_first_takes_no_connection(site: Site) -> None:
    assert call(site.url("erp.house"), resolver=leads_to("127.9.9.9", "127.0.0.1")).status == 200
    assert len(site.asked) == 1


# --- TLS -----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate authority of our own: contexts of a server with this name, and of a caller that trusts it."""

    folder: Path
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def server(self, name: str) -> ssl.SSLContext:
        key = ec.generate_private_key(ec.SECP256R1())
        made = self._certificate(name, key.public_key(), x509.SubjectAlternativeName([x509.DNSName(name)]))
        path = self.folder / f"{name}.pem"
        secret = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        path.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context

    def caller(self) -> ssl.SSLContext:
        own = self._certificate("Our authority", self.key.public_key(), x509.BasicConstraints(ca=True, path_length=0))
        return ssl.create_default_context(cadata=own.public_bytes(serialization.Encoding.PEM).decode())

    def _certificate(
        self, name: str, key: ec.EllipticCurvePublicKey, extension: x509.ExtensionType
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Our authority")]))
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(extension, critical=True)
            .sign(self.key, hashes.SHA256())
        )


def test_the_certificate_must_be_the_names_although_the_address_is_called(tmp_path: Path) -> None:
    ours = Authority(tmp_path)
    heard: list[str | None] = []
    server = ours.server("erp.house")
    server.sni_callback = lambda line, name, context: heard.append(name)
    to_here = leads_to("127.0.0.1")
    with serving(server) as site:
        tls = ours.caller()
        assert call(site.url("erp.house", scheme="https"), tls=tls, resolver=to_here).status == 200
        assert heard == ["erp.house"]
        with pytest.raises(Unanswered, match=r"(?i)certificate"):
            call(site.url("other.house", scheme="https"), tls=tls, resolver=to_here)
        with pytest.raises(Unanswered, match=r"(?i)certificate"):
            call(site.url("erp.house", scheme="https"), resolver=to_here)
        assert len(site.asked) == 1


# --- what answers mean ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "headers", "body", "expected"),
    [
        (200, {}, b'{"receipt": "R-1"}', Answered("ok", {"receipt": "R-1"})),
        (201, {}, b"[1]", Answered("bad_answer", message="201 Created: the answer is not a JSON object")),
        (204, {}, b"", Answered("bad_answer", message="204 No Content: the answer is not a JSON object")),
        (200, {}, b"<html>", Answered("bad_answer", message="200 OK: the answer is not a JSON object")),
        (200, {}, None, Answered("bad_answer", message="the answer is larger than 1 MiB")),
        (409, {}, b'{"message": "already shipped"}', Answered("refused", message="409 Conflict: already shipped")),
        (422, {}, b"nonsense", Answered("refused", message="422 Unprocessable Entity")),
        (429, {"retry-after": "30"}, b"", Answered("error", {"retry_after_seconds": 30}, "429 Too Many Requests")),
        (
            429,
            {"retry-after": "Sun, 22 Nov 2026 10:01:00 GMT"},
            b"",
            Answered("error", {"retry_after_seconds": 60}, "429 Too Many Requests"),
        ),
        (408, {"retry-after": "soon"}, b"", Answered("error", message="408 Request Timeout")),
        (425, {}, b"", Answered("error", message="425 Too Early")),
        (503, {"retry-after": "7"}, b"", Answered("error", {"retry_after_seconds": 7}, "503 Service Unavailable")),
        (
            503,
            {"retry-after": "Wed, 21 Oct 2020 07:28:00 +99999999999999"},
            b"",
            Answered("error", message="503 Service Unavailable"),
        ),
        (503, {}, b'{"message": 7}', Answered("error", message="503 Service Unavailable")),
        (299, {}, b"{}", Answered("ok")),
        (799, {}, b"", Answered("error", message="799")),
    ],
)
def test_what_an_answer_means(status: int, headers: Mapping[str, str], body: bytes | None, expected: Answered) -> None:
    assert read_answer(Response(status, headers, body), datetime(2026, 11, 22, 10, tzinfo=UTC)) == expected


def test_a_system_hears_the_order_its_key_and_the_proof(site: Site) -> None:
    def system(proof: Any, allowed: Allowed = LOOPBACK, url: str = "") -> WebSystem:
        return WebSystem(url or site.url(), proof, "s3cret", lambda: allowed)

    order = Call("01J.2.1", {"action": "book", "fields": {"buyer.name": "张𠮷"}}, 5)
    assert system("bearer").send(order) == Answered("ok", {"ok": True})
    assert system("signature").send(order).result == "ok"
    assert system("none").send(order).result == "ok"
    bearer, signed, plain = (asked.headers for asked in site.asked)
    assert {asked.headers["Idempotency-Key"] for asked in site.asked} == {"01J.2.1"}
    assert json.loads(site.asked[0].body) == order.content
    assert (bearer["Authorization"], plain["Authorization"], plain["X-Signature"]) == ("Bearer s3cret", None, None)
    assert _fits(signed["X-Signature"], site.asked[1].body)
    assert system("none", NOBODY).send(order).result == "refused"
    assert system("none", url="http://127.0.0.1:1/").send(order).result == "error"


def _fits(signature: str, body: bytes) -> bool:
    """The rule that own shops sign by, in a writing of its own."""
    time_part, proof_part = signature.split(",")
    at = time_part.removeprefix("t=").encode()
    return proof_part == "v1=" + hmac.new(b"s3cret", at + b"." + body, "sha256").hexdigest()


def test_a_system_that_is_too_slow_is_answered_for(site: Site) -> None:
    over = threading.Event()
    site.answer = lambda asked: (over.wait(10), {}, b"")
    late = WebSystem(site.url(), "none", "", lambda: LOOPBACK).send(Call("k", {}, 0.2))
    over.set()
    assert late.result == "timeout"


@pytest.mark.parametrize("secret", ["s3cret-token", 's3"cr\\et-{}'])
def test_a_secret_that_a_system_repeats_is_kept_nowhere(site: Site, secret: str) -> None:
    system = WebSystem(site.url(), "bearer", secret, lambda: LOOPBACK)
    said = {"message": f"unknown token Bearer {secret}"}
    for status, result in ((401, "refused"), (200, "ok"), (500, "error")):
        site.answer = lambda asked, status=status: (status, {}, json.dumps(said).encode())  # type: ignore[misc]
        answer = system.send(Call("k", {}, 5))
        assert (answer.result, secret in str(answer), "***" in str(answer)) == (result, False, True)
    site.answer = lambda asked: (302, {"Location": f"http://127.0.0.1/?was={secret}"}, b"")
    turned = system.send(Call("k", {}, 5))
    assert (turned.result, secret in turned.message) == ("refused", False)
