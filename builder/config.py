"""The settings: one frozen value, read once from ORDERFLOW_… variables, checked, and described in one table.

`SETTINGS` is that table. The README shows it, `orderflow settings` prints it, and a test holds them together.
"""

import os
import secrets
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from difflib import get_close_matches
from hashlib import sha256
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

PREFIX = "ORDERFLOW_"
LANGUAGES = ("en", "zh-CN")
LOG_LEVELS = ("debug", "info", "warning", "error")
LOG_FORMATS = ("text", "json")
DATABASES = ("sqlite", "postgresql", "mysql", "mariadb")
NO_PUSH = "off"
SOCKET_PATH_LIMIT = 100  # bytes; systems stop at 104 (BSD, macOS) or 108 (Linux), the closing zero included

_HERE = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that a start can be told. Paths are absolute, URLs complete, nothing is looked up again later."""

    home: Path
    database_url: str = field(repr=False)
    redis_url: str = field(repr=False)
    embedded_redis: bool
    host: str
    port: int
    push_port: int
    push_url: str
    demo: bool
    workers: int
    threads: int
    proxies: int
    timezone: str
    language: str | None
    secret_key: str = field(repr=False)
    undo_seconds: int
    log_level: str
    log_format: str

    @property
    def pushes(self) -> bool:
        """True when open pages are told of changes; otherwise they ask by themselves."""
        return self.push_url != NO_PUSH

    @property
    def loopback(self) -> bool:
        """True when only this machine can reach the web server."""
        return is_loopback(self.host)


@dataclass(frozen=True, slots=True)
class BadSetting:
    """One variable that stops the start: what is wrong with it and how to mend it."""

    name: str
    text: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.name}: {self.text} {self.remedy}"


@dataclass(frozen=True, slots=True)
class BadSettings:
    """Every variable that stops the start, so that all can be mended in one go."""

    problems: tuple[BadSetting, ...]

    def __str__(self) -> str:
        return "\n".join(f"  {problem}" for problem in self.problems)


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table: the variable, what holds without it, what it does, how its text is read."""

    name: str
    default: str
    meaning: str
    read: Callable[[str], object]

    @property
    def field(self) -> str:
        return self.name.removeprefix(PREFIX).lower()


class _Unfit(Exception):
    """The text does not fit the setting. Arguments: what is wrong, how to mend it."""


def asset_root() -> Path:
    """The folder that holds `templates`, `static/dist` and `flows_examples`: the checkout, or the installed wheel's."""
    packed = _HERE / "assets"
    return packed if packed.is_dir() else _HERE.parent


def data_root(env: Mapping[str, str]) -> Path:
    """Where all homes lie: ORDERFLOW_HOME, else `var` in the checkout, else `.orderflow` in the user's folder."""
    told = env.get("ORDERFLOW_HOME", "").strip()
    if told:
        return Path(told).expanduser().absolute()
    in_checkout = (_HERE.parent / "pyproject.toml").is_file()
    return _HERE.parent / "var" if in_checkout else Path.home() / ".orderflow"


def home_of(root: Path, *, demo: bool) -> Path:
    """Demo and real data never share a home."""
    return root / ("demo" if demo else "live")


def read_settings(env: Mapping[str, str]) -> Settings | BadSettings:
    """The settings that the environment tells, or every reason why they cannot be used.

    Makes the home and its secret key when they are missing; touches nothing when a setting is bad."""
    told = {name: text.strip() for name, text in env.items() if name.startswith(PREFIX) and text.strip()}
    read: dict[str, object] = {}
    problems = [_unknown(name) for name in sorted(told) if name not in _BY_NAME]
    for setting in SETTINGS:
        if setting.name in told:
            try:
                read[setting.field] = setting.read(told[setting.name])
            except _Unfit as unfit:
                problems.append(BadSetting(setting.name, *unfit.args))
    if not problems:
        problems = _contradictions(read)
    if problems:
        return BadSettings(tuple(problems))
    root = data_root(env)
    try:
        return _complete(read, root)
    except OSError as broken:
        text = f"the home in {root} cannot be made or used ({broken.strerror or broken})."
        return BadSettings((BadSetting("ORDERFLOW_HOME", text, "Name a folder that you may write in."),))


def settings_table() -> str:
    """The table of all settings as Markdown, as the README shows it."""
    rows = [f"| `{s.name}` | {s.default} | {s.meaning} |" for s in SETTINGS]
    return "\n".join(["| Variable | Default | Meaning |", "|---|---|---|", *rows])


def socket_path(home: Path) -> Path:
    """Where the embedded Redis of a home listens: in the home, or in a short folder where that path is too long."""
    inside = home / "redis.sock"
    if len(os.fsencode(inside)) <= SOCKET_PATH_LIMIT:
        return inside
    mark = sha256(os.fsencode(home)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"orderflow-{os.getuid()}-{mark}" / "redis.sock"


def is_loopback(host: str) -> bool:
    """True for localhost and for addresses that never leave the machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _complete(read: Mapping[str, object], root: Path) -> Settings:
    demo = bool(read.get("demo", False))
    home = home_of(root, demo=demo)
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    port = int(str(read.get("port", 8000)))
    values: dict[str, object] = {
        "database_url": f"sqlite:///{home / 'orderflow.db'}",
        "redis_url": f"unix://{socket_path(home)}",
        "host": "127.0.0.1",
        "port": port,
        "push_port": port + 1 if port < 65535 else port - 1,
        "push_url": "",
        "demo": demo,
        "workers": 2,
        "threads": 32,
        "undo_seconds": 30,
        "proxies": 0,
        "timezone": "Asia/Shanghai",
        "language": None,
        "log_level": "info",
        "log_format": "text",
        **read,
        "home": home,
        "embedded_redis": "redis_url" not in read,
    }
    values.setdefault("secret_key", _kept_secret(home))
    return Settings(**values)  # type: ignore[arg-type]  # the readers made each value of its field's kind


def _kept_secret(home: Path) -> str:
    """The home's own key: made once, readable by its owner alone."""
    path = home / "secret-key"
    if not path.exists():
        draft = home / f"secret-key.{secrets.token_hex(8)}"
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(48))
        with suppress(FileExistsError):  # another start of the same moment was first: its key holds
            path.hardlink_to(draft)
        draft.unlink()
    return path.read_text("ascii").strip()


def _unknown(name: str) -> BadSetting:
    close = get_close_matches(name, _BY_NAME, n=1, cutoff=0.75)
    hint = f"Did you mean {close[0]}?" if close else "`orderflow settings` lists all that exist; unset this one."
    return BadSetting(name, "is not a setting of Orderflow.", hint)


def _contradictions(read: Mapping[str, object]) -> list[BadSetting]:
    host = str(read.get("host", "127.0.0.1"))
    if read.get("demo") and not is_loopback(host):
        return [
            BadSetting(
                "ORDERFLOW_DEMO",
                f"the demo shop has users without passwords, so it never listens on {host}.",
                "Set ORDERFLOW_HOST=127.0.0.1, or start the real thing with ORDERFLOW_DEMO=0.",
            )
        ]
    return []


def _read_whole(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and low <= int(text[:9]) <= high):
            raise _Unfit(f"“{text}” is no whole number from {low} to {high}.", f"For example: {low}.")
        return int(text)

    return read


def _read_choice(choices: tuple[str, ...]) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text in choices:
            return text
        small = {choice.lower(): choice for choice in choices}
        close = get_close_matches(text.lower(), small, n=1)
        hint = f"Did you mean {small[close[0]]}?" if close else f"Take one of {', '.join(choices)}."
        raise _Unfit(f"“{text}” is not one of {', '.join(choices)}.", hint)

    return read


def _read_switch(text: str) -> bool:
    switches = {"1": True, "yes": True, "true": True, "on": True, "0": False, "no": False, "false": False, "off": False}
    if text.lower() not in switches:
        raise _Unfit(f"“{text}” is neither on nor off.", "Write 1 or 0.")
    return switches[text.lower()]


def _read_database(text: str) -> str:
    dialect = urlsplit(text).scheme.partition("+")[0]
    if dialect not in DATABASES or "://" not in text:
        raise _Unfit(
            "is not the address of a database that Orderflow knows.",
            "Write sqlite:///PATH, postgresql://USER:PASSWORD@HOST/NAME or mariadb://USER:PASSWORD@HOST/NAME.",
        )
    driver = {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql", "mariadb": "mariadb+pymysql"}
    return text.replace(f"{urlsplit(text).scheme}://", f"{driver.get(dialect, dialect)}://", 1)


def _read_redis(text: str) -> str:
    if urlsplit(text).scheme not in ("redis", "rediss", "unix"):
        raise _Unfit("is not the address of a Redis.", "Write redis://HOST:PORT/0 or unix:///PATH/redis.sock.")
    return text


def _read_push(text: str) -> str:
    told = text.rstrip("/")
    parts = urlsplit(told)
    here = told.startswith("/") and not told.startswith("//")
    elsewhere = parts.scheme in ("http", "https") and bool(parts.netloc)
    if told == NO_PUSH or ((here or elsewhere) and not set(told) & set(" ;,'\"?#")):
        return told
    raise _Unfit(
        f"“{text}” is no address at which a browser finds the stream.",
        "Write a path such as /push where a proxy leads there, a whole address such as https://push.example.com, or off.",
    )


def _read_host(text: str) -> str:
    if any(sign in text for sign in "/ ") or (":" in text and text.count(":") == 1):
        raise _Unfit(f"“{text}” is no host name or address.", "Write 127.0.0.1 here, and the port in ORDERFLOW_PORT.")
    return text


def _read_zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        close = get_close_matches(
            text, ("Asia/Shanghai", "Asia/Hong_Kong", "America/Sao_Paulo", "Europe/Berlin", "UTC"), n=1
        )
        raise _Unfit(
            f"“{text}” is no time zone.", f"Did you mean {close[0]}?" if close else "For example: Asia/Shanghai."
        ) from None
    return text


def _read_secret(text: str) -> str:
    if len(text) < 32:
        raise _Unfit("is shorter than 32 characters.", "Unset it, and one is made and kept in the home.")
    return text


def _read_path(text: str) -> Path:
    path = Path(text).expanduser().absolute()
    if path.exists() and not path.is_dir():
        raise _Unfit(f"{path} is a file.", "Name a folder; it is made when it is missing.")
    return path


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "ORDERFLOW_HOME",
        "`var` in the checkout, else `~/.orderflow`",
        "Folder of all data; `demo` and `live` in it are apart and neither start touches the other",
        _read_path,
    ),
    Setting(
        "ORDERFLOW_DATABASE_URL",
        "SQLite in the home",
        "`sqlite:///…`, `postgresql://…` or `mariadb://…`",
        _read_database,
    ),
    Setting(
        "ORDERFLOW_REDIS_URL",
        "an own Redis in the home",
        "`redis://…`, `rediss://…` or `unix://…`; with it, none is started",
        _read_redis,
    ),
    Setting("ORDERFLOW_HOST", "`127.0.0.1`", "Address that the web server listens on", _read_host),
    Setting(
        "ORDERFLOW_PORT",
        "`8000`",
        "Its port; `orderflow up` takes the next one when it is taken",
        _read_whole(1, 65535),
    ),
    Setting(
        "ORDERFLOW_PUSH_PORT",
        "the next one",
        "Port of the stream by which open pages hear of changes; `orderflow up` takes the next one when it is taken",
        _read_whole(1, 65535),
    ),
    Setting(
        "ORDERFLOW_PUSH_URL",
        "this host at that port",
        "Where browsers reach it, such as `/push` where a proxy leads `/push/` there; `off`: pages ask now and then",
        _read_push,
    ),
    Setting("ORDERFLOW_DEMO", "`0`", "`1`: the demo shop with simulated orders; on loopback only", _read_switch),
    Setting("ORDERFLOW_WORKERS", "`2`", "Worker processes that `orderflow up` keeps alive", _read_whole(1, 64)),
    Setting("ORDERFLOW_THREADS", "`32`", "Requests that the web server works on at once", _read_whole(1, 512)),
    Setting(
        "ORDERFLOW_PROXIES",
        "`0`",
        "Reverse proxies in front of it, whose `X-Forwarded-…` headers hold; then over HTTPS only",
        _read_whole(0, 8),
    ),
    Setting(
        "ORDERFLOW_TIMEZONE", "`Asia/Shanghai`", "Time zone of the business: shown times, days, deadlines", _read_zone
    ),
    Setting(
        "ORDERFLOW_LANGUAGE",
        "the browser's",
        "Language of people who chose none: `en` or `zh-CN`",
        _read_choice(LANGUAGES),
    ),
    Setting(
        "ORDERFLOW_SECRET_KEY",
        "made once, kept in the home",
        "Signs sessions; at least 32 characters, the same on every host",
        _read_secret,
    ),
    Setting(
        "ORDERFLOW_UNDO_SECONDS",
        "`30`",
        "How long a decision in the inbox can be taken back, before its order hears of it",
        _read_whole(0, 300),
    ),
    Setting("ORDERFLOW_LOG_LEVEL", "`info`", "`debug`, `info`, `warning` or `error`", _read_choice(LOG_LEVELS)),
    Setting("ORDERFLOW_LOG_FORMAT", "`text`", "`text` for people, `json` for machines", _read_choice(LOG_FORMATS)),
)
_BY_NAME = {setting.name: setting for setting in SETTINGS}
