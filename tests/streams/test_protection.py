"""Protection of the connections: what the settings refuse, secrets that stand in files, and TLS to the database."""

import os
from pathlib import Path
from urllib.parse import quote

import pytest
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from streams.ledger.engine import Database
from streams.settings import Settings, SettingsError, load_settings
from tests.servers.postgres import GUARDED, PASSWORD, PostgresAddress
from tests.servers.shared import SharedServers


def refused(monkeypatch: pytest.MonkeyPatch, **given: object) -> str:
    for name, value in given.items():
        monkeypatch.setenv(f"WORKORDERS_{name}", str(value))
    with pytest.raises(SettingsError) as error:
        load_settings()
    return str(error.value)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Some file that exists."""
    (tmp_path / "some.pem").write_text("some text")
    return tmp_path / "some.pem"


class TestSecretsInFiles:
    """A password need not stand in the environment."""

    @pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
    def test_a_file_named_by_the_environment_holds_the_secret(
        self, ending: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        (tmp_path / "ledger").write_text(f"postgresql://u:p@h/d{ending}")
        monkeypatch.setenv("WORKORDERS_LEDGER_FILE", str(tmp_path / "ledger"))
        assert load_settings().ledger_url == "postgresql://u:p@h/d"

    def test_what_the_environment_says_itself_comes_first(self, monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
        monkeypatch.setenv("WORKORDERS_LEDGER_FILE", str(file))
        monkeypatch.setenv("WORKORDERS_LEDGER", "postgresql://u@h/d")
        assert load_settings().ledger_url == "postgresql://u@h/d"

    def test_a_file_that_cannot_be_read_is_named_with_the_reason(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        said = refused(monkeypatch, KAFKA_PASSWORD_FILE="/nowhere")
        assert said == "WORKORDERS_KAFKA_PASSWORD_FILE is '/nowhere': no such file or directory."
        (tmp_path / "binary").write_bytes(b"\xff\xfe")
        said = refused(monkeypatch, KAFKA_PASSWORD_FILE=tmp_path / "binary")
        assert said.endswith("binary': it is not text.")

    def test_what_is_no_secret_stands_in_no_file(self, monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
        assert "WORKORDERS_GROUP_FILE is not a setting" in refused(monkeypatch, GROUP_FILE=file)


class TestRefused:
    """Settings that would leave a connection less protected than somebody thinks."""

    @pytest.mark.parametrize("name", ["KAFKA_CA_FILE", "KAFKA_PASSWORD"])
    def test_protection_that_protects_nothing(self, name: str, monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
        said = refused(monkeypatch, BROKER="kafka:9092", **{name: file})
        assert said == f"WORKORDERS_{name} protects nothing while WORKORDERS_KAFKA_SECURITY is PLAINTEXT."

    def test_a_client_certificate_without_encryption(self, monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
        said = refused(monkeypatch, BROKER="kafka:9092", KAFKA_CERTIFICATE_FILE=file, KAFKA_KEY_FILE=file)
        assert said.startswith("WORKORDERS_KAFKA_CERTIFICATE_FILE protects nothing")

    def test_a_file_that_may_not_be_read(self, monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
        monkeypatch.setattr(os, "access", lambda *_: False)
        said = refused(monkeypatch, BROKER="kafka:9092", KAFKA_SECURITY="SSL", KAFKA_CA_FILE=file)
        assert said == f"WORKORDERS_KAFKA_CA_FILE is '{file}': this file may not be read by us."

    def test_authorities_for_a_ledger_that_is_a_file(self, monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
        assert "for a WORKORDERS_LEDGER on PostgreSQL" in refused(monkeypatch, LEDGER_CA_FILE=file)

    def test_protection_that_is_said_twice(self, monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
        said = refused(monkeypatch, LEDGER="postgresql://h/d?sslmode=disable", LEDGER_CA_FILE=file)
        assert said == "WORKORDERS_LEDGER says sslmode and WORKORDERS_LEDGER_CA_FILE is set: say it in one place."

    def test_a_ledger_certificate_without_its_key_or_without_authorities(
        self, monkeypatch: pytest.MonkeyPatch, file: Path
    ) -> None:
        given = {"LEDGER": "postgresql://h/d", "LEDGER_CERTIFICATE_FILE": file}
        assert "are set together or not at all" in refused(monkeypatch, **given)
        assert "needs a WORKORDERS_LEDGER_CA_FILE" in refused(monkeypatch, **given, LEDGER_KEY_FILE=file)


def test_authorities_and_certificate_stand_in_the_url_that_every_client_uses(file: Path) -> None:
    where = quote(str(file), safe="")
    settings = Settings(ledger=SecretStr("postgresql://h/d?application_name=w"), ledger_ca_file=file)
    assert settings.ledger_url == f"postgresql://h/d?application_name=w&sslmode=verify-full&sslrootcert={where}"
    settings = Settings(
        ledger=SecretStr("postgresql://h/d"), ledger_ca_file=file, ledger_certificate_file=file, ledger_key_file=file
    )
    assert settings.ledger_url.endswith(f"?sslmode=verify-full&sslrootcert={where}&sslcert={where}&sslkey={where}")


@pytest.mark.postgres
class TestOnPostgreSQL:
    """Against a real server whose login needs TLS and a password."""

    @staticmethod
    async def encrypted(settings: Settings) -> bool:
        """Whether the ledger's connections are."""
        database = Database(settings.ledger_url)
        try:
            async with database.reading() as connection:
                asked = text("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
                return bool((await connection.execute(asked)).scalar_one())
        finally:
            await database.close()

    @staticmethod
    def guarded(server: PostgresAddress, password: str = PASSWORD, ca: str = "ca.pem") -> Settings:
        url = server.url("postgres", user=GUARDED, password=password)
        return Settings(ledger=SecretStr(url), ledger_ca_file=Path(server.certificates) / ca)

    async def test_with_authorities_the_server_proves_its_name_and_all_is_encrypted(
        self, protected_postgres: PostgresAddress
    ) -> None:
        assert await self.encrypted(self.guarded(protected_postgres))

    @pytest.mark.parametrize(
        ("wrong", "sentence"),
        [
            ({"password": "wrong"}, "password authentication failed"),
            ({"ca": "other-ca.pem"}, "certificate verify failed"),
        ],
    )
    async def test_a_wrong_password_or_an_unknown_server_is_refused(
        self, wrong: dict[str, str], sentence: str, protected_postgres: PostgresAddress
    ) -> None:
        with pytest.raises(OperationalError, match=sentence) as error:
            await self.encrypted(self.guarded(protected_postgres, **wrong))
        assert "wrong" not in str(error.value)

    def test_a_person_reads_one_sentence(
        self, protected_postgres: PostgresAddress, servers: SharedServers, monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:  # fmt: skip
        from desk.cli import main  # noqa: PLC0415 - the command line loads what it needs when it is asked

        for command in (["board"], ["db", "upgrade"], ["verify"]):
            url = protected_postgres.url("postgres", user=GUARDED, password="hush")
            monkeypatch.setenv("WORKORDERS_LEDGER", url)
            monkeypatch.setenv("WORKORDERS_LEDGER_CA_FILE", f"{protected_postgres.certificates}/ca.pem")
            assert main(command) == 4
            said = capsys.readouterr().err.strip()
            assert "password authentication failed" in said
            assert len(said.splitlines()) == 1
            assert "hush" not in said
