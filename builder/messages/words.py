"""How ways and deliveries are told in the asker's language."""

from collections.abc import Mapping
from typing import Any, Final

import orjson
from flask_babel import lazy_gettext as _l
from sqlalchemy import RowMapping

from builder.i18n import told_moment, words
from builder.i18n.text import _
from builder.labels import told
from builder.systems.health import State
from runtime import adapters
from runtime.core.lane import Lane
from runtime.core.words import messages as vocabulary
from runtime.store.mailbook import Counts
from runtime.store.ways import Way

CONTACT_NAMES: Final = {
    "wecom": _l("WeCom user id"),
    "phone": _l("Mobile number"),
    "email": _l("E-mail address"),
    "dingtalk": _l("DingTalk user id or mobile number"),
    "feishu": _l("Feishu open id"),
}
RESULT_NAMES: Final = {
    "ok": _l("Delivered"),
    "out": _l("On its way"),
    "refused": _l("Refused"),
    "capped": _l("Too many"),
    "timeout": _l("No answer in time"),
    "error": _l("Error"),
    "wrong_key": _l("Wrong key"),
}
RESULT_ICONS: Final = {
    "ok": "check",
    "out": "hourglass",
    "refused": "refused",
    "capped": "hourglass",
    "timeout": "clock",
    "error": "alert",
    "wrong_key": "key",
}
TONES: Final = {"ok": "done", "out": "running", "capped": "waiting"}
LETTER_NAMES: Final = {
    "waiting": _l("Waiting"),
    "out": _l("On its way"),
    "sent": _l("Delivered"),
    "failed": _l("Not delivered"),
    "withdrawn": _l("Not needed any more"),
}


def messenger_name(key: str) -> str:
    """What a messenger is called."""
    found = adapters.all_messengers().get(key)
    return words(found.label) if found else key


def result_state(result: str) -> State:
    """What came of a delivery, as a badge."""
    return State(TONES.get(result, "failed"), RESULT_ICONS[result], str(RESULT_NAMES[result]), "")


def letter_state(letter: RowMapping) -> State:
    """How a letter stands, as a badge; `text` says why it was not delivered, or until when it is kept."""
    answer = orjson.loads(letter["answer"] or "{}")
    tone = {"sent": "done", "failed": "failed", "waiting": "waiting", "out": "running"}.get(
        letter["state"], "cancelled"
    )
    icon = {"sent": "check", "failed": "alert", "withdrawn": "cross"}.get(letter["state"], "hourglass")
    name = _("Delivered in a digest") if "digest" in answer else str(LETTER_NAMES[letter["state"]])
    if letter["state"] == "waiting" and answer.get("result") == "kept":
        return State(tone, icon, name, _("quiet hours until %(time)s", time=told_moment(answer["until"])))
    return State(tone, icon, name, " ".join(said_of(answer)).strip())


def said_of(answer: Mapping[str, Any]) -> tuple[str, str]:
    """What is said of a delivery, and how to mend it."""
    code = answer.get("code")
    return told(code, answer.get("params", {})) if code else ("", "")


def said(row: RowMapping | None) -> tuple[str, str]:
    """What was answered to a delivery, and how to mend it."""
    return said_of(orjson.loads(row["message"] or "{}")) if row else ("", "")


def way_state(way: Way, lane: Lane, counts: Counts, troubled: bool, at: int) -> State:
    """How a way does."""
    if way.messenger not in adapters.all_messengers():
        gone = _("This kind of messenger does not come with Orderflow any more.")
        return State("failed", "alert", _("Unknown kind"), gone)
    if lane.paused:
        return State("held", "pause", _("Paused"), lane.paused.reason)
    if troubled:
        return State("failed", "key", _("Wrong key"), said(counts.last_failure)[0])
    match lane.breaker(at):
        case "open":
            return State("failed", "alert", _("Breaker open"), said(counts.last_failure)[0])
        case "half_open":
            return State("waiting", "retry", _("Half open"), _("The next message tries whether it is well again."))
        case "closed" if counts.last is None:
            return State("cancelled", "dot", _("Not used yet"), _("A test message shows how it does."))
        case "closed" if counts.last["result"] != "ok":
            return State("waiting", "alert", _("Failing"), said(counts.last)[0])
        case "closed":
            return State("done", "check", _("Working"), "")


def setting_words(rule: Mapping[str, Any]) -> tuple[str, str]:
    """Label and help of a messenger's setting."""
    return told(rule["title"])


def choice_words(rule: Mapping[str, Any], choice: str) -> str:
    """What a choice of a messenger's setting is called."""
    code = f"{rule['title']}.{choice}"
    return told(code)[0] if code in vocabulary() else choice


def clock(minute: int | None) -> str:
    """A minute of the day as the field of a form holds it."""
    return "" if minute is None else f"{minute // 60:02}:{minute % 60:02}"
