"""The settings of the notices: each page names those that there are, and what is misspelt stops the start."""

import re
from pathlib import Path

import pytest

from streams.notice_settings import NOTICES_PREFIX, NoticeSettings
from streams.settings import Settings, SettingsError, load_settings

ROOT = Path(__file__).parents[2]
KNOWN = {f"{NOTICES_PREFIX}{field.upper()}" for field in NoticeSettings.model_fields}


@pytest.mark.parametrize("page", ["docs/NOTICES.md", "docs/CHANNELS.md", "ops/notices.env"])
def test_a_page_names_only_settings_that_there_are(page: str) -> None:
    named = set(re.findall(rf"{NOTICES_PREFIX}[A-Z_]*[A-Z]", (ROOT / page).read_text(encoding="utf-8")))
    assert named
    assert {name.removesuffix("_FILE") for name in named} <= KNOWN


def test_every_setting_is_on_a_page() -> None:
    pages = "".join((ROOT / f"docs/{page}.md").read_text(encoding="utf-8") for page in ("NOTICES", "CHANNELS"))
    assert [name for name in KNOWN if name.removeprefix(NOTICES_PREFIX) not in pages] == []


def test_settings_of_notices_are_read_with_all_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{NOTICES_PREFIX}FLOOD_OVER", "3")
    monkeypatch.setenv(f"{NOTICES_PREFIX}BASE_URL", "https://desk.example")
    assert (load_settings().notices.flood_over, Settings().notices.base_url) == (3, "https://desk.example")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("FLOD_OVER", "3", "did you mean WORKORDERS_NOTICES_FLOOD_OVER?"),
        ("BASE_URL", "ftp://desk.example", "WORKORDERS_NOTICES_BASE_URL is 'ftp://desk.example'"),
        ("BASE_URL", "https://user:password@desk.example", "WORKORDERS_NOTICES_BASE_URL"),
        ("TRIES", "0", "WORKORDERS_NOTICES_TRIES is '0'"),
    ],
)
def test_a_wrong_setting_is_one_sentence_that_names_it(
    name: str, value: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"{NOTICES_PREFIX}{name}", value)
    with pytest.raises(SettingsError, match=re.escape(said)):
        load_settings()


def test_a_signing_key_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{NOTICES_PREFIX}LINK_KEYS", "k" * 40)
    assert "kkkk" not in repr(load_settings())


def test_a_signing_key_that_is_too_short_stops_the_start_without_being_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{NOTICES_PREFIX}LINK_KEYS", f"{'k' * 40}, tooshort")
    with pytest.raises(SettingsError, match="WORKORDERS_NOTICES_LINK_KEYS") as refused:
        load_settings()
    assert "tooshort" not in str(refused.value)
