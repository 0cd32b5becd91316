"""The catalogues are complete: every text of pages and code stands in each, translated, with its placeholders."""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parent.parent
CATALOGUES = ROOT / "builder" / "i18n"
PLACEHOLDER = re.compile(r"%\([a-z_]+\)[sd]|\{[a-z_.]+\}")


def main() -> None:
    wanted = extract()
    found = [fault for path in sorted(CATALOGUES.rglob("*.po")) for fault in faults(path, wanted)]
    print("\n".join(found) or f"{len(wanted)} texts, all translated")
    raise SystemExit(1 if found else 0)


def extract() -> Catalog:
    """Every text that pages and code ask a translation of."""
    with tempfile.NamedTemporaryFile(suffix=".pot") as pot:
        command = [str(Path(sys.executable).with_name("pybabel")), "-q", "extract", "-F", str(CATALOGUES / "babel.cfg")]
        command += ["-k", "_l", "-k", "lazy_gettext", "-o", pot.name, "."]
        subprocess.run(command, cwd=ROOT, check=True)
        return read_po(pot)


def faults(path: Path, wanted: Catalog) -> list[str]:
    with path.open("rb") as file:
        catalogue = read_po(file)
    name = path.relative_to(ROOT)
    known = {message.id: message for message in catalogue if message.id}
    texts = {message.id: message for message in wanted if message.id}
    missing = [f"{name}: not in it: {text!r} ({texts[text].locations[:1]})" for text in texts if text not in known]
    bare = [
        f"{name}: without translation: {text!r}" for text in texts if text in known and not whole(known[text].string)
    ]
    unsure = [f"{name}: marked fuzzy: {text!r}" for text, message in known.items() if message.fuzzy]
    odd = [f"{name}: other placeholders than {text!r}" for text in texts if text in known and not same(known[text])]
    return [*missing, *bare, *unsure, *odd]


def whole(string: object) -> bool:
    return all(string) if isinstance(string, tuple | list) else bool(string)


def same(message: object) -> bool:
    """Plural forms may leave the number out; nothing else may be left out or added."""
    origin, translated = message.id, message.string  # type: ignore[attr-defined]
    if isinstance(origin, tuple | list):
        return True
    return sorted(PLACEHOLDER.findall(origin)) == sorted(PLACEHOLDER.findall(str(translated)))


if __name__ == "__main__":
    main()
