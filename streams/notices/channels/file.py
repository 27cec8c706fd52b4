"""Files: every letter is written down where a person of this machine can read it, once.

The address is a file below the folder of notices, to which letters are added; or, with ``/`` at its end, a folder in
which each letter gets a file of its own. What was half written when the power went is written again, whole.
"""

import asyncio
import fcntl
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Final

from streams.clock import SystemClock
from streams.notices.channels.channel import Channel, Letter, Outcome, Sent
from streams.settings import Settings

FOLDER: Final = "notices"
WRITTEN: Final = "It is written down."
_END: Final = "==== end "


class OutsideError(Exception):
    """The address lies outside the folder of notices."""


@dataclass(slots=True)
class _Known:
    """Which letters a file holds as far as it has been read."""

    inode: int = -1
    read: int = 0
    names: set[str] = field(default_factory=set)


class FileChannel:
    """Writes letters below one folder, one after another."""

    def __init__(self, folder: Path, within_s: float) -> None:
        self._folder = folder
        self._within_s = within_s
        self._clock = SystemClock()
        self._known: dict[Path, _Known] = {}
        # One thread: a disk that hangs keeps nobody else from a thread.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="notices-file")

    async def send(self, letter: Letter) -> Sent:
        """Accepted once the letter is on the disk; ``unknown`` if the disk did not answer in time."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._within_s):
                return await loop.run_in_executor(self._thread, self._write, letter, self._clock.now())
        except TimeoutError:
            return Sent(Outcome.UNKNOWN, "The disk did not answer in time.")
        except OutsideError:
            return Sent(Outcome.FAILED, "Its file lies outside the folder of notices.", final=True)
        except (OSError, ValueError, RuntimeError) as error:
            reason = (getattr(error, "strerror", None) or "its file cannot be written to").lower()
            return Sent(Outcome.FAILED, f"It could not be written down: {reason}.")

    async def close(self) -> None:
        """What still waits to be written is not written."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _write(self, letter: Letter, now: datetime) -> Sent:
        name = sha256(letter.key.encode()).hexdigest()[:32]
        path = self._path(letter.address)
        text = block(letter, name, now)
        if letter.address.endswith("/") or path.is_dir():
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            return _alone(path, name, text)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self._added(path, name, text)

    def _path(self, address: str) -> Path:
        """Where the address points to once every link has been followed."""
        folder = self._folder.resolve()
        path = (folder / address).resolve()
        if path != folder and not path.is_relative_to(folder):
            raise OutsideError
        return path

    def _added(self, path: Path, name: str, text: bytes) -> Sent:
        known = self._known.setdefault(path, _Known())
        with _locked(path) as file:
            size = _read_on(file, known)
            if name in known.names:
                return Sent(Outcome.ACCEPTED, "It had been written down before.")
            try:
                _write_all(file, (b"\n" if _is_torn(file, size) else b"") + text)
            except OSError:
                os.ftruncate(file, size)
                raise
        return Sent(Outcome.ACCEPTED, WRITTEN)


def opened(settings: Settings, kind: str) -> Channel | None:  # noqa: ARG001 - one kind
    """Files in the folder that is set; beside the ledger with the embedded broker."""
    folder = settings.notices.file_folder or (settings.data_dir / FOLDER if settings.is_embedded else None)
    return None if folder is None else FileChannel(folder, settings.notices.channel_within_s)


def block(letter: Letter, name: str, now: datetime) -> bytes:
    """A letter as it stands in a file. Its own lines are set in, so that none of them can pass for an end."""
    lines = [letter.subject, "", *letter.text.splitlines()]
    words = "\n".join(f"    {line}".rstrip() for line in (" ".join(one.splitlines()) for one in lines))
    head = f"==== {now:%Y-%m-%d %H:%M:%S} UTC  {letter.role}"
    return f"{head}\n{words}\n{_END}{name}\n\n".encode(errors="replace")


def _alone(folder: Path, name: str, text: bytes) -> Sent:
    path, draft = folder / f"{name}.txt", folder / f".{name}.{os.getpid()}"
    if path.exists():
        return Sent(Outcome.ACCEPTED, "It had been written down before.")
    file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        _write_all(file, text)
    finally:
        os.close(file)
    draft.replace(path)
    return Sent(Outcome.ACCEPTED, WRITTEN)


@contextmanager
def _locked(path: Path) -> Iterator[int]:
    """The open file, for us alone among all processes."""
    file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file
    finally:
        os.close(file)


def _read_on(file: int, known: _Known) -> int:
    """Read the ends that have been added since the last look; the size of the file."""
    status = os.fstat(file)
    if status.st_ino != known.inode or status.st_size < known.read:
        known.inode, known.read = status.st_ino, 0
        known.names.clear()
    while known.read < status.st_size:
        chunk = os.pread(file, 1_048_576, known.read)
        whole = chunk.rfind(b"\n") + 1
        if not chunk or (not whole and len(chunk) < 1_048_576):
            break
        for line in chunk[:whole].split(b"\n"):
            if line.startswith(_END.encode()):
                known.names.add(line[len(_END) :].decode(errors="replace"))
        known.read += whole or len(chunk)
    return status.st_size


def _is_torn(file: int, size: int) -> bool:
    return size > 0 and os.pread(file, 1, size - 1) != b"\n"


def _write_all(file: int, text: bytes) -> None:
    left = memoryview(text)
    while left:
        left = left[os.write(file, left) :]
    os.fsync(file)
