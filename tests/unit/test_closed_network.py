"""Unit tests speak to nobody: a test that tries is told so at once."""

import socket

import pytest
from botocore.exceptions import HTTPClientError
from pytest_socket import SocketBlockedError

from shared.outside import clients

pytestmark = pytest.mark.filterwarnings("ignore:A test tried to use socket")


def test_given_a_unit_test_when_it_opens_a_socket_then_it_is_refused() -> None:
    with pytest.raises(SocketBlockedError):
        socket.socket(socket.AF_INET)


def test_given_a_unit_test_when_it_calls_aws_without_a_stand_in_then_it_is_refused(
    monkeypatch: pytest.MonkeyPatch, fresh: None
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with pytest.raises((SocketBlockedError, HTTPClientError), match="A test tried to use socket"):
        clients.dynamodb().get_item(TableName="records", Key={"pk": {"S": "x"}, "sk": {"S": "x"}})
