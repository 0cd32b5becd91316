"""Bringing a mail to a server: at a checked address, within one time, and with no password that others could read."""

import smtplib
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from ipaddress import ip_address
from threading import Timer
from typing import Final

from runtime.adapters.contract import Conveyance
from runtime.outgoing import TooLate, Unanswered, checked_addresses

PORT: Final = 587
READY: Final = 220


class Declined(Exception):
    """The server does not take it, and says why."""

    def __init__(self, code: int, said: bytes | str) -> None:
        super().__init__(code)
        self.code = code
        self.said = said.decode("utf-8", "replace") if isinstance(said, bytes) else said


class Readable(Exception):
    """The password would go over a network unencrypted, so it was not sent."""


class Office(smtplib.SMTP):
    """A server at an address that was checked; its certificate must be the name's. `tls`: from the first byte on."""

    def __init__(self, host: str, address: str, here: str, seconds: float, tls: ssl.SSLContext | None) -> None:
        super().__init__(local_hostname=here, timeout=seconds)
        self._host = host  # by which `starttls` checks the certificate
        self._address = address
        self._tls = tls

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        line = socket.create_connection((self._address, port), timeout)
        self.sock = line  # so that it can be cut while hands are shaken
        return self._tls.wrap_socket(line, server_hostname=self._host) if self._tls else line

    def cut(self) -> None:
        """End whatever is waited for."""
        line = self.sock
        if line is not None:
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)


def mail(letter: EmailMessage, sender: str, to: tuple[str, ...], by: Conveyance) -> set[str]:
    """Bring it, and tell whom the server does not take it for. When that is everybody, it is Declined."""
    until = time.monotonic() + by.timeout_seconds
    port = int(by.settings.get("port") or PORT)
    addresses = checked_addresses(by.settings["host"], port, by.allowed, by.resolver)
    unreached: OSError | None = None
    for address in addresses:
        try:
            with _reached(address, port, sender, by, until) as office:
                return _bring(office, address, letter, sender, to, by)
        except ConnectionRefusedError as closed:
            unreached = closed
    raise Unanswered(f"nobody answers at {by.settings['host']}:{port} ({unreached})")


@contextmanager
def _reached(address: str, port: int, sender: str, by: Conveyance, until: float) -> Iterator[Office]:
    """A server that has greeted us, until the time is over; whatever goes wrong is one of our own errors."""
    seconds = max(until - time.monotonic(), 0.001)
    here = sender.partition("@")[2]
    first = _trusted(by) if by.settings.get("security") == "tls" else None
    office = Office(by.settings["host"], address, here, seconds, first)
    over = Timer(seconds, office.cut)
    over.daemon = True
    over.start()
    try:
        code, said = office.connect(by.settings["host"], port)
        if code != READY:
            raise Declined(code, said)
        yield office
    except smtplib.SMTPRecipientsRefused as refused:
        raise Declined(*next(iter(refused.recipients.values()))) from None
    except smtplib.SMTPResponseException as answer:
        raise Declined(answer.smtp_code, answer.smtp_error) from None
    except smtplib.SMTPNotSupportedError as lacking:
        raise Declined(READS_AS_NOT_KNOWN, str(lacking)) from None
    except ConnectionRefusedError:
        raise
    except OSError as broken:  # smtplib's own are of this kind too
        if isinstance(broken, TimeoutError) or time.monotonic() >= until:
            raise TooLate("no answer within the time allowed") from None
        raise Unanswered(f"the connection broke ({broken})") from None
    finally:
        over.cancel()
        office.close()


# The server lacks what we ask for (encryption, login): as if it did not know us.
READS_AS_NOT_KNOWN: Final = 538


def _bring(
    office: Office, address: str, letter: EmailMessage, sender: str, to: tuple[str, ...], by: Conveyance
) -> set[str]:
    security, user = by.settings.get("security", "starttls"), by.settings.get("username")
    if security == "starttls":
        office.starttls(context=_trusted(by))
    if user:
        if security == "none" and not ip_address(address).is_loopback:
            raise Readable
        _sign_in(office, user, by.secrets.get("password", ""))
    missed = office.send_message(letter, sender, to)
    with suppress(smtplib.SMTPException, OSError):
        office.quit()
    return set(missed)


def _sign_in(office: Office, user: str, password: str) -> None:
    try:
        office.login(user, password)
    except UnicodeEncodeError:
        raise Declined(READS_AS_NOT_KNOWN, "user name and password must be ASCII") from None


def _trusted(by: Conveyance) -> ssl.SSLContext:
    return by.tls or ssl.create_default_context()
