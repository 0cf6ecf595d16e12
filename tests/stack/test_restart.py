"""The stack itself: what it keeps over a stop, and that IAM is enforced."""

import json

import boto3
import pytest
import requests
from botocore.exceptions import ClientError

from tests.stack.conftest import Stack, bring_up, hearback, survey_link

pytestmark = pytest.mark.stack


def test_a_stranger_is_refused_by_iam(stack: Stack) -> None:
    stranger = boto3.client(
        "dynamodb",
        endpoint_url=stack.contract["endpoint_url"],
        region_name=stack.contract["region"],
        aws_access_key_id="AKIAEXAMPLEEXAMPLE00",
        aws_secret_access_key="nobody",
    )
    with pytest.raises(ClientError, match=r"UnrecognizedClient|AccessDenied|InvalidClientTokenId|security token"):
        stranger.scan(TableName=stack.contract["records_table"])


def test_down_and_up_keep_the_data_and_scoring_goes_on(stack: Stack) -> None:
    # given an answer, and a person whose mail is out
    address = stack.address()
    stack.send(address)
    link = survey_link(stack.mail_to(address))
    before = stack.call("GET", "metrics", params={"since": 0}).json()["response_count"]

    # when the stack goes down and comes up again
    assert hearback("local", "down", "--state", stack.state).returncode == 0
    with pytest.raises(requests.ConnectionError):
        requests.get(link, timeout=5)
    bring_up(stack.state)
    assert json.loads((stack.state / "hearback.json").read_text()) == stack.contract

    # then the old link works, and its answer is counted
    assert requests.post(link, data={"score": "8"}, timeout=30).status_code == 200
    stack.until(
        lambda: stack.call("GET", "metrics", params={"since": 0}).json()["response_count"] == before + 1 or None
    )
    assert hearback("audit", "--state", stack.state).returncode == 0
