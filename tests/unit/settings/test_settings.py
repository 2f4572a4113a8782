from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from cti import settings
from cti.settings import Settings, SettingsError, load

GOOD = {
    "public_url": "https://connector.example.com",
    "secret_key": "s" * 32,
    "encryption_keys": Fernet.generate_key().decode(),
}


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(settings.PREFIX + name.upper(), raising=False)


def test_the_environment_alone_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    monkeypatch.setenv("FCC_CONNECTOR_PUBLIC_URL", "https://Connector.Example.com/")
    monkeypatch.setenv("FCC_CONNECTOR_SECRET_KEY", "k" * 40)
    monkeypatch.setenv("FCC_CONNECTOR_ENCRYPTION_KEYS", f"{first}, {second}")
    loaded = load()
    assert loaded.public_url == "https://connector.example.com"
    assert loaded.websocket_url == "wss://connector.example.com"
    assert [key.get_secret_value() for key in loaded.encryption_keys] == [first, second]
    assert loaded.database.endswith("/var/connector.db")


def test_everything_that_is_missing_is_named_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        load()
    for name in ("PUBLIC_URL", "SECRET_KEY", "ENCRYPTION_KEYS"):
        assert f"FCC_CONNECTOR_{name}: is not set" in str(caught.value)


@pytest.mark.parametrize(
    "url",
    ["http://localhost:8000", "http://connector.localhost:8000", "http://127.0.0.1:8000", "http://[::1]:8000"],
)
def test_http_is_allowed_for_loopback_names(url: str) -> None:
    assert load(**GOOD | {"public_url": url}).public_url == url


@pytest.mark.parametrize(
    ("url", "advice"),
    [
        ("http://connector.example.com", "change it to https"),
        ("http://localhost.example.com", "change it to https"),
        ("http://10.0.0.1", "change it to https"),
        ("http://127.example.com", "change it to https"),
        ("connector.example.com", "give an address such as"),
        ("ftp://connector.localhost", "give an address such as"),
        ("https://connector.example.com/app", "without a path"),
        ("https://user@connector.example.com", "without a path"),
    ],
)
def test_a_public_address_that_cannot_work_is_refused_with_advice(url: str, advice: str) -> None:
    with pytest.raises(SettingsError, match=advice):
        load(**GOOD | {"public_url": url})


def test_a_short_secret_is_refused_and_not_repeated() -> None:
    with pytest.raises(SettingsError) as caught:
        load(**GOOD | {"secret_key": "hunter2-hunter2"})
    assert "at least 32 characters" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_key_that_is_no_fernet_key_is_refused_and_not_repeated() -> None:
    with pytest.raises(SettingsError) as caught:
        load(**GOOD | {"encryption_keys": f"{GOOD['encryption_keys']},not-a-key"})
    assert "key 2 is not a Fernet key" in str(caught.value)
    assert "not-a-key" not in str(caught.value)


@pytest.mark.parametrize("database_url", ["", "postgresql://db/connector"])
@pytest.mark.parametrize("processes", [0, 2])
def test_there_is_one_web_process_on_every_database(database_url: str, processes: int) -> None:
    with pytest.raises(SettingsError, match=f"FCC_CONNECTOR_WEB_PROCESSES: .* set it to 1, not {processes}"):
        load(**GOOD, web_processes=processes, database_url=database_url)


@pytest.mark.parametrize("url", ["mysql://db/connector", "connector.db"])
def test_another_database_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="FCC_CONNECTOR_DATABASE_URL"):
        load(**GOOD, database_url=url)


def test_a_certificate_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="there is no file"):
        load(**GOOD, ca_file=tmp_path / "none.pem")


def test_secrets_do_not_show_when_settings_are_printed() -> None:
    loaded = load(**GOOD, database_url="postgresql://fcc:hunter2@db/connector")
    assert "hunter2" not in repr(loaded)
    assert GOOD["secret_key"] not in repr(loaded)
    assert GOOD["encryption_keys"] not in repr(loaded)


def test_each_setting_is_described() -> None:
    assert all(field.description for field in Settings.model_fields.values())


def test_the_documented_table_is_the_one_the_code_makes() -> None:
    page = Path(settings.__file__).parent.parent.joinpath("docs/settings.md").read_text(encoding="utf-8")
    assert page.endswith("\n\n" + settings.table())
