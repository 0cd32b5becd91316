"""A mail server: it wants to be signed in to, keeps mails, and cares for no limits."""

import re
from base64 import b64decode
from collections.abc import Callable
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from hmac import compare_digest
from socketserver import StreamRequestHandler
from ssl import SSLContext
from typing import Any, Final

from runtime.adapters.simulators.desk import Clock, Loopback, Provider

USER: Final = "orders@shop.example"
PASSWORD: Final = "simulated-mail-code-x7Qw"
LONGEST_LINE: Final = 1_000
_PATH: Final = re.compile(r"(?:FROM|TO):\s*<([^<>\s]*)>(?:\s.*)?", re.IGNORECASE)


class MailServer(Provider):
    """With a certificate it offers STARTTLS, and takes no password before.

    People whose name begins with `nobody` are not known. A mail whose `Message-ID` came before is taken and not kept again.
    """

    messenger = "email"

    def __init__(self, clock: Clock, tls: SSLContext | None = None) -> None:
        super().__init__(clock)
        self.tls = tls
        self.port = 0
        self.mails: list[EmailMessage] = []
        self._known: set[str] = set()

    @property
    def settings(self) -> dict[str, Any]:
        return {
            "host": "127.0.0.1",
            "port": self.port,
            "security": "starttls" if self.tls else "none",
            "username": USER,
            "sender": USER,
            "sender_name": "订单管家",
        }

    @property
    def secrets(self) -> dict[str, str]:
        return {"password": PASSWORD}

    def bring(self, raw: bytes, to: tuple[str, ...]) -> None:
        """Keep a mail."""
        mail = message_from_bytes(raw, policy=default)
        known = str(mail["Message-ID"])
        if known in self._known:
            return
        self._known.add(known)
        self.mails.append(mail)
        body = mail.get_body(("plain",))
        text = body.get_content().replace("\r\n", "\n").rstrip("\n") if body else ""
        self.take(to, str(mail["Subject"]), text, known)


class Hall(StreamRequestHandler):
    """One conversation by RFC 5321, as far as senders need it."""

    server: "MailDesk"

    def setup(self) -> None:
        super().setup()
        self.signed_in = self.safe = False
        self.sender: str | None = None
        self.people: list[str] = []
        self.commands: dict[str, Callable[[str], None]] = {
            "EHLO": self.greet,
            "STARTTLS": self.encrypt,
            "AUTH": self.sign_in,
            "MAIL": self.hear_sender,
            "RCPT": self.hear_person,
            "DATA": self.take_mail,
            "RSET": self.forget,
            "NOOP": lambda _words: self.say("250 fine"),
        }

    def handle(self) -> None:
        match self.server.provider.next_fault():
            case "slow":
                self.server.provider.closing.wait()
            case "cut":
                return
            case "nonsense":
                self.say("SSH-2.0-OpenSSH_9.2")
            case None:
                self.say("220 mail.example ready")
                self.converse()
            case _:
                self.say("421 4.3.2 down for a while")

    def finish(self) -> None:
        super().finish()
        if self.safe:
            self.connection.close()

    def converse(self) -> None:
        while words := self.rfile.readline(LONGEST_LINE).decode("utf-8", "replace").strip():
            verb, _, rest = words.partition(" ")
            if verb.upper() == "QUIT":
                self.say("221 goodbye")
                return
            command = self.commands.get(verb.upper())
            if command:
                command(rest)
            else:
                self.say("500 what?")

    def say(self, words: str) -> None:
        self.wfile.write(f"{words}\r\n".encode())

    def greet(self, _name: str) -> None:
        offers = ["mail.example", "8BITMIME"]
        if self.server.provider.tls and not self.safe:
            offers.append("STARTTLS")
        else:
            offers.append("AUTH PLAIN LOGIN")
        for offer in offers[:-1]:
            self.say(f"250-{offer}")
        self.say(f"250 {offers[-1]}")

    def encrypt(self, _words: str) -> None:
        context = self.server.provider.tls
        if context is None or self.safe:
            self.say("502 not here")
            return
        self.say("220 go ahead")
        self.request = context.wrap_socket(self.request, server_side=True)
        self.connection = self.request
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb", buffering=0)
        self.safe = True

    def sign_in(self, words: str) -> None:
        if self.server.provider.tls and not self.safe:
            self.say("538 5.7.11 encryption is needed first")
            return
        mechanism, _, first = words.partition(" ")
        if mechanism.upper() == "PLAIN" and first:
            _, user, password = b64decode(first).decode().split("\0")
        elif mechanism.upper() == "LOGIN":
            user = self.asked_for("VXNlcm5hbWU6") if not first else b64decode(first).decode()
            password = self.asked_for("UGFzc3dvcmQ6")
        else:
            self.say("504 5.5.4 unknown mechanism")
            return
        self.signed_in = user == USER and compare_digest(password.encode(), PASSWORD.encode())
        self.say("235 2.7.0 welcome" if self.signed_in else "535 5.7.8 authentication failed")

    def asked_for(self, prompt: str) -> str:
        self.say(f"334 {prompt}")
        return b64decode(self.rfile.readline(LONGEST_LINE)).decode()

    def hear_sender(self, words: str) -> None:
        path = _PATH.fullmatch(words)
        if not self.signed_in:
            self.say("530 5.7.0 sign in first")
        elif path is None or path[1] != USER:
            self.say("553 5.7.1 not your address")
        else:
            self.sender = path[1]
            self.say("250 2.1.0 fine")

    def hear_person(self, words: str) -> None:
        path = _PATH.fullmatch(words)
        if self.sender is None:
            self.say("503 5.5.1 who sends it?")
        elif path is None or path[1].startswith("nobody"):
            self.say("550 5.1.1 nobody of that name")
        else:
            self.people.append(path[1])
            self.say("250 2.1.5 fine")

    def take_mail(self, _words: str) -> None:
        if not self.people:
            self.say("503 5.5.1 for whom?")
            return
        self.say("354 go ahead")
        lines: list[bytes] = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line[1:] if line.startswith(b".") else line)
        self.server.provider.bring(b"".join(lines), tuple(self.people))
        self.people.clear()
        self.say("250 2.0.0 taken")

    def forget(self, _words: str) -> None:
        self.sender = None
        self.people.clear()
        self.say("250 fine")


class MailDesk(Loopback):
    """A server at which a mail server's conversations are held."""

    def __init__(self, provider: MailServer, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), Hall)
        self.provider = provider
        provider.port = int(self.server_address[1])
