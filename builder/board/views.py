"""The board's pages, and the rows that their script shows: all at first, then what has changed."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from flask import Blueprint, Flask, Response, current_app, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import get_timezone
from sqlalchemy import Connection

from builder.auth import may, requires
from builder.board.forecasts import Forecasts
from builder.board.snapshot import Board, Line, Snapshot, changes
from builder.canvas.answers import answered
from builder.drawn import drawn_version
from builder.i18n import words
from builder.i18n.text import _
from builder.inbox.board import receivers
from builder.models import engine
from builder.orders.names import Names, names
from builder.web import counting, service
from runtime.core.forecast import FEWEST, Kin
from runtime.core.moment import micros
from runtime.core.plan import drawn_id
from runtime.store import screens
from runtime.store.database import reading

pages = Blueprint("board", __name__)

MOST_ROWS: Final = 1_500
SECOND: Final = 1_000_000


def install_board(app: Flask) -> None:
    """Give the application a board of its own, in the zone of the business."""
    zone = app.extensions["orderflow.service"].surges.zone
    app.extensions["orderflow.board"] = Board(zone, Forecasts(zone))


def the_board() -> Board:
    """The board of this process."""
    found: Board = current_app.extensions["orderflow.board"]
    return found


@pages.app_template_global()
def board_colours() -> tuple[tuple[str, str, str], ...]:
    """The colours of the board, each with its sign and its word: no colour stands alone."""
    return (
        ("red", "alert", _("Late")),
        ("amber", "clock", _("Due soon")),
        ("predicted", "surge", _("Likely late")),
        ("calm", "check", _("In time")),
    )


# --- the pages ----------------------------------------------------------------------------------------------------------


@pages.get("/board")
@requires("board.see")
def page() -> ResponseReturnValue:
    """The board at the desk and on a phone: a frame that the script fills."""
    with reading(engine()) as connection:
        people = receivers(connection) if may("tasks.lead") else {}
    return render_template("board/page.html", receivers=people, zone=str(get_timezone()))


@pages.get("/board/wall")
@requires("board.see")
def wall() -> ResponseReturnValue:
    """The board for a screen on the wall: large, dark, without anything to click."""
    return render_template("board/wall.html", zone=str(get_timezone()))


# --- what the script asks for -------------------------------------------------------------------------------------------


@pages.get("/board/rows")
@requires("board.see")
def rows() -> ResponseReturnValue:
    """Rows of the board, at most 1,500 in one answer, the most urgent first.

    `since` is the mark of what the page has: the answer holds what is new or different and what is gone; nothing, if that
    is everything. `from` goes on in the snapshot `mark` where the last answer ended. Texts stand once, in `words`; a row
    holds their places. Times are seconds since `base`, which is in seconds since the epoch.
    """
    since, start = request.args.get("since", ""), counting(request.args.get("from")) or 0
    begun = the_board().known(request.args.get("mark", "")) if start else None
    found = begun or the_board().now(engine())
    before = the_board().known(since) if since else None
    if since == found.mark:
        answer = Response(status=304)
    elif before is not None and len((change := changes(before, found)).lines) <= MOST_ROWS:
        answer = answered(_told(found, change.lines, gone=change.gone, after=before.mark))
    else:
        answer = answered(_page(found, start if begun else 0))
    answer.set_etag(found.mark)
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.headers["Orderflow-Now"] = str(micros(service().clock()) // 1000)
    return answer


@pages.get("/board/forecast")
@requires("board.see")
def forecast() -> ResponseReturnValue:
    """How long the stages of the board take, as spreads in seconds, and how often predictions from them were right."""
    snapshot = the_board().now(engine())
    foretold = snapshot.foretold
    needed = sorted({line.kin for line in snapshot.lines.values() if line.kin is not None})
    rate = foretold.rate
    told = {
        "mark": foretold.mark,
        "spreads": {_kin_word(kin): foretold.spreads[kin] for kin in needed if kin in foretold.spreads},
        "rate": {"looked": rate.looked, "predicted": rate.predicted, "hits": rate.hits, "late": rate.late},
        "known": foretold.known,
        "fewest": FEWEST,
    }
    answer = answered(told)
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.add_etag()
    answer.make_conditional(request)
    return answer


def _page(found: Snapshot, start: int) -> dict[str, Any]:
    keys = found.order[start : start + MOST_ROWS]
    following = start + MOST_ROWS if start + MOST_ROWS < len(found.order) else None
    return _told(found, [found.lines[key] for key in keys]) | {"from": start, "next": following}


def _told(found: Snapshot, lines: Sequence[Line], gone: Sequence[str] = (), after: str = "") -> dict[str, Any]:
    with reading(engine()) as connection:
        writer = _Writer(connection)
        told = [writer.row(line) for line in lines]
    return {
        "mark": found.mark,
        "after": after,
        "total": len(found.order),
        "forecast": found.foretold.mark,
        "base": writer.base,
        "words": list(writer.words),
        "rows": told,
        "gone": list(gone),
    }


class _Writer:
    """Writes rows small: every text but the order's own is told once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._names: Names = names(connection)
        self._flows = {key: words(name) or key for key, name in screens.flow_names(connection).items()}
        self._texts: dict[tuple[Any, ...], list[int]] = {}
        self.words: dict[str, int] = {"": 0}
        self.base = micros(service().clock() - timedelta(days=1)) // SECOND

    def row(self, line: Line) -> list[Any]:
        """Key, order, buyer, then places of texts (channel, flow, its name, stage, its name, owner, rest, kin), times."""
        one = line.of
        asked = (one.who_kind, one.who, one.claimed_by)
        place = (one.channel, one.flow, one.version_id, one.node, one.rest, line.kin, *asked)
        texts = self._texts.get(place)
        if texts is None:
            texts = self._texts[place] = [self._word(text) for text in self._written(line)]
        flags = (1 if one.claimed_by else 0) | (2 if line.whole else 0) | (4 if one.escalated else 0)
        since, due, amber, stopped = map(self._seconds, (one.since, line.due, line.amber, one.stopped))
        return [one.key, one.number, one.buyer, *texts, flags, since, due, amber, stopped]

    def _written(self, line: Line) -> tuple[str, ...]:
        one = line.of
        return (
            one.channel,
            one.flow,
            self._flows.get(one.flow, one.flow),
            drawn_id(one.node),
            self._stage(one.version_id, one.node),
            self._owner(one.who_kind, one.who, one.claimed_by),
            one.rest,
            _kin_word(line.kin) if line.kin else "",
        )

    def _word(self, text: str) -> int:
        return self.words.setdefault(text, len(self.words))

    def _stage(self, version_id: str | None, node: str) -> str:
        return drawn_version(self._connection, version_id).node_name(node) if node else _("Not begun")

    def _owner(self, kind: str, who: str, claimed_by: str | None) -> str:
        one = self._names.person(claimed_by) if claimed_by else self._names.asked(kind, who)
        return one if who else ""

    def _seconds(self, at: int | None) -> int | None:
        return None if at is None else at // SECOND - self.base


def _kin_word(kin: Kin) -> str:
    flow, node, hour = kin
    return f"{flow} {node} {hour}"
