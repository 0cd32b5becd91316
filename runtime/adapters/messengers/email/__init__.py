"""E-mail by SMTP (RFC 5321), encrypted by STARTTLS (RFC 3207) or from the first byte on (RFC 8314)."""

import re
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import formataddr
from typing import Final

from runtime.adapters.contract import Conveyance, Delivered, Longest, Message, Messenger, NotDelivered, Undelivered
from runtime.adapters.messengers.asking import SECONDS_WHEN_CAPPED, told
from runtime.adapters.messengers.email.office import Declined, Readable, mail
from runtime.adapters.messengers.telling import cut, one_line
from runtime.core.problem import Problem
from runtime.outgoing import Refused, TooLate, Unanswered

NAME: Final = "email"
LONGEST: Final = Longest(100_000, "characters")
LONGEST_SUBJECT: Final = Longest(200, "characters")
# RFC 4954: what proves who sends is missing, wrong or too weak.
NOT_KNOWN: Final = (530, 534, 535, 538)

_ADDRESS: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@([\w-]{1,63}\.)*[\w-]{1,63}")
_TOO_MANY: Final = re.compile(r"too many|too fast|\brate\b|frequen|频", re.IGNORECASE)
_NOT_IN_AN_ID: Final = re.compile(r"[^A-Za-z0-9.~/_-]")


def send(message: Message, by: Conveyance) -> Delivered | NotDelivered:
    """One mail to all of `to`. An address that could be more than an address is refused."""
    sender, to = _plain(by.settings["sender"]), [_plain(one) for one in message.to]
    if sender is None:
        return NotDelivered("wrong_key", Problem("email.sender"))
    if None in to or not to:
        return NotDelivered("refused", Problem("email.address"))
    people = tuple(one for one in to if one)
    try:
        missed = mail(written(message, sender, people, by), sender, people, by)
    except Refused as refused:
        return NotDelivered("wrong_key", Problem(refused.code, params=refused.params))
    except Readable:
        return NotDelivered("wrong_key", Problem("email.readable"))
    except TooLate:
        return NotDelivered("timeout", Problem("messenger.late", params={"seconds": round(by.timeout_seconds)}))
    except Unanswered as broken:
        return NotDelivered("error", Problem("messenger.unanswered", params={"why": told(str(broken), by)}))
    except Declined as declined:
        return _judged(declined, by)
    return Delivered(missed=tuple(one for one, plain in zip(message.to, people, strict=True) if plain in missed))


def written(message: Message, sender: str, to: tuple[str, ...], by: Conveyance) -> EmailMessage:
    """The mail. Its `Message-ID` is made from the key, so that one that is sent again is known by it."""
    mail = EmailMessage()
    mail["From"] = formataddr((one_line(str(by.settings.get("sender_name") or "")), sender))
    mail["To"] = ", ".join(to)
    mail["Subject"] = cut(one_line(message.subject), LONGEST_SUBJECT)
    mail["Date"] = datetime.fromtimestamp(int(by.at), UTC)
    mail["Message-ID"] = f"<{_NOT_IN_AN_ID.sub('-', message.key)}@{sender.partition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's away notice answers it
    if message.urgent:
        mail["Importance"] = "high"
        mail["X-Priority"] = "1"
    parts = (cut(message.text.strip(), LONGEST), message.link)
    mail.set_content("\n\n".join(part for part in parts if part), charset="utf-8")
    mail["Content-Language"] = message.language
    return mail


def _plain(address: str) -> str | None:
    """An address as it stands in headers and commands, its domain in ASCII; None where it is none."""
    name, at, domain = address.strip(" ").partition("@")
    try:
        plain = f"{name}{at}{domain.encode('idna').decode()}"
    except UnicodeError:
        return None
    return plain if _ADDRESS.fullmatch(plain) and plain.isascii() else None


def _judged(declined: Declined, by: Conveyance) -> NotDelivered:
    kind: Undelivered
    if declined.code in NOT_KNOWN:
        kind = "wrong_key"
    elif _TOO_MANY.search(declined.said):
        kind = "capped"
    else:
        kind = "error" if declined.code < 500 else "refused"
    code = "email.wrong_key" if kind == "wrong_key" else f"messenger.{kind}"
    problem = Problem(code, params={"said": told(f"{declined.code} {declined.said}", by)})
    return NotDelivered(kind, problem, SECONDS_WHEN_CAPPED if kind == "capped" else 0)


MESSENGER = Messenger(
    {"en": "E-mail", "zh-CN": "电子邮件"},
    {
        "type": "object",
        "properties": {
            "host": {"type": "string", "title": "email.host", "minLength": 1, "maxLength": 253},
            "port": {"type": "integer", "title": "email.port", "minimum": 1, "maximum": 65_535, "default": 587},
            "security": {
                "type": "string",
                "title": "email.security",
                "enum": ["starttls", "tls", "none"],
                "default": "starttls",
            },
            "username": {"type": "string", "title": "email.username", "maxLength": 254},
            "password": {"type": "string", "title": "email.password", "maxLength": 500, "x-secret": True},
            "sender": {"type": "string", "title": "email.sender_address", "minLength": 3, "maxLength": 254},
            "sender_name": {"type": "string", "title": "email.sender_name", "maxLength": 100},
        },
        "required": ["host", "sender"],
        "additionalProperties": False,
    },
    send,
    contact="email",
    longest=LONGEST,
)
