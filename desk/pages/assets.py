"""The files that pages are drawn with: read once, small over the wire, and kept by browsers as long as they like."""

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

FOR_EVER: Final = "public, max-age=31536000, immutable"
_TYPES: Final = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}
_VERSION_DIGITS: Final = 12


@dataclass(frozen=True, slots=True)
class Asset:
    """One file, as it is and compressed."""

    content: bytes
    small: bytes
    media_type: str


@cache
def assets() -> Mapping[str, Asset]:
    """Every file by its name."""
    folder = files(__package__) / "assets"
    kinds = {one.name: one.name.rpartition(".")[2] for one in folder.iterdir()}
    contents = {name: (folder / name).read_bytes() for name, kind in sorted(kinds.items()) if kind in _TYPES}
    return {name: Asset(raw, gzip.compress(raw, mtime=0), _TYPES[kinds[name]]) for name, raw in contents.items()}


@cache
def version() -> str:
    """What changes whenever one of the files does: they belong together, and one may name another."""
    whole = sha256()
    for name, asset in assets().items():
        whole.update(name.encode() + asset.content)
    return whole.hexdigest()[:_VERSION_DIGITS]


def address(name: str) -> str:
    """Where a file is, under an address that changes when it does."""
    return f"/assets/{version()}/{name}"


async def show_asset(request: Request) -> Response:
    """One file; an address of another release gives what there is now, which is then not kept."""
    asset = assets().get(request.path_params["name"])
    if asset is None:
        raise HTTPException(404)
    is_small = "gzip" in request.headers.get("accept-encoding", "")
    headers = {"Vary": "Accept-Encoding", **({"Content-Encoding": "gzip"} if is_small else {})}
    headers["Cache-Control"] = FOR_EVER if request.path_params["version"] == version() else "no-store"
    return Response(asset.small if is_small else asset.content, headers=headers, media_type=asset.media_type)
