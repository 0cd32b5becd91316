"""Page texts, typed: English in the source, in the asker's language on the page."""

from typing import Any

import flask_babel


def _(text: str, /, **names: Any) -> str:
    """The text in the asker's language, with its `%(name)s` filled in."""
    return str(flask_babel.gettext(text, **names))


def ngettext(one: str, many: str, number: int) -> str:
    """The text for this number, which fills `%(num)s`."""
    return str(flask_babel.ngettext(one, many, number))
