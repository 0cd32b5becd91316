"""Between the post and the messengers: a delivery becomes a message, and what they tell becomes an answer."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, Literal

import orjson
from sqlalchemy import Connection, RowMapping

from nodes.contract import Answered
from runtime.adapters.contract import Call, Conveyance, Delivered, Message, Messenger, NotDelivered, Outlet
from runtime.clock import Clock
from runtime.core import words
from runtime.core.problem import Problem
from runtime.core.words import spoken
from runtime.store.journal import ClaimedEffect
from runtime.store.ways import Way
from runtime.systems import allowed, read_allowed

# What a step is told where its message did not go: the words for results that only messengers know.
AS_ANSWERS: Final[Mapping[str, Literal["error", "timeout"]]] = {"error": "error", "timeout": "timeout"}
AS_FAILURES: Final = {"capped": "error", "wrong_key": "refused"}
WORST_FIRST: Final = ("refused", "wrong_key", "error", "capped", "timeout", "bad_answer")


def conveyance(connection: Connection, way: Way, secret_key: str, timeout_seconds: float) -> Conveyance | None:
    """By what a message travels; None: its secrets cannot be opened with this key."""
    secrets = open_secrets(way.sealed, secret_key)
    if secrets is None:
        return None
    listed = read_allowed(allowed(connection))
    return Conveyance(way.settings, secrets, listed, timeout_seconds, at=0.0)


def open_secrets(sealed: str | None, secret_key: str) -> dict[str, str] | None:
    """The secrets of a way, by setting."""
    if not sealed:
        return {}
    # Only this needs cryptography, which is large: most processes never open a secret.
    from runtime.sealing import Seal

    opened = Seal(secret_key).open(sealed)
    return dict(zip(opened[::2], opened[1::2], strict=True)) if opened else None


def outlet(way: Way, messenger: Messenger, by: Conveyance | None, clock: Clock) -> Outlet:
    """What makes the calls of a way's deliveries."""

    def send(call: Call) -> Answered:
        if by is None:
            return answer_of(NotDelivered("wrong_key", Problem("post.sealed")))
        told = message_of(call.content)
        return answer_of(messenger.send(told, replace(by, at=clock().timestamp())))

    return Outlet(way.name, send)


def message_of(content: Mapping[str, Any]) -> Message:
    """The message of a delivery's content."""
    return Message(
        key=content["key"],
        to=tuple(content["to"]),
        subject=content["subject"],
        text=content["text"],
        urgent=content["urgent"],
        language=spoken(content["language"]),
        link=content["link"],
    )


def answer_of(told: Delivered | NotDelivered) -> Answered:
    """What a messenger tells, as an answer that can be written down."""
    match told:
        case Delivered(receipt=receipt, missed=()):
            return Answered("ok", {"receipt": receipt})
        case Delivered(missed=missed):
            problem = Problem("post.missed", params={"who": ", ".join(map(masked_address, missed))})
            return answer_of(NotDelivered("refused", problem))
        case NotDelivered(kind=kind, problem=problem, retry_after_seconds=seconds):
            said = {"code": problem.code, "params": dict(problem.params), "retry_after_seconds": seconds}
            return Answered(AS_ANSWERS.get(kind, "refused"), {"kind": kind, **said})


def result_of(answer: Answered) -> tuple[str, dict[str, Any]]:
    """What came of a delivery, and what is said of it: the code of words with their parameters."""
    content = dict(answer.content)
    if "code" in content:
        return content.pop("kind"), content
    match answer.result:
        case "ok":
            return "ok", content
        case "timeout":
            return "timeout", {"code": "post.late", "params": {}}
        case _:
            return "error", {"code": "post.defect", "params": {"defect": answer.message}}


def in_words(said: Mapping[str, Any], language: str) -> str:
    """What is said of a delivery, in a language."""
    return words.text(said["code"], said.get("params", {}), language)[0] if "code" in said else ""


def outcome(letters: Sequence[RowMapping], language: str) -> Answered | None:
    """What a step is told of its message; None as long as any of it is on its way and not kept for later."""
    found = [(one["state"], orjson.loads(one["answer"] or "{}")) for one in letters if one["state"] != "passed_on"]
    kept = [told["until"] for state, told in found if state == "waiting" and told.get("result") == "kept"]
    if sum(state in ("waiting", "out") for state, _told in found) > len(kept):
        return None
    sent = [told for state, told in found if state == "sent"]
    failed = [told for state, told in found if state == "failed"]
    if not sent and not kept and failed:
        return _failed(failed, language)
    note: dict[str, Any] = {"delivered": len(sent), "ways": sorted({told["way"] for told in sent})}
    digests = sorted({told["digest"] for told in sent if "digest" in told})
    return Answered(
        "ok",
        note
        | ({"digest": digests[0]} if digests else {})
        | ({"kept_until": max(kept)} if kept else {})
        | ({"not_delivered": len(failed)} if failed else {}),
    )


def _failed(told: Sequence[Mapping[str, Any]], language: str) -> Answered:
    worst = min(told, key=lambda one: WORST_FIRST.index(one["result"]))
    result = AS_FAILURES.get(worst["result"], worst["result"])
    return Answered(result, message=in_words(worst, language))


def call_of(delivery: RowMapping) -> ClaimedEffect:
    """The call of a delivery that goes out again."""
    content = {**orjson.loads(delivery["content"]), "key": delivery["key"]}
    return ClaimedEffect(delivery["id"], "messenger", delivery["way"], content, delivery["sends"] + 1)


# --- masking --------------------------------------------------------------------------------------------------------------


def masked(to: Sequence[str]) -> str:
    """Addresses as logs show them."""
    shown = ", ".join(masked_address(one) for one in to[:3])
    return f"{shown} …" if len(to) > 3 else shown


def masked_address(address: str) -> str:
    """An address that can be told apart and not be used: `138****8000`, `l***@example.com`."""
    if address.startswith("@"):
        return address
    name, at, host = address.partition("@")
    if at:
        return f"{name[:1]}***@{host}"
    if len(address) >= 7:
        return f"{address[:3]}****{address[-4:]}" if len(address) > 9 else f"{address[:2]}***{address[-2:]}"
    return f"{address[:1]}***"
