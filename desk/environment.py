"""The settings of a command: those of the environment, with what its options say instead."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from desk.exits import BadValue
from models.ids import SourceId
from streams.settings import PREFIX, Settings, SettingsError, load, load_settings

DEMO_DIRECTORY: Final = Path(".workorders-demo")
LEDGER_FILE: Final = "ledger.db"


class DeskSettings(BaseSettings):
    """The settings of the command line, each ``WORKORDERS_DESK_`` and its name in capitals."""

    model_config = SettingsConfigDict(env_prefix=f"{PREFIX}DESK_", frozen=True, extra="forbid")

    source: SourceId | None = None
    """Which registered source a person's command speaks as."""
    trace: bool = False
    """Whether a fault of this program shows where it is."""


class WatcherSettings(BaseSettings):
    """Where the watcher's news goes, each ``WORKORDERS_WATCHER_`` and its name in capitals; empty is not set.

    ``STATE`` and ``TEXT`` of that family are what the watcher tells the command that it runs.
    """

    model_config = SettingsConfigDict(
        env_prefix=f"{PREFIX}WATCHER_", frozen=True, extra="forbid", env_ignore_empty=True
    )

    run: str | None = None
    """A command that is run with each news, without a shell."""
    post: SecretStr | None = None
    """An address to which each news is posted as JSON; it may hold a secret."""


def watcher_settings() -> WatcherSettings:
    """Where the watcher's news goes; ``SettingsError`` has a sentence for each fault."""
    return load(WatcherSettings, leave=(f"{PREFIX}WATCHER_STATE", f"{PREFIX}WATCHER_TEXT"))


def desk_settings() -> DeskSettings:
    """The command line's own settings; ``SettingsError`` has a sentence for each fault."""
    return load(DeskSettings)


def settings_for(*, ledger: str | None = None, broker: str | None = None, data_dir: Path | None = None) -> Settings:
    """The movement's settings, with what an option says put before the environment.

    ``ledger`` may be the path of a SQLite file. ``SettingsError`` has a sentence for each fault of the environment,
    ``BadValue`` that of an option.
    """
    place = str(data_dir.absolute()) if data_dir is not None else None
    options = {"LEDGER": ledger_url(ledger), "BROKER": broker, "DATA_DIR": place}
    if data_dir is not None and ledger is None:
        options["LEDGER"] = ledger_url(str(data_dir / LEDGER_FILE))
    given = {PREFIX + name: value for name, value in options.items() if value is not None}
    with _environment(given):
        try:
            return load_settings()
        except SettingsError as error:
            raise _of_an_option(str(error), given) or error from None


def _of_an_option(sentences: str, given: Mapping[str, str]) -> BadValue | None:
    """The fault of what an option gave, by the option's name; None if every option can be used."""
    for sentence in sentences.splitlines():
        name = sentence.partition(" ")[0]
        if name in given:
            return BadValue(sentence.replace(name, f"--{name.removeprefix(PREFIX).lower().replace('_', '-')}", 1))
    return None


def ledger_url(option: str | None) -> str | None:
    """A ledger's URL, where an option gives one or the path of a file."""
    if option is None or "://" in option:
        return option
    return f"sqlite:///{Path(option).expanduser().absolute()}"


def reading_settings(ledger: str | None) -> tuple[Settings, str | None]:
    """The settings of a command that reads, and a remark where the demo's ledger is the only one there is.

    The demo's is taken only if neither an option nor the environment names a ledger or a data directory, and the
    usual data directory has none.
    """
    settings = settings_for(ledger=ledger)
    named = ledger is not None or settings.ledger is not None or f"{PREFIX}DATA_DIR" in os.environ
    if named or (settings.data_dir / LEDGER_FILE).exists() or not (DEMO_DIRECTORY / LEDGER_FILE).exists():
        return settings, None
    return settings_for(data_dir=DEMO_DIRECTORY), f"Reading the demo's ledger, {DEMO_DIRECTORY / LEDGER_FILE}."


@contextmanager
def _environment(changes: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in changes}
    os.environ.update(changes)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
