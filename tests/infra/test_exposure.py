"""What others can reach, what is encrypted, and that nothing fails where nobody looks."""

from typing import Any

import pytest
from synthesized import Stage, listed

# Where a failure may end; each has an alarm at its first message.
FAILURE_QUEUES = {
    "prompt failed", "bulk failed", "feedback failed", "events failed", "streams failed", "schedules failed",
    "invocations failed", "score parked", "follow up parked", "transfer failed",
}  # fmt: skip
# How long a message may wait for its worker before somebody is told, in seconds.
WORK_QUEUES = {"prompt": 120, "bulk": 900, "feedback": 900, "transfer": 900}

# Who of outside the stack may put something into it, into what, and under which condition.
ADMITTED = {
    ("events topic", "ses.amazonaws.com"): {"aws:SourceAccount", "aws:SourceArn"},
    ("alarms topic", "cloudwatch.amazonaws.com"): {"aws:SourceAccount"},
    ("feedback", "sns.amazonaws.com"): {"aws:SourceArn"},
    ("transfer", "s3.amazonaws.com"): {"aws:SourceAccount"},
    ("events failed", "sns.amazonaws.com"): {"aws:SourceArn"},
}


def test_every_queue_is_for_work_or_for_failures(stage: Stage) -> None:
    assert {stage.names[name] for name in stage.all("AWS::SQS::Queue")} == FAILURE_QUEUES | set(WORK_QUEUES)


@pytest.mark.parametrize("queue", sorted(FAILURE_QUEUES))
def test_first_failure_is_told(aws: Stage, queue: str) -> None:
    [alarm] = queue_alarms(aws, queue, "ApproximateNumberOfMessagesVisible")
    assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (0, "GreaterThanThreshold")
    assert (alarm["EvaluationPeriods"], alarm["Period"]) == (1, 60)
    assert [aws.name_of(action) for action in alarm["AlarmActions"]] == ["alarms topic"]


@pytest.mark.parametrize(("queue", "seconds"), WORK_QUEUES.items())
def test_work_that_waits_too_long_is_told(aws: Stage, queue: str, seconds: int) -> None:
    [alarm] = queue_alarms(aws, queue, "ApproximateAgeOfOldestMessage")
    assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (seconds, "GreaterThanThreshold")
    assert [aws.name_of(action) for action in alarm["AlarmActions"]] == ["alarms topic"]


def test_whatever_gives_up_gives_up_into_a_failure_queue(stage: Stage) -> None:
    targets = [queue["RedrivePolicy"]["deadLetterTargetArn"] for queue in of_kind(stage, "SQS::Queue", "RedrivePolicy")]
    targets += [
        each["RedrivePolicy"]["deadLetterTargetArn"] for each in of_kind(stage, "SNS::Subscription", "RedrivePolicy")
    ]
    for kind in ("Lambda::EventSourceMapping", "Lambda::EventInvokeConfig"):
        targets += [
            each["DestinationConfig"]["OnFailure"]["Destination"] for each in of_kind(stage, kind, "DestinationConfig")
        ]
    targets += [each["Target"]["DeadLetterConfig"]["Arn"] for each in stage.all("AWS::Scheduler::Schedule").values()]
    assert {stage.name_of(target) for target in targets} == FAILURE_QUEUES - {"score parked", "follow up parked"}


def test_nobody_else_may_put_anything_in(aws: Stage) -> None:
    admitted = {}
    for kind, target in (("SQS::QueuePolicy", "Queues"), ("SNS::TopicPolicy", "Topics")):
        for policy in aws.all(f"AWS::{kind}").values():
            for statement in policy["PolicyDocument"]["Statement"]:
                if statement["Effect"] == "Allow":
                    [into] = {aws.name_of(each) for each in policy[target]}
                    conditions = {name for test in statement["Condition"].values() for name in test}
                    admitted[into, statement["Principal"]["Service"]] = conditions
                    assert statement["Action"] in ("sqs:SendMessage", "sns:Publish")
    assert admitted == ADMITTED


def test_only_the_two_apis_invoke_functions_from_outside(stage: Stage) -> None:
    assert stage.all("AWS::Lambda::Url") == {}
    invoked = set()
    for permission in stage.all("AWS::Lambda::Permission").values():
        assert (permission["Action"], permission["Principal"]) == ("lambda:InvokeFunction", "apigateway.amazonaws.com")
        parts = permission["SourceArn"]["Fn::Join"][1]
        [api] = [part["Ref"] for part in parts if isinstance(part, dict) and part["Ref"] in apis(stage)]
        invoked.add((apis(stage)[api], stage.name_of(permission["FunctionName"]), parts[-1]))
    assert invoked == {
        ("api", "api", "/*/*"),
        ("surveys", "page", "/*/*"),
        ("surveys", "page", "/*/*/r/{token}"),
        ("surveys", "page", "/*/*/u/{token}"),
        ("surveys", "page", "/*/*/j/{token}"),
        ("surveys", "page", "/*/*/join/{project}"),
        ("surveys", "desk", "/*/*/c/{token}"),
        ("surveys", "desk", "/*/*/m/{token}"),
    }


def test_both_apis_are_throttled_as_a_whole_and_no_route_is_exempt(aws: Stage) -> None:
    limits = {}
    for each in aws.all("AWS::ApiGatewayV2::Stage").values():
        assert "RouteSettings" not in each
        limits[apis(aws)[each["ApiId"]["Ref"]]] = each["DefaultRouteSettings"]
    assert limits == {
        "api": {"ThrottlingRateLimit": 100, "ThrottlingBurstLimit": 200},
        "surveys": {"ThrottlingRateLimit": 210, "ThrottlingBurstLimit": 420},
    }


def test_bucket_belongs_to_its_owner_alone(stage: Stage) -> None:
    for bucket in stage.all("AWS::S3::Bucket").values():
        assert bucket["PublicAccessBlockConfiguration"] == {
            "BlockPublicAcls": True,
            "BlockPublicPolicy": True,
            "IgnorePublicAcls": True,
            "RestrictPublicBuckets": True,
        }
        assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    for policy in stage.all("AWS::S3::BucketPolicy").values():
        assert {statement["Effect"] for statement in policy["PolicyDocument"]["Statement"]} == {"Deny"}


def test_nothing_at_rest_is_in_the_clear(stage: Stage) -> None:
    assert {queue.get("SqsManagedSseEnabled") for queue in stage.all("AWS::SQS::Queue").values()} == {True}
    for bucket in stage.all("AWS::S3::Bucket").values():
        [rule] = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    # DynamoDB, Secrets Manager and CloudWatch Logs encrypt by themselves, and cannot be told not to.
    assert [table for table in stage.all("AWS::DynamoDB::Table").values() if "SSESpecification" in table] == []


def test_logs_are_kept_as_long_as_the_stage_says_and_no_longer(aws: Stage, local: Stage) -> None:
    for stage, days in ((aws, 30), (local, 1)):
        assert {group["RetentionInDays"] for group in stage.all("AWS::Logs::LogGroup").values()} == {days}
        logged = {stage.name_of(each["LoggingConfig"]["LogGroup"]) for each in stage.functions.values()}
        assert logged == {f"log of {name}" for name in stage.functions}


def test_apis_are_of_the_kind_that_aws_serves_over_tls_only(aws: Stage) -> None:
    assert {api["ProtocolType"] for api in aws.all("AWS::ApiGatewayV2::Api").values()} == {"HTTP"}


def apis(stage: Stage) -> dict[str, str]:
    """The two APIs' short names, by logical id."""
    return {name: api["Name"].rpartition("-")[2] for name, api in stage.all("AWS::ApiGatewayV2::Api").items()}


def of_kind(stage: Stage, kind: str, having: str) -> list[Any]:
    return [each for each in stage.all(f"AWS::{kind}").values() if having in each]


def queue_alarms(stage: Stage, queue: str, metric: str) -> list[Any]:
    return [
        alarm
        for alarm in stage.all("AWS::CloudWatch::Alarm").values()
        if alarm.get("MetricName") == metric
        and [stage.name_of(value) for each in alarm["Dimensions"] for value in listed(each["Value"])] == [queue]
    ]
