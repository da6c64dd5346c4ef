"""The log: one line for a request, an id in every line that a request has caused, and no secrets."""

from __future__ import annotations

import logging
import re
import secrets
from contextvars import ContextVar

REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="-")
"""Of the request that is being answered; a job keeps that of the click that began it."""
FORMAT = "%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s"
SECRET = re.compile(
    r"\b[0-9a-f]{64}\b"  # A visitor's token, in an address or a cookie.
    r"|\br8_\w+|\bhf_\w{20,}"  # Tokens of services.
    r"|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"  # Names and passwords in addresses.
)
HIDDEN = "***"


def new_request_id() -> str:
    """A short random name for a request."""
    return secrets.token_hex(6)


class Careful(logging.Filter):
    """Gives every line its request's id, and takes out what nobody should read in a log.

    Args:
        secrets: words that must not be written, such as tokens from the settings.
    """

    def __init__(self, *secrets: str) -> None:
        super().__init__()
        self._secrets = [word for word in secrets if word]

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record; none is dropped."""
        record.request_id = REQUEST_ID.get()
        record.msg, record.args = self.clean(record.getMessage()), ()
        if record.exc_info and record.exc_text is None:
            record.exc_text = self.clean(logging.Formatter().formatException(record.exc_info))
        return True

    def clean(self, text: str) -> str:
        """A text without secrets."""
        for word in self._secrets:
            text = text.replace(word, HIDDEN)
        return SECRET.sub(HIDDEN, text)


def use_careful_logs(*secrets: str) -> None:
    """Let every handler of this process write ids and no secrets."""
    for handler in logging.getLogger().handlers:
        handler.addFilter(Careful(*secrets))
        handler.setFormatter(logging.Formatter(FORMAT))
