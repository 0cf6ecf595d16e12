"""A stage that cannot work says so at once, and says how to mend it."""

import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from infra.settings import STAGES, Settings, SettingsError

COMPLETE = {
    "HEARBACK_ACCOUNT": "123456789012",
    "HEARBACK_REGION": "eu-west-1",
    "HEARBACK_SENDER": "example.com",
}


@pytest.mark.parametrize("name", ["account", "region", "sender"])
def test_missing_setting_is_named(tmp_path: Path, name: str) -> None:
    environment = {key: value for key, value in COMPLETE.items() if key != f"HEARBACK_{name.upper()}"}
    with pytest.raises(SettingsError, match=f"`{name}` of stage `prod`.*prod.toml.*HEARBACK_{name.upper()}"):
        Settings.read("prod", environment, folder=tmp_path)


def test_missing_stage_is_named() -> None:
    with pytest.raises(SettingsError, match=r"`stage`.*-c stage=.*HEARBACK_STAGE"):
        Settings.read(None, COMPLETE)


def test_missing_local_port_is_named() -> None:
    with pytest.raises(SettingsError, match="HEARBACK_LOCAL_PORT"):
        Settings.read("local", {})


def test_environment_beats_the_file(tmp_path: Path) -> None:
    (tmp_path / "prod.toml").write_text('sender = "example.net"\nlog_days = 90\n')
    settings = Settings.read("prod", COMPLETE, folder=tmp_path)
    assert (settings.sender, settings.log_days) == ("example.com", 90)


def test_account_and_region_default_to_those_of_the_credentials(tmp_path: Path) -> None:
    environment = {
        "CDK_DEFAULT_ACCOUNT": "210987654321",
        "CDK_DEFAULT_REGION": "us-east-1",
        "HEARBACK_SENDER": "example.com",
    }
    settings = Settings.read("prod", environment, folder=tmp_path)
    assert (settings.account, settings.region) == ("210987654321", "us-east-1")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('sendr = "example.com"', "sendr"),
        ("log_days = 5", "log_days"),
        ('log_days = "30"', "log_days"),
        ("send_rate = 0", "send_rate"),
        ('surveys_url = "https://surveys.example.com/"', "surveys_url"),
        ('api_url = "http://api.example.com"', "api_url"),
        ('log_level = "LOUD"', "log_level"),
        ("sender =", "TOML"),
    ],
)
def test_unusable_setting_is_named(tmp_path: Path, line: str, says: str) -> None:
    (tmp_path / "prod.toml").write_text(line + "\n")
    with pytest.raises(SettingsError, match=says):
        Settings.read("prod", COMPLETE, folder=tmp_path)


def test_example_shows_every_setting() -> None:
    shown = tomllib.loads((STAGES / "example.toml").read_text(encoding="utf-8"))
    assert set(shown) == {field.name for field in fields(Settings)} - {"stage", "local"}
    assert Settings.read("example", {}).sender == "example.com"
