"""Our own feed: an address that gives the orders behind a cursor, a page at a time. README documents it for shops.

`GET ADDRESS?after=CURSOR&limit=N` (without `after` from the beginning) with `X-Signature: t=…,v1=…`, which signs path and
query like a web hook's signature signs its body, is answered `{"orders": […], "cursor": "…", "more": true}`.
"""

import hashlib
import hmac
import time
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlencode

from runtime.adapters.contract import Asked, NoPage, Page, Source
from runtime.adapters.sources.feed.page import read_page
from runtime.adapters.web import said, seconds_to_wait
from runtime.core.problem import Problem
from runtime.outgoing import Refused, Resolver, Response, TooLate, Unanswered, get, read_url, resolve

LARGEST_PAGE: Final = 8 * 1024 * 1024


def fetch(asked: Asked, resolver: Resolver = resolve) -> Page | NoPage:
    """One page of the feed, or why there is none."""
    url = address_of(asked)
    try:
        headers = {"Accept": "application/json", "User-Agent": "orderflow", "X-Signature": signature(asked.secret, url)}
        response = get(url, headers, asked.timeout_seconds, asked.allowed, largest=LARGEST_PAGE, resolver=resolver)
    except Refused as refused:
        return NoPage(Problem(refused.code, params=refused.params))
    except TooLate:
        return NoPage(Problem("feed.late", params={"seconds": round(asked.timeout_seconds)}))
    except Unanswered as broken:
        return NoPage(Problem("feed.unanswered", params={"why": str(broken)}))
    return _read(response, asked)


def address_of(asked: Asked) -> str:
    """The whole address that is asked for: what the administrator typed, and behind which order."""
    query = {"limit": asked.limit} if asked.cursor is None else {"after": asked.cursor, "limit": asked.limit}
    bare = asked.address.partition("#")[0]
    return f"{bare}{'&' if '?' in bare else '?'}{urlencode(query)}"


def signature(secret: str, url: str, at: int | None = None) -> str:
    """What proves who asks: path and query as they are sent, signed together with the time."""
    at = int(time.time()) if at is None else at
    signed = hmac.new(secret.encode(), f"{at}.{read_url(url).path}".encode(), hashlib.sha256)
    return f"t={at},v1={signed.hexdigest()}"


def _read(response: Response, asked: Asked) -> Page | NoPage:
    if response.status != 200:
        wait = seconds_to_wait(response.headers.get("retry-after", ""), datetime.now(UTC))
        code = "feed.not_known" if response.status in (401, 403) else "feed.status"
        return NoPage(Problem(code, params={"said": said(response)}), wait)
    if response.body is None:
        return NoPage(Problem("feed.large", params={"most": LARGEST_PAGE // 2**20, "limit": asked.limit}))
    page = read_page(response.body, asked.cursor)
    return page if isinstance(page, Page) else NoPage(page)


SOURCE = Source({"en": "Orderflow feed", "zh-CN": "Orderflow 订单接口"}, fetch)
