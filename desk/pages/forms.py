"""Forms: read whole within a limit, as text only, and bound to whoever was shown them."""

import hmac
from collections.abc import Mapping, Sequence
from hashlib import sha256
from http import HTTPStatus
from secrets import token_urlsafe
from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import Request

from desk.api.bodies import read_bytes
from desk.api.problems import Problem
from desk.words import _
from models.refusal import Reason

MEDIA_TYPE: Final = "application/x-www-form-urlencoded"
TOKEN: Final = "token"  # noqa: S105 - the field's name
"""The field by which a form shows that it was made for whoever posts it."""
FIELDS_AT_MOST: Final = 300
_ONCE_AT_MOST: Final = 100


class Form:
    """What was typed and chosen: each field with its values."""

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        self.pairs: Final = tuple(pairs)

    def all(self, name: str) -> list[str]:
        """Every value of a field, each once, in the order of the form."""
        return list(dict.fromkeys(value for field, value in self.pairs if field == name))

    def one(self, name: str) -> str:
        """The value of a field without spaces around it; empty if it was not filled in."""
        return next((value.strip() for field, value in self.pairs if field == name), "")


def new_once() -> str:
    """What makes one showing of a form one thing to say, however often it is sent."""
    return token_urlsafe(16)


def is_once(text: str) -> bool:
    """Whether a form still has what makes it one; without that a second sending would be a second report."""
    return 0 < len(text) <= _ONCE_AT_MOST


def not_whole() -> str:
    """What is said of a form that has it no more."""
    return _("This form is not whole. Open the page anew.")


async def read_form(request: Request) -> Form:
    """The form that was posted; a ``Problem`` for files and for anything else that is no such form."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != MEDIA_TYPE:
        sentence = _("Only what is typed or chosen on the page can be sent here, and no file.")
        raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unknown-content-type", sentence)
    raw = await read_bytes(request)
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=FIELDS_AT_MOST)
    except ValueError:
        sentence = _("What was sent could not be read as a form, so nothing was done.")
        raise Problem(HTTPStatus.BAD_REQUEST, str(Reason.NOT_UTF8), sentence) from None
    return Form([(name, value.replace("\r\n", "\n")) for name, value in pairs])


def token_for(secret: str) -> str:
    """The token of the forms that are shown to whoever has this secret; nothing of the secret can be told from it."""
    return hmac.new(secret.encode(), b"form", sha256).hexdigest()


def check_token(form: Form, secret: str) -> None:
    """Refuses a form that was not made for whoever has this secret."""
    if not secret or not hmac.compare_digest(form.one(TOKEN).encode(), token_for(secret).encode()):
        sentence = _("This form was not made for you, or you have signed in anew since. Open the page and try again.")
        raise Problem(HTTPStatus.FORBIDDEN, "another-form", sentence)


def without(form: Form, *names: str) -> Mapping[str, Sequence[str]]:
    """What was typed, but for these fields."""
    kept: dict[str, list[str]] = {}
    for name, value in form.pairs:
        if name not in names:
            kept.setdefault(name, []).append(value)
    return kept
