"""Simulated providers on a clock that a test turns, and messages on their way to them."""

import ssl
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from runtime.adapters import all_messengers
from runtime.adapters.contract import Conveyance, Delivered, Message, NotDelivered
from runtime.adapters.messengers import wecom_app
from runtime.adapters.simulators import Simulators
from runtime.adapters.simulators.desk import Provider
from runtime.outgoing import Allowed

THIS_MACHINE = Allowed((ip_network("127.0.0.0/8"),))
TO = {
    "email": "li@shop.example",
    "phone": "+86 138 0013 8000",
    "wecom": "LiLei",
    "dingtalk": "13800138000",
    "feishu": "ou_18eac85d",
    "": "anybody",
}


@dataclass(slots=True)
class Turned:
    """A clock that stands still until a test turns it."""

    now: float = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass(slots=True)
class Yard:
    """Every simulated provider, and a way to send to it what its messenger carries."""

    simulators: Simulators
    clock: Turned
    trusted: ssl.SSLContext | None = None
    sent: int = 0

    def provider(self, name: str) -> Provider:
        return self.simulators[name]

    def by(self, name: str, **changes: Any) -> Conveyance:
        """What a message to a provider travels by. Settings and secrets are laid over the right ones."""
        provider = self.simulators[name]
        settings, secrets = (
            provider.settings | changes.pop("settings", {}),
            provider.secrets | changes.pop("secrets", {}),
        )
        usual = Conveyance(settings, secrets, THIS_MACHINE, 20.0, self.clock(), tls=self.trusted)
        return replace(usual, **changes)

    def message(self, name: str, **changes: Any) -> Message:
        """A short message, another one each time."""
        self.sent += 1
        to = (TO[all_messengers()[name].contact],)
        return Message(**{"key": f"01JD{self.sent}.ask.1", "to": to, "subject": "", "text": "订单待审"} | changes)

    def send(self, name: str, message: Message | None = None, **changes: Any) -> Delivered | NotDelivered:
        return all_messengers()[name].send(message or self.message(name), self.by(name, **changes))

    def texts(self, name: str) -> list[str]:
        """What people saw."""
        return [one.text for one in self.simulators[name].received if one.shown]


@pytest.fixture(autouse=True)
def no_tokens_of_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wecom_app, "TOKENS", wecom_app.Tokens())


@pytest.fixture
def yard() -> Iterator[Yard]:
    clock = Turned()
    with Simulators(clock) as simulators:
        yield Yard(simulators, clock)


@pytest.fixture
def safe_yard(certificate: tuple[Path, Path]) -> Iterator[Yard]:
    """As `yard`, and the mail server encrypts."""
    public, private = certificate
    own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    own.load_cert_chain(public, private)
    clock = Turned()
    with Simulators(clock, tls=own) as simulators:
        yield Yard(simulators, clock, ssl.create_default_context(cafile=str(public)))


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate of this machine, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.example")])
    today = datetime.now(UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("certificate")
    public, private = folder / "public.pem", folder / "private.pem"
    public.write_bytes(built.public_bytes(serialization.Encoding.PEM))
    plain, none = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    private.write_bytes(key.private_bytes(serialization.Encoding.PEM, plain, none))
    return public, private
