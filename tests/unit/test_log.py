"""What a log line carries, and what a failure never says."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from shared.domain.errors import BusyError
from shared.outside import log
from shared.outside.log import FailedError

WORDS = "Ann wrote this"


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@log.without_words
def fails(error: Exception) -> None:
    raise error from ValueError(WORDS)


def test_given_an_event_then_every_line_carries_what_it_is_about_and_the_next_event_none_of_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log.begin(correlation_id="h1", function_request_id="f1")
    log.concern(request="p-1", case="")
    log.log("one")
    log.begin(correlation_id="h2")
    log.log("two", "ERROR", status=500)
    one, two = lines(capsys)
    assert (one["level"], one["correlation_id"], one["function_request_id"], one["request"]) == (
        "INFO", "h1", "f1", "p-1",
    )  # fmt: skip
    assert "case" not in one
    assert (two["level"], two["correlation_id"], two["status"]) == ("ERROR", "h2", 500)
    assert not {"request", "function_request_id"} & set(two)
    assert two["timestamp"].endswith("Z")


def test_given_an_unexpected_error_then_only_its_type_and_place_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    log.begin(request="p-1")
    with pytest.raises(FailedError, match=r"^KeyError at test_log\.py:\d+$") as raised:
        fails(KeyError(WORDS))
    assert (raised.value.__cause__, raised.value.__suppress_context__) == (None, True)
    [line] = lines(capsys)
    assert (line["level"], line["error"], line["request"]) == ("ERROR", "KeyError", "p-1")
    assert WORDS not in json.dumps(line)


def test_given_an_error_of_aws_then_its_type_and_code_stay_and_its_message_goes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(ClientError, match="MessageRejected") as raised:
        fails(ClientError({"Error": {"Code": "MessageRejected", "Message": WORDS}}, "SendRawEmail"))
    assert WORDS not in str(raised.value)
    assert (raised.value.__cause__, raised.value.__suppress_context__) == (None, True)
    assert WORDS not in capsys.readouterr().out


def test_given_an_error_of_ours_then_it_passes_without_the_one_that_led_to_it() -> None:
    with pytest.raises(BusyError, match="come again") as raised:
        fails(BusyError("come again"))
    assert (raised.value.__cause__, raised.value.__suppress_context__) == (None, True)


def test_given_a_metric_then_its_line_is_in_the_embedded_metric_format(capsys: pytest.CaptureFixture[str]) -> None:
    log.begin(request="p-1")
    log.count("Answers")
    [line] = lines(capsys)
    [directive] = line["_aws"]["CloudWatchMetrics"]
    assert directive == {
        "Namespace": "Hearback",
        "Dimensions": [["service"]],
        "Metrics": [{"Name": "Answers", "Unit": "Count"}],
    }
    assert (line["Answers"], line["service"]) == (1, "test")
    assert "request" not in line
