"""Characters that labels, scanners and other systems trip over, and text that was decoded wrongly on its way."""

import re
import unicodedata
from collections.abc import Iterator

# What most text is made of: printable ASCII, Latin letters, common CJK and its punctuation, kana, hangul, full-width forms.
_ORDINARY = re.compile(
    r"[\n\t\r -~\u00a1-\u00ac\u00ae-\u024f\u2010-\u2027\u2030-\u205e\u3000-\u303f\u3040-\u30ff\u4e00-\u9fa5\uac00-\ud7a3"
    r"\uff01-\uffe6]*"
)

# Chinese characters that GBK does not have; the emoji that Unicode has added most lately count as emoji, not as unassigned.
_KINDS = (
    ("rare_characters", re.compile(r"[\u3400-\u4dbf\u9fa6-\u9fff\U00020000-\U0003fffd]")),
    (
        "emoji",
        re.compile(r"[\u2600-\u27bf\u2b05-\u2b55\ufe0f\u20e3\U0001f000-\U0001faff\U000e0020-\U000e007f]"),
    ),
    ("control_characters", re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u200b\u2028\u2029\u2060\ufeff]")),
    ("reversed_text", re.compile(r"[\u202a-\u202e\u2066-\u2069]")),
    ("private_characters", re.compile(r"[\ue000-\uf8ff\U000f0000-\U0010fffd]")),
)
_MAY_BE_NEW = re.compile(r"[\U00020000-\U0003fffd\U0001f000-\U0001faff]")

_REPLACED = re.compile(r"\ufffd|锟斤拷|烫烫烫|屯屯屯|ï¿½")
_LATIN_PAIR = re.compile(r"[\u00c2-\u00f4][\u0080-\u00bf\u0152-\u0178\u02c6\u02dc\u2013-\u2122]")

# A single pair may be chance (NESTLÉ®); it speaks for a mistake when it stood for something common.
_LIKELY = re.compile(r"[\u00a0-\u017f\u2010-\u2122\u3000-\u9fff\U0001f000-\U0001faff]")


def unusual(text: str) -> Iterator[tuple[str, str]]:
    """What is unusual about a text: the check's name and an example (`U+20BB7`, or the text as it was meant)."""
    if text.isascii() and text.isprintable():
        return
    if not _ORDINARY.fullmatch(text):
        for check, pattern in _KINDS:
            match = pattern.search(text)
            if match:
                yield check, _code_point(match.group())
        unassigned = next(filter(_is_unassigned, text), None)
        if unassigned:
            yield "unassigned_characters", _code_point(unassigned)
    meant = _misread(text)
    if meant is not None:
        yield "mojibake", meant[:40]


def _is_unassigned(character: str) -> bool:
    """Whether Unicode has no such character. Where Chinese characters and emoji are still added, nobody can be sure."""
    return unicodedata.category(character) == "Cn" and not _MAY_BE_NEW.match(character)


def _code_point(character: str) -> str:
    return f"U+{ord(character):04X}"


def _misread(text: str) -> str | None:
    """What a wrongly decoded text was meant to be, or the tell-tale mark itself; None when nothing speaks for it."""
    mark = _REPLACED.search(text)
    if mark:
        return mark.group()
    pairs = len(_LATIN_PAIR.findall(text))
    if pairs:
        meant = _undo(text, "cp1252") or _undo(text, "latin-1")
        return meant if meant and (pairs > 1 or _LIKELY.search(meant)) else None
    return _undo_chinese(text)


def _undo(text: str, wrong: str) -> str | None:
    try:
        return text.encode(wrong).decode("utf-8")
    except UnicodeError:
        return None


def _undo_chinese(text: str) -> str | None:
    """UTF-8 read as GB 18030 gives Chinese of its own kind; the way back must lead to common Chinese only."""
    run = max(re.findall(r"[\u4e00-\u9fff\u20ac]+", text), key=len, default="")
    meant = _undo(run, "gb18030") if len(run) >= 3 else None
    return meant if meant and re.fullmatch(r"[\u4e00-\u9fff]{2,}", meant) else None
