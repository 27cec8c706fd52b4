"""Files: each letter stands there once, whole, readable, and nowhere outside the folder of notices."""

import asyncio
import errno
import fcntl
import multiprocessing
import os
import re
import stat
from hashlib import sha256
from pathlib import Path

import pytest

from models.premises import _ADDRESS
from streams.notices.channels.channel import Letter, Outcome, Sent
from streams.notices.channels.file import FileChannel, opened
from streams.settings import Settings
from tests.notices.channels.receivers import letter, settings_with

WRITTEN = Sent(Outcome.ACCEPTED, "It is written down.")
BEFORE = Sent(Outcome.ACCEPTED, "It had been written down before.")


def to_file(**changes: object) -> Letter:
    return letter(**({"address": "notices.txt"} | changes))


def tree(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*"))


@pytest.fixture
def channel(tmp_path: Path) -> FileChannel:
    return FileChannel(tmp_path / "notices", 5)


async def test_a_letter_can_be_read_as_it_was_written(channel: FileChannel, tmp_path: Path) -> None:
    assert await channel.send(to_file()) == WRITTEN
    text = (tmp_path / "notices/notices.txt").read_text()
    assert "UTC  duty-manager\n" in text
    assert "    Heb ei staffio heno / Uncovered tonight: Abertawe\n" in text
    assert "    Nid oes neb ar y shifft.\n    Nobody is on the shift.\n" in text


async def test_a_letter_that_is_sent_again_stands_there_once(channel: FileChannel, tmp_path: Path) -> None:
    assert [await channel.send(to_file()) for _ in range(3)] == [WRITTEN, BEFORE, BEFORE]
    again = FileChannel(tmp_path / "notices", 5)
    assert await again.send(to_file()) == BEFORE
    assert await again.send(to_file(key="another")) == WRITTEN
    assert (tmp_path / "notices/notices.txt").read_text().count("==== end ") == 2


async def test_the_example_of_an_address_can_be_written_to(channel: FileChannel) -> None:
    assert await channel.send(to_file(address=_ADDRESS["file"][1])) == WRITTEN


async def test_a_folder_gets_one_file_for_each_letter(channel: FileChannel, tmp_path: Path) -> None:
    for key in ("a", "b", "a"):
        assert (await channel.send(to_file(key=key, address="duty/"))).outcome is Outcome.ACCEPTED
    files = sorted((tmp_path / "notices/duty").iterdir())
    assert len(files) == 2
    assert all(file.suffix == ".txt" and "Nobody is on the shift." in file.read_text() for file in files)


async def test_files_are_for_their_owner_alone(channel: FileChannel, tmp_path: Path) -> None:
    await channel.send(to_file())
    await channel.send(to_file(address="duty/"))
    for path in (tmp_path / "notices").rglob("*"):
        assert not path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)


@pytest.mark.parametrize("cut", range(1, 400, 57))
async def test_what_was_half_written_when_the_power_went_is_written_again_whole(
    channel: FileChannel, tmp_path: Path, cut: int
) -> None:
    await channel.send(to_file(key="first"))
    path = tmp_path / "notices/notices.txt"
    first = path.stat().st_size
    await channel.send(to_file(key="second"))
    whole = path.read_bytes()[first:]
    os.truncate(path, first + min(cut, len(whole) - 3))
    after = FileChannel(tmp_path / "notices", 5)
    assert await after.send(to_file(key="first")) == BEFORE
    assert await after.send(to_file(key="second")) == WRITTEN
    assert len(re.findall(r"^==== end [0-9a-f]{32}$", path.read_text(), re.MULTILINE)) == 2
    assert path.read_bytes().endswith(whole[-60:])


async def test_no_line_of_a_letter_can_pass_for_the_end_of_another(channel: FileChannel) -> None:
    await channel.send(to_file(key="a"))
    name = sha256(b"b").hexdigest()[:32]
    for cut in ("\n", "\r", "\x0b", "\x85", "\u2028", "\r\n"):
        forged = f"x{cut}==== end {name}{cut}"
        await channel.send(to_file(key=f"forger{cut}", subject=forged, text=forged))
    assert await channel.send(to_file(key="b")) == WRITTEN


@pytest.mark.parametrize(
    "address", ["../notices.txt", "/etc/passwd", "a/../../b", "../notices-of-others/x", "/", "..", "../", "link/x"]
)
async def test_nothing_is_written_outside_the_folder(channel: FileChannel, tmp_path: Path, address: str) -> None:
    (tmp_path / "notices").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "notices/link").symlink_to(tmp_path / "elsewhere")
    before = tree(tmp_path)
    outcome = await channel.send(to_file(address=address))
    assert outcome == Sent(Outcome.FAILED, "Its file lies outside the folder of notices.", final=True)
    assert tree(tmp_path) == before


async def test_an_absolute_address_within_the_folder_is_its_file(channel: FileChannel, tmp_path: Path) -> None:
    assert await channel.send(to_file(address=str(tmp_path / "notices/a/b.txt"))) == WRITTEN
    assert (tmp_path / "notices/a/b.txt").exists()


async def test_a_full_disk_has_failed_for_now_and_leaves_no_half_letter(
    channel: FileChannel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await channel.send(to_file(key="first"))
    path = tmp_path / "notices/notices.txt"
    before = path.read_bytes()
    real = os.write

    def full(file: int, text: memoryview) -> int:
        if len(text) > 20:
            return real(file, bytes(text)[: len(text) // 2])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        outcome = await channel.send(to_file(key="second"))
    assert outcome == Sent(Outcome.FAILED, "It could not be written down: no space left on device.")
    assert path.read_bytes() == before
    assert await channel.send(to_file(key="second")) == WRITTEN


async def test_a_disk_that_hangs_leaves_the_fate_unknown_in_time_and_a_resend_writes_once(tmp_path: Path) -> None:
    channel = FileChannel(tmp_path / "notices", 0.3)
    await channel.send(to_file(key="first"))
    path = tmp_path / "notices/notices.txt"
    with path.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert (await channel.send(to_file(key="second"))).outcome is Outcome.UNKNOWN
    await asyncio.sleep(0.1)
    assert await channel.send(to_file(key="second")) == BEFORE
    assert path.read_text().count("==== end ") == 2


def _write_many(folder: str, keys: list[str]) -> None:
    async def write() -> None:
        channel = FileChannel(Path(folder), 20)
        for key in keys:
            assert (await channel.send(to_file(key=key))).outcome is Outcome.ACCEPTED

    asyncio.run(write())


def test_two_processes_write_each_letter_once(tmp_path: Path) -> None:
    keys = [str(n) for n in range(40)]
    context = multiprocessing.get_context("spawn")
    both = [context.Process(target=_write_many, args=(str(tmp_path), keys)) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join(60)
        assert one.exitcode == 0
    assert (tmp_path / "notices.txt").read_text().count("==== end ") == 40


async def test_a_file_that_was_put_aside_is_begun_anew(channel: FileChannel, tmp_path: Path) -> None:
    await channel.send(to_file())
    path = tmp_path / "notices/notices.txt"
    path.rename(path.with_suffix(".old"))
    assert await channel.send(to_file()) == WRITTEN


async def test_an_address_with_a_null_is_refused(channel: FileChannel) -> None:
    assert (await channel.send(to_file(address="a\x00b"))).outcome is Outcome.FAILED


def test_files_lie_beside_the_ledger_with_the_embedded_broker_and_where_they_are_told_to(tmp_path: Path) -> None:
    assert opened(settings_with(tmp_path), "file") is not None
    on_servers = Settings(data_dir=tmp_path, broker="kafka:9092")
    assert opened(on_servers, "file") is None
    assert opened(settings_with(tmp_path, file_folder=tmp_path / "elsewhere"), "file") is not None
