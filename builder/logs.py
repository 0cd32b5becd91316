"""How the parts write their log: lines for people or JSON for machines, on standard error."""

import logging
import sys

import structlog

from builder.config import Settings


def set_up_logs(settings: Settings) -> None:
    """Say once, at a process's start, how its log is written."""
    level = getattr(logging, settings.log_level.upper())
    logging.basicConfig(level=max(level, logging.WARNING), format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    as_json = settings.log_format == "json"
    shown = (
        structlog.processors.JSONRenderer()
        if as_json
        # Plain: the other formatter shows local variables, and with them tokens, passwords and buyers.
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(level),
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            *([structlog.processors.format_exc_info] if as_json else []),
            shown,
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
