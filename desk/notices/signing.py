"""Signing: the keys and the address of the links in notices; in embedded mode this machine makes a key itself."""

import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

from streams.notice_settings import keys_of
from streams.settings import Settings

KEY_FILE: Final = "links.key"


def signing_keys(settings: Settings) -> tuple[str, ...]:
    """The keys that links are signed with, the newest first; none where none is set on servers."""
    given = settings.notices.link_keys
    if given is not None:
        return keys_of(given.get_secret_value())
    return (_own_key(settings.data_dir / KEY_FILE),) if settings.is_embedded else ()


def links_lead_to(settings: Settings) -> str | None:
    """What a link begins with; None where links lead nowhere that we know of."""
    if settings.notices.base_url is not None:
        return settings.notices.base_url.rstrip("/")
    if settings.is_embedded and settings.api_port not in {"off", 0}:
        return f"http://{settings.api_host}:{settings.api_port}"
    return None


def _own_key(file: Path) -> str:
    """The key in the file, made if there is none; only its owner may ever read it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    if not file.exists():
        _make_key(file)
    return file.read_text(encoding="ascii").strip()


def _make_key(file: Path) -> None:
    """Make the file with a key that is whole and on the disk, unless another program is first."""
    with tempfile.NamedTemporaryFile("w", dir=file.parent, prefix=f".{file.name}.", encoding="ascii") as draft:
        draft.write(secrets.token_urlsafe(32))
        draft.flush()
        os.fsync(draft.fileno())
        with suppress(FileExistsError):
            os.link(draft.name, file)
