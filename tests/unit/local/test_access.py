import pytest

from local import access
from local.places import StateDirectory
from local.problems import CommandError


def test_nothing_of_a_real_account_reaches_the_emulator(monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "secret")
    monkeypatch.setenv("HEARBACK_STAGE", "prod")
    environment = access.local_environment(4599)
    assert "AWS_PROFILE" not in environment
    assert "AWS_SESSION_TOKEN" not in environment
    assert "HEARBACK_STAGE" not in environment
    assert environment["AWS_ACCESS_KEY_ID"] == "test"
    assert environment["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4599"


def test_a_proxy_is_not_asked_for_this_machine(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "intranet.example.com")
    assert access.neutral_environment()["NO_PROXY"] == "intranet.example.com,127.0.0.1,localhost"


def test_without_a_stack_the_command_says_how_to_start_one(tmp_path):
    with pytest.raises(CommandError, match="hearback local up"):
        access.enter_installation(StateDirectory(tmp_path), None)
