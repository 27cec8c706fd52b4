"""The settings: defaults, where they come from, and one sentence for each fault."""

from pathlib import Path

import pytest
from pydantic_settings import BaseSettings, SettingsConfigDict

from streams import settings as settings_module
from streams.settings import Settings, SettingsError, default_data_dir, load, load_settings


def refused(monkeypatch: pytest.MonkeyPatch, **given: str) -> list[str]:
    for name, value in given.items():
        monkeypatch.setenv(f"WORKORDERS_{name}", value)
    with pytest.raises(SettingsError) as error:
        load_settings()
    return str(error.value).splitlines()


def test_with_nothing_set_the_broker_is_embedded_and_the_ledger_a_file() -> None:
    settings = load_settings()
    assert settings.is_embedded
    assert settings.ledger_url == f"sqlite:///{settings.data_dir}/ledger.db"
    assert (settings.session_timeout_ms, settings.heartbeat_ms, settings.batch_max_records) == (6_000, 1_500, 500)
    assert settings.mass_rejection_window.total_seconds() == 60


def test_a_setting_is_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKORDERS_BROKER", "kafka-1:9092, [::1]:9093")
    monkeypatch.setenv("WORKORDERS_LOG_LEVEL", "WARNING")
    settings = load_settings()
    assert settings.broker == "kafka-1:9092,[::1]:9093"
    assert not settings.is_embedded
    assert settings.log_level == "warning"


def test_settings_do_not_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load_settings().group = "other"  # type: ignore[misc]


def test_the_data_directory_follows_xdg_and_not_the_current_directory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert default_data_dir() == tmp_path / "workorders"
    monkeypatch.setenv("XDG_DATA_HOME", "relative/is/ignored")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_data_dir() == tmp_path / ".local/share/workorders"


def test_a_home_directory_is_expanded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "policy.toml").touch()
    monkeypatch.setenv("WORKORDERS_DATA_DIR", "~/data")
    monkeypatch.setenv("WORKORDERS_POLICY", "~/policy.toml")
    settings = load_settings()
    assert settings.data_dir == tmp_path / "data"
    assert settings.policy == tmp_path / "policy.toml"
    assert Settings(data_dir=tmp_path).data_dir == tmp_path


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("BATCH_MAX_RECORDS", "many", "WORKORDERS_BATCH_MAX_RECORDS is 'many': input should be a valid integer"),
        ("BATCH_MAX_RECORDS", "0", "WORKORDERS_BATCH_MAX_RECORDS is '0': input should be greater than or equal to 1"),
        ("BROKER", "kafka", "WORKORDERS_BROKER is 'kafka': write embedded, or host:port"),
        ("BROKER", "kafka:99999", "WORKORDERS_BROKER is 'kafka:99999': write embedded, or host:port"),
        ("SWEEP_EVERY_S", "nan", "WORKORDERS_SWEEP_EVERY_S is 'nan': input should be a finite number"),
        ("POLICY", "/nowhere", "WORKORDERS_POLICY is '/nowhere': path does not point to a file"),
        ("LOG_LEVEL", "loud", "WORKORDERS_LOG_LEVEL is 'loud': input should be 'debug', 'info'"),
        ("GROUP", "two words", "WORKORDERS_GROUP is 'two words': string should match pattern"),
    ],
)
def test_a_bad_setting_gives_one_sentence_with_key_value_and_reason(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, sentence: str
) -> None:
    (said,) = refused(monkeypatch, **{name: value})
    assert said.startswith(sentence)


def test_each_of_several_faults_has_its_own_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(refused(monkeypatch, BROKER="kafka", RELAY_BATCH="x")) == 2


@pytest.mark.parametrize(
    "url",
    [
        *("mysql://user:hunter2@host/db", "sqlite:///:memory:", "sqlite://", "ledger.db"),
        *("postgresql://u:hunter2@:::/", "postgresql://u:hunter2@h:99999/d", "postgresql://u:hunter2@[::1/d"),
    ],
)
def test_a_ledger_that_we_cannot_keep_is_refused_without_showing_its_password(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    (said,) = refused(monkeypatch, LEDGER=url)
    assert said.startswith("WORKORDERS_LEDGER is (not shown): write sqlite:///")
    assert "hunter2" not in said


@pytest.mark.parametrize(
    "url", ["sqlite:////var/ledger.db", "sqlite+aiosqlite:///l.db", "postgresql://u:p@h/d", "postgresql+psycopg://h/d"]
)
def test_the_ledgers_that_we_keep_are_taken(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("WORKORDERS_LEDGER", url)
    settings = load_settings()
    assert settings.ledger_url == url
    assert url not in repr(settings)


def test_a_misspelt_setting_is_refused_by_name_with_the_nearest_one(monkeypatch: pytest.MonkeyPatch) -> None:
    (said,) = refused(monkeypatch, BATCH_MAX_RECRDS="500")
    assert said == "WORKORDERS_BATCH_MAX_RECRDS is not a setting; did you mean WORKORDERS_BATCH_MAX_RECORDS?"


def test_an_unknown_setting_in_small_letters_is_refused_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("workorders_zzz", "1")
    with pytest.raises(SettingsError, match=r"^workorders_zzz is not a setting\.$"):
        load_settings()


def test_settings_of_other_parts_are_left_to_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKORDERS_DESK_PORT", "8000")
    load_settings()

    class DeskSettings(BaseSettings):
        model_config = SettingsConfigDict(env_prefix="WORKORDERS_DESK_")
        port: int = 0

    assert load(DeskSettings).port == 8000
    monkeypatch.setenv("WORKORDERS_DESK_PRT", "8000")
    with pytest.raises(SettingsError, match="did you mean WORKORDERS_DESK_PORT"):
        load(DeskSettings)


def test_a_setting_may_stand_in_a_secret_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(settings_module, "SECRETS", tmp_path)
    (tmp_path / "workorders_ledger").write_text("postgresql://u:p@h/d\n")
    (tmp_path / "postgres_password").write_text("another's")
    assert load_settings().ledger_url == "postgresql://u:p@h/d"
    (tmp_path / "workorders_ledgr").write_text("x")
    with pytest.raises(SettingsError, match="workorders_ledgr is not a setting; did you mean WORKORDERS_LEDGER"):
        load_settings()


def test_heartbeats_leave_room_for_a_lost_one(monkeypatch: pytest.MonkeyPatch) -> None:
    (said,) = refused(monkeypatch, HEARTBEAT_MS="5000")
    assert said.startswith("WORKORDERS_HEARTBEAT_MS=5000 must be at most a third of WORKORDERS_SESSION_TIMEOUT_MS=6000")


def test_the_broker_is_waited_for_longer_than_a_session(monkeypatch: pytest.MonkeyPatch) -> None:
    (said,) = refused(monkeypatch, BROKER_TIMEOUT_S="6")
    assert said.startswith("WORKORDERS_BROKER_TIMEOUT_S=6 must be longer than")


def test_a_login_needs_name_and_password(monkeypatch: pytest.MonkeyPatch) -> None:
    (said,) = refused(monkeypatch, KAFKA_SECURITY="SASL_SSL", KAFKA_USERNAME="workorders")
    assert said == "WORKORDERS_KAFKA_SECURITY=SASL_SSL needs a KAFKA_USERNAME and a KAFKA_PASSWORD."
    monkeypatch.setenv("WORKORDERS_KAFKA_PASSWORD", "hunter2")
    monkeypatch.setenv("WORKORDERS_BROKER", "kafka:9093")
    settings = load_settings()
    assert settings.uses_tls
    assert settings.uses_login
    assert "hunter2" not in repr(settings)


def test_a_client_certificate_comes_with_its_key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "client.pem").touch()
    (said,) = refused(monkeypatch, KAFKA_CERTIFICATE_FILE=str(tmp_path / "client.pem"))
    assert said.endswith("are set together or not at all.")


def test_the_embedded_broker_is_not_protected_and_is_not_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    (said,) = refused(monkeypatch, KAFKA_SECURITY="SSL")
    assert said.startswith("WORKORDERS_KAFKA_SECURITY=SSL needs a WORKORDERS_BROKER on servers")
