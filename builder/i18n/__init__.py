"""Languages, and how times, amounts and names read in them.

Page texts are English in the source; `zh_Hans_CN/LC_MESSAGES/messages.po` turns them into Chinese.
"""

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from babel import Locale
from babel.dates import format_date, format_datetime, format_time
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from flask import Flask, current_app, request
from flask_babel import Babel, get_locale, get_timezone
from flask_login import current_user

from builder.i18n.text import _, ngettext
from runtime.core.money import show_money

LANGUAGES: Final = {"en": "English", "zh-CN": "简体中文"}
# As Babel calls them; the folder of the catalogue has the same name.
LOCALES: Final = {"en": Locale("en"), "zh-CN": Locale("zh", territory="CN", script="Hans")}
LANGUAGE_COOKIE: Final = "language"
_HERE: Final = Path(__file__).parent


def install_i18n(app: Flask, timezone: str, language: str | None) -> None:
    """Give the application its languages and the template filters of this module."""
    compile_catalogues()
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(_HERE)
    app.config["ORDERFLOW_LANGUAGE"] = language
    Babel(app, default_locale="en", default_timezone=timezone, locale_selector=lambda: LOCALES[language_tag()])
    app.jinja_env.globals.update(language_tag=language_tag, languages=LANGUAGES)
    shown = (moment, told_moment, day, clock_time, long_moment, iso, span, money, count, words, plain)
    app.jinja_env.filters.update({one.__name__: one for one in shown})


def language_tag() -> str:
    """The asker's language: as chosen, else as kept with the user, else the shop's, else the browser's."""
    chosen = request.cookies.get(LANGUAGE_COOKIE)
    if chosen in LANGUAGES:
        return str(chosen)
    if current_user and current_user.is_authenticated and current_user.language in LANGUAGES:
        return str(current_user.language)
    if current_app.config["ORDERFLOW_LANGUAGE"]:
        return str(current_app.config["ORDERFLOW_LANGUAGE"])
    best = request.accept_languages.best_match(("en", "zh-CN", "zh"), default="en")
    return "zh-CN" if best.startswith("zh") else "en"


def compile_catalogues() -> None:
    """Make each messages.mo that is missing or older than its messages.po. A read-only installation brings its own."""
    for source in _HERE.glob("*/LC_MESSAGES/messages.po"):
        target = source.with_suffix(".mo")
        fresh = target.exists() and target.stat().st_mtime >= source.stat().st_mtime
        if fresh or not os.access(source.parent, os.W_OK):
            continue
        with source.open("rb") as text:
            catalogue = read_po(text, locale=source.parent.parent.name)
        draft = target.with_suffix(f".{os.getpid()}")
        with draft.open("wb") as binary:
            write_mo(binary, catalogue)
        draft.replace(target)


def words(name: str | Mapping[str, str] | None, language: str | None = None) -> str:
    """A designer's text in the asker's language: a plain text, or a text a language (as a value or as stored JSON)."""
    if name is None:
        return ""
    if isinstance(name, str):
        return _stored_words(name, language)
    return name.get(language or language_tag()) or name.get("en") or next(iter(name.values()), "")


def _stored_words(text: str, language: str | None) -> str:
    if text[:1] not in ('"', "{"):
        return text
    try:
        read = json.loads(text)
    except ValueError:
        return text
    return words(read, language) if isinstance(read, dict) else str(read)


# --- times: microseconds since the epoch, or datetimes, shown in the zone of the business ---------------------------------


def moment(at: int | datetime | None) -> str:
    """Day and time: only the time today, with the year only when it is another one."""
    if at is None:
        return "–"
    local, today = _local(at), datetime.now(get_timezone())
    clock = clock_time(at)
    if local.date() == today.date():
        return clock
    if local.date() == (today - timedelta(days=1)).date():
        return _("yesterday %(time)s", time=clock)
    pattern = "d MMM" if language_tag() == "en" else "M月d日"
    if local.year != today.year:
        pattern = "d MMM y" if language_tag() == "en" else "y年M月d日"
    return f"{format_date(local, pattern, locale=get_locale())} {clock}"


def told_moment(text: str | None) -> str:
    """A moment of an order, which keeps times as UTC text."""
    return "–" if text is None else moment(datetime.fromisoformat(text))


def clock_time(at: int | datetime, seconds: bool = False) -> str:
    """The time of day, 24 hours."""
    return format_time(_local(at), "HH:mm:ss" if seconds else "HH:mm", locale=get_locale())


def day(at: int | datetime) -> str:
    """The day, with its weekday."""
    pattern = "EEE d MMM" if language_tag() == "en" else "M月d日 EEE"
    return format_date(_local(at), pattern, locale=get_locale())


def iso(at: int | datetime) -> str:
    """The moment for a `datetime` attribute."""
    return _utc(at).isoformat(timespec="seconds").replace("+00:00", "Z")


def long_moment(at: int | datetime) -> str:
    """Day, time and zone in full, for titles."""
    return format_datetime(_local(at), "long", locale=get_locale())


def span(microseconds: int | None) -> str:
    """A length of time in its two largest units."""
    if microseconds is None:
        return "–"
    milliseconds = microseconds // 1000
    if milliseconds < 1000:
        return _("%(n)s ms", n=milliseconds)
    seconds = milliseconds // 1000
    if seconds < 60:
        return _("%(n)s s", n=seconds)
    minutes = seconds // 60
    if minutes < 60:
        return ngettext("%(num)s min", "%(num)s min", minutes)
    hours, minutes = divmod(minutes, 60)
    if hours < 24 and not minutes:
        return _("%(n)s h", n=hours)
    if hours < 24:
        return _("%(h)s h %(m)s min", h=hours, m=minutes)
    days, hours = divmod(hours, 24)
    if not hours:
        return _("%(n)s d", n=days)
    return _("%(d)s d %(h)s h", d=days, h=hours)


def _local(at: int | datetime) -> datetime:
    return _utc(at).astimezone(get_timezone())


def _utc(at: int | datetime) -> datetime:
    if isinstance(at, datetime):
        return at.astimezone(UTC)
    return datetime.fromtimestamp(at // 1_000_000, UTC) + timedelta(microseconds=at % 1_000_000)


# --- numbers ----------------------------------------------------------------------------------------------------------


def money(amount: int | None, currency: str) -> str:
    """An amount in minor units with its currency's sign."""
    return "–" if amount is None else show_money(amount, currency, language_tag())


def count(number: int) -> str:
    """A number with the language's grouping."""
    return format_decimal(number, locale=get_locale())


def plain(value: Any) -> str:
    """A value of an order as people read it."""
    match value:
        case None:
            return "–"
        case True:
            return _("yes")
        case False:
            return _("no")
        case {"masked": text}:
            return str(text)
        case {"cipher": _text}:
            return _("encrypted")
        case list():
            return ", ".join(plain(one) for one in value)
        case dict():
            return ", ".join(f"{key}: {plain(one)}" for key, one in value.items())
        case _:
            return str(value)
