"""Files that people attach to comments: what they are is told from what is in them, never from their name.

Nothing is searched for viruses: files are only handed out as downloads that a browser does not run.
"""

import io
import unicodedata
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

MOST_BYTES: Final = 10 * 1024 * 1024
LONGEST_NAME: Final = 120
MOST_MEMBERS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file that is taken: its media type, and how its name may end, the usual end first."""

    type: str
    ends: tuple[str, ...]

    @property
    def picture(self) -> bool:
        """Whether browsers show it as a picture."""
        return self.type.startswith("image/")


SHEET: Final = Kind("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", (".xlsx",))
CSV: Final = Kind("text/csv", (".csv",))
TEXT: Final = Kind("text/plain", (".txt", ".log", ".md"))


def kind_of(content: bytes, name: str) -> Kind | None:
    """What a file is by its content; None: it is of no kind that is taken. A text is a CSV if it is called so."""
    found = next((kind for kind, fits in _SIGNS if fits(content)), None)
    if found is not None:
        return found
    if content[:4] == b"PK\x03\x04":
        return SHEET if _is_sheet(content) else None
    if not _is_text(content):
        return None
    return CSV if name.lower().endswith(CSV.ends) else TEXT


def fit_name(name: str, kind: Kind) -> str:
    """The file's own name without folders and without signs that deceive, ending as its kind does."""
    last = name.replace("\\", "/").rpartition("/")[2]
    shown = "".join(sign for sign in last if unicodedata.category(sign)[0] != "C").strip(" .")
    stem, dot, end = shown.rpartition(".")
    if dot and f".{end.lower()}" in kind.ends:
        return f"{stem[: LONGEST_NAME - len(end) - 1] or 'file'}.{end}"
    return f"{shown[: LONGEST_NAME - len(kind.ends[0])] or 'file'}{kind.ends[0]}"


def _begins(*signs: bytes) -> Callable[[bytes], bool]:
    return lambda content: content.startswith(signs)


def _is_webp(content: bytes) -> bool:
    return content[:4] == b"RIFF" and content[8:12] == b"WEBP"


_SIGNS: Final[tuple[tuple[Kind, Callable[[bytes], bool]], ...]] = (
    (Kind("image/png", (".png",)), _begins(b"\x89PNG\r\n\x1a\n")),
    (Kind("image/jpeg", (".jpg", ".jpeg")), _begins(b"\xff\xd8\xff")),
    (Kind("image/gif", (".gif",)), _begins(b"GIF87a", b"GIF89a")),
    (Kind("image/webp", (".webp",)), _is_webp),
    (Kind("application/pdf", (".pdf",)), _begins(b"%PDF-")),
)


def _is_sheet(content: bytes) -> bool:
    """A workbook without macros. Only the list of its members is read."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = set(archive.namelist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return False
    has_macros = any(member.endswith("vbaProject.bin") for member in members)
    return len(members) < MOST_MEMBERS and {"[Content_Types].xml", "xl/workbook.xml"} <= members and not has_macros


def _is_text(content: bytes) -> bool:
    """Text that is no page, picture or script of a browser: none of these is taken."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        odd = any(unicodedata.category(sign) == "Cc" and sign not in "\t\r\n\f" for sign in text)
        return bool(text) and not odd and not text.lstrip().startswith("<")
    return False
