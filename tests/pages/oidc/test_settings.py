"""The settings of the sign-in service: what is missing, misspelt or contradictory stops the start with a sentence."""

import re
from pathlib import Path

import pytest

from desk.access.oidc.settings import OIDC_PREFIX, OidcSettings, oidc_settings, voices_by_value
from streams.settings import Settings, SettingsError, load_settings

ROOT = Path(__file__).parents[3]
GOOD = {
    "ISSUER": "https://sign-in.example/realm", "CLIENT_ID": "desk", "CLIENT_SECRET": "of the desk",
    "BASE_URL": "https://desk.example",
}  # fmt: skip


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The settings of a desk on servers, with a sign-in service in the environment."""
    for name, value in GOOD.items():
        monkeypatch.setenv(f"{OIDC_PREFIX}{name}", value)
    return Settings(broker="broker.example:9092")


def test_without_any_there_is_no_service() -> None:
    assert oidc_settings(Settings(broker="broker.example:9092")) is None


def test_the_secret_may_stand_in_a_file_and_is_never_shown(
    servers: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "secret"
    file.write_text("from a file\n", encoding="utf-8")
    monkeypatch.delenv(f"{OIDC_PREFIX}CLIENT_SECRET")
    monkeypatch.setenv(f"{OIDC_PREFIX}CLIENT_SECRET_FILE", str(file))
    found = oidc_settings(servers)
    assert found is not None
    assert found.client_secret is not None
    assert found.client_secret.get_secret_value() == "from a file"
    assert "from a file" not in repr(found)


def test_other_parts_leave_these_settings_to_the_desk(servers: Settings) -> None:
    assert load_settings().is_embedded, "a worker needs to know nothing of them"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("ISUER", "x", "WORKORDERS_OIDC_ISUER is not a setting; did you mean WORKORDERS_OIDC_ISSUER?"),
        ("ISSUER", "http://sign-in.example", "WORKORDERS_OIDC_ISSUER is 'http://sign-in.example': it must begin with"),
        ("ISSUER", "https://sign-in.example?x=1", "write it without ? and #"),
        ("ISSUER", "https://somebody:secret@sign-in.example", "without a login"),
        ("CLIENT_ID", "the desk", "WORKORDERS_OIDC_CLIENT_ID is 'the desk'"),
        ("SCOPES", "profile", "it must hold openid"),
        ("WITHIN_S", "0", "WORKORDERS_OIDC_WITHIN_S is '0'"),
        ("CLIENT_AUTH", "none", "WORKORDERS_OIDC_CLIENT_AUTH is 'none'"),
        ("ROLES", "/nowhere", "WORKORDERS_OIDC_ROLES is '/nowhere'"),
    ],
)
def test_a_wrong_setting_is_a_sentence_that_names_it(
    name: str, value: str, said: str, servers: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"{OIDC_PREFIX}{name}", value)
    with pytest.raises(SettingsError, match=re.escape(said)):
        oidc_settings(servers)


@pytest.mark.parametrize("name", ["ISSUER", "CLIENT_ID", "CLIENT_SECRET", "BASE_URL"])
def test_a_missing_setting_is_a_sentence_that_names_it_and_shows_no_secret(
    name: str, servers: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(f"{OIDC_PREFIX}{name}")
    with pytest.raises(SettingsError, match=f"{OIDC_PREFIX}{name}") as refused:
        oidc_settings(servers)
    assert GOOD["CLIENT_SECRET"] not in str(refused.value)


def test_the_address_of_the_desk_is_that_of_the_notices_unless_it_has_its_own(
    servers: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORKORDERS_NOTICES_BASE_URL", "https://told.example")
    monkeypatch.delenv(f"{OIDC_PREFIX}BASE_URL")
    found = oidc_settings(Settings(broker="broker.example:9092"))
    assert found is not None
    assert found.base_url == "https://told.example"


def test_with_the_broker_inside_a_service_contradicts_the_choice_of_a_role(servers: Settings) -> None:
    with pytest.raises(SettingsError, match="needs a WORKORDERS_BROKER on servers"):
        oidc_settings(Settings())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the one table"),
        ("[roles]\n", "the one table"),
        ("[rolls]\na = 'x'\n", "the one table"),
        ("[roles]\na = 'x'\n", "a is 'x': write role:scope:of"),
        ("[roles]\na = 'estates-desk:division:north'\n", "write role:scope:of"),
        ("[roles]\na = 7\n", "a is 7: write role:scope:of"),
        ("[roles\n", "it cannot be read"),
    ],
)
def test_a_file_of_roles_that_cannot_be_used_is_a_sentence(
    text: str, said: str, servers: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "roles.toml"
    file.write_text(text, encoding="utf-8")
    monkeypatch.setenv(f"{OIDC_PREFIX}ROLES", str(file))
    found = oidc_settings(servers)
    assert found is not None
    with pytest.raises(SettingsError, match=re.escape(said)):
        voices_by_value(found)


def test_every_setting_is_on_the_page_and_the_page_names_no_other() -> None:
    page = (ROOT / "docs" / "DESK.md").read_text(encoding="utf-8")
    known = {f"{OIDC_PREFIX}{name.upper()}" for name in OidcSettings.model_fields}
    named = set(re.findall(rf"{OIDC_PREFIX}[A-Z_]*[A-Z]", page))
    assert {name.removesuffix("_FILE") if name not in known else name for name in named} == known
