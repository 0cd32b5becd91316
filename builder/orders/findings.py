"""What a step found, heard, sent or failed of, in the words of who reads an order's story."""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from sqlalchemy import RowMapping

from builder.i18n import plain, words
from builder.i18n.text import _
from builder.labels import answer_words, field_name, outlet_name, told, value_name
from builder.orders.names import Names

# Findings that say the same of a field: it is not there.
_GAPS = frozenset(("pre-check.missing", "pre-check.empty", "pre-check.address_incomplete"))


def failure_words(code: str, params: Mapping[str, Any]) -> tuple[str, str]:
    """Why a step failed and what to do, with systems and notifiers by the names that people give them."""
    known = {"system": "system", "channel": "notifier"}
    shown = {key: outlet_name(known[key], str(value)) if key in known else value for key, value in params.items()}
    if isinstance(shown.get("message"), str):
        shown["message"] = answer_words(shown["message"])
    return told(code, shown)


def finding_words(findings: Iterable[Mapping[str, Any]]) -> list[str]:
    """What a check found, a sentence for each kind of oddity with all fields that have it. A gap is told once."""
    fields: dict[str, list[str]] = {}
    gaps: set[str] = set()
    for finding in findings:
        code, path = finding["code"], finding["field"]
        if code in _GAPS:
            if path in gaps:
                continue
            gaps.add(path)
        label = field_name(path)
        text, _remedy = told(code, {"field": label, **finding.get("params", {})})
        named = fields.setdefault(text, [])
        if label not in text and label not in named:
            named.append(label)
    return [_("%(field)s: %(text)s", field=_(", ").join(named), text=text) if named else text
            for text, named in fields.items()]  # fmt: skip


def note_words(note: Mapping[str, Any]) -> list[str]:
    """What a step wrote down beside its way out."""
    if note.get("timed") and "decision" in note:
        return [_("Time decided, as the ladder says, because nobody did.")]
    if note.get("timed"):
        return [_("The deadline passed without a decision.")]
    if note.get("nobody_free"):
        return [_("Nobody of the team had a hand free, or others came first.")]
    if "decision" in note and note.get("reason"):
        return [_("“%(reason)s”", reason=note["reason"])]
    return []


def call_facts(call: RowMapping, names: Names) -> list[tuple[str, str]]:
    """What a system or messenger was sent, and what it answered, as (name, words)."""
    content = orjson.loads(call["content"])
    facts = [(_("Sent to") if call["sends"] else _("To be sent to"), outlet_name(call["adapter"], call["target"]))]
    if call["sends"] > 1:
        facts.append((_("Sent"), _("%(n)s times, with the same key: who sent it had died", n=call["sends"])))
    if content.get("to"):
        facts.append((_("To"), names.addressee(plain(words(content["to"])))))
    if content.get("text"):
        facts.append((_("Text"), plain(words(content["text"]))))
    if content.get("action"):
        facts.append((_("Action"), value_name("action", plain(content["action"]))))
    if call["answer"]:
        answer = orjson.loads(call["answer"])
        if answer.get("message"):
            facts.append((_("Answer"), answer_words(answer["message"])))
    return facts
