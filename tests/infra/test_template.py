"""The promises of the deployed stack that no handler can keep by itself."""

import json
from typing import Any

import pytest
from synthesized import Stage

from functions.transfer.handler import RESERVE_MILLISECONDS
from shared.domain.imports import KEPT_DAYS
from shared.store.recounts import FENCE_SECONDS


def stream_mappings(stage: Stage) -> dict[str, Any]:
    return {
        stage.name_of(each["FunctionName"]): each
        for each in stage.all("AWS::Lambda::EventSourceMapping").values()
        if "StartingPosition" in each
    }


def test_two_functions_read_the_stream_and_each_sees_its_kinds_only(stage: Stage) -> None:
    kinds = {
        name: [json.loads(each["Pattern"]) for each in mapping["FilterCriteria"]["Filters"]]
        for name, mapping in stream_mappings(stage).items()
    }
    assert kinds == {
        "score": [
            {"dynamodb": {"NewImage": {"kind": {"S": ["response"]}}}},
            {"dynamodb": {"NewImage": {"kind": {"S": ["request"]}, "state": {"S": [{"anything-but": ["scheduled"]}]}}}},
        ],
        "follow_up": [{"dynamodb": {"NewImage": {"kind": {"S": ["response"]}}}}],
    }


@pytest.mark.parametrize("function", ["score", "follow_up"])
def test_a_stuck_batch_is_halved_and_ends_in_a_queue(stage: Stage, function: str) -> None:
    mapping = stream_mappings(stage)[function]
    assert mapping["StartingPosition"] == "TRIM_HORIZON"
    assert mapping["MaximumRetryAttempts"] == 50
    assert mapping["MaximumRecordAgeInSeconds"] == 86_400
    assert mapping["BisectBatchOnFunctionError"] is True
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert stage.name_of(mapping["DestinationConfig"]["OnFailure"]["Destination"]) == "streams failed"


def test_records_are_streamed_with_both_images_and_metrics_are_not(stage: Stage) -> None:
    streams = {stage.names[name]: table.get("StreamSpecification") for name, table in tables(stage).items()}
    assert streams == {"records": {"StreamViewType": "NEW_AND_OLD_IMAGES"}, "metrics": None}


def test_records_have_the_four_indexes(stage: Stage) -> None:
    [records] = [table for table in tables(stage).values() if "GlobalSecondaryIndexes" in table]
    found = {
        index["IndexName"]: (
            *(key["AttributeName"] for key in index["KeySchema"]),
            index["Projection"]["ProjectionType"],
        )
        for index in records["GlobalSecondaryIndexes"]
    }
    assert found == {
        "due": ("due_pk", "due_sk", "KEYS_ONLY"),
        "by_project": ("list_pk", "list_sk", "ALL"),
        "by_updated": ("updated_pk", "updated_sk", "KEYS_ONLY"),
        "by_account": ("account_pk", "account_sk", "KEYS_ONLY"),
    }


def test_what_is_kept_survives_mistakes(aws: Stage) -> None:
    for name, table in tables(aws).items():
        assert table["BillingMode"] == "PAY_PER_REQUEST"
        assert table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True
        assert table["DeletionProtectionEnabled"] is True
        assert aws.template["Resources"][name]["DeletionPolicy"] == "Retain"
    for kind in ("AWS::S3::Bucket", "AWS::SecretsManager::Secret"):
        for name in aws.all(kind):
            assert aws.template["Resources"][name]["DeletionPolicy"] == "Retain"


def test_local_stage_leaves_nothing_behind(local: Stage) -> None:
    kept = [
        name for name, resource in local.template["Resources"].items() if resource.get("DeletionPolicy") == "Retain"
    ]
    assert [name for name in kept if local.template["Resources"][name]["Type"] != "AWS::Lambda::LayerVersion"] == []


def test_reports_are_private_encrypted_and_versioned(aws: Stage) -> None:
    buckets = {aws.names[name]: bucket for name, bucket in aws.all("AWS::S3::Bucket").items()}
    for bucket in buckets.values():
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
        [rule] = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    assert buckets["bucket"]["VersioningConfiguration"] == {"Status": "Enabled"}
    policies = aws.all("AWS::S3::BucketPolicy").values()
    assert {aws.name_of(policy["Bucket"]) for policy in policies if refuses_plain_http(policy)} == set(buckets)


def test_files_of_imports_are_told_of_and_go_after_a_week(stage: Stage) -> None:
    [bucket] = [each for name, each in stage.all("AWS::S3::Bucket").items() if stage.names[name] == "files"]
    assert "VersioningConfiguration" not in bucket
    [rule] = bucket["LifecycleConfiguration"]["Rules"]
    assert (rule["ExpirationInDays"], rule["Status"]) == (KEPT_DAYS, "Enabled")
    assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": KEPT_DAYS}
    [told] = bucket["NotificationConfiguration"]["QueueConfigurations"]
    assert (stage.name_of(told["Queue"]), told["Event"]) == ("transfer", "s3:ObjectCreated:*")
    assert told["Filter"] == {"S3Key": {"Rules": [{"Name": "prefix", "Value": "uploads/"}]}}


def test_an_import_has_a_worker_of_its_own_and_none_is_joined_by_another(stage: Stage) -> None:
    [mapping] = [
        each
        for each in stage.all("AWS::Lambda::EventSourceMapping").values()
        if stage.name_of(each["FunctionName"]) == "transfer"
    ]
    assert mapping["BatchSize"] == 1
    queue = stage.template["Resources"][mapping["EventSourceArn"]["Fn::GetAtt"][0]]["Properties"]
    assert queue["VisibilityTimeout"] >= stage.functions["transfer"]["Timeout"]
    # What is done in the reserve must fit into the time that is left.
    assert 1000 * stage.functions["transfer"]["Timeout"] > RESERVE_MILLISECONDS


def test_queues_and_topics_are_encrypted_or_refuse_plain_http(aws: Stage) -> None:
    queues = aws.all("AWS::SQS::Queue")
    assert all(queue["SqsManagedSseEnabled"] is True for queue in queues.values())
    guarded = [
        each["Queues"][0]["Ref"] for each in aws.all("AWS::SQS::QueuePolicy").values() if refuses_plain_http(each)
    ]
    assert sorted(guarded) == sorted(queues)
    topics = [
        each["Topics"][0]["Ref"] for each in aws.all("AWS::SNS::TopicPolicy").values() if refuses_plain_http(each)
    ]
    assert sorted(topics) == sorted(aws.all("AWS::SNS::Topic"))


def test_every_worked_queue_gives_up_into_another(stage: Stage) -> None:
    worked = {
        each["EventSourceArn"]["Fn::GetAtt"][0]
        for each in stage.all("AWS::Lambda::EventSourceMapping").values()
        if "StartingPosition" not in each
    }
    queues = stage.all("AWS::SQS::Queue")
    assert {stage.names[name] for name in worked} == {"prompt", "bulk", "feedback", "transfer"}
    for name in worked:
        redrive = queues[name]["RedrivePolicy"]
        assert redrive["maxReceiveCount"] == 5
        assert queues[redrive["deadLetterTargetArn"]["Fn::GetAtt"][0]]["MessageRetentionPeriod"] == 14 * 86_400
        assert queues[name]["VisibilityTimeout"] == (20 if stage.names[name] == "transfer" else 180)


def test_every_queue_without_a_worker_has_an_alarm_at_the_first_message(aws: Stage) -> None:
    waiting = {name for name, queue in aws.all("AWS::SQS::Queue").items() if "RedrivePolicy" not in queue}
    alarmed = {
        alarm["Dimensions"][0]["Value"]["Fn::GetAtt"][0]
        for alarm in aws.all("AWS::CloudWatch::Alarm").values()
        if alarm["MetricName"] == "ApproximateNumberOfMessagesVisible"
        and (alarm["Threshold"], alarm["ComparisonOperator"]) == (0, "GreaterThanThreshold")
    }
    assert alarmed == waiting
    assert len(waiting) == 10


def test_functions_and_streams_have_alarms_that_tell_somebody(aws: Stage) -> None:
    alarms = aws.all("AWS::CloudWatch::Alarm")
    watched: dict[str, set[str]] = {"Errors": set(), "IteratorAge": set()}
    for alarm in alarms.values():
        assert alarm["AlarmActions"]
        if alarm["MetricName"] in watched:
            watched[alarm["MetricName"]].add(aws.name_of(alarm["Dimensions"][0]["Value"]))
    assert watched == {"Errors": set(aws.functions), "IteratorAge": {"score", "follow_up"}}


def test_invocations_that_nobody_waits_for_end_in_a_queue(stage: Stage) -> None:
    later = {stage.name_of(each["FunctionName"]): each for each in stage.all("AWS::Lambda::EventInvokeConfig").values()}
    assert {name: each["MaximumRetryAttempts"] for name, each in later.items()} == {"wake": 0, "score": 0, "report": 2}
    for each in later.values():
        assert stage.name_of(each["DestinationConfig"]["OnFailure"]["Destination"]) == "invocations failed"


def test_schedules_retry_and_give_up_into_a_queue(stage: Stage) -> None:
    found = {}
    for schedule in stage.all("AWS::Scheduler::Schedule").values():
        target = schedule["Target"]
        found[stage.name_of(target["Arn"]), target.get("Input")] = schedule["ScheduleExpression"]
        assert stage.name_of(target["DeadLetterConfig"]["Arn"]) == "schedules failed"
        assert 60 <= target["RetryPolicy"]["MaximumEventAgeInSeconds"] <= 3600
        assert target["RetryPolicy"]["MaximumRetryAttempts"] == 3
    assert found == {
        ("wake", None): "rate(1 minute)",
        ("score", None): "rate(1 minute)",
        ("score", '{"audit": true}'): "cron(0 2 * * ? *)",
        ("report", None): "rate(1 hour)",
    }


def test_a_recount_waits_for_twice_as_long_as_a_worker_can_count_by_older_rules(stage: Stage) -> None:
    assert stage.functions["score"]["Timeout"] * 2 <= FENCE_SECONDS


def test_functions_run_on_python_3_13_arm64_with_one_layer(stage: Stage) -> None:
    for name, function in stage.functions.items():
        assert (function["Runtime"], function["Architectures"]) == ("python3.13", ["arm64"])
        assert len(function["Layers"]) == 1
        assert function["LoggingConfig"]["LogFormat"] == "JSON"
        assert "TracingConfig" not in function
        assert function["Handler"] == f"functions.{name}.handler.handle"


def test_logs_end(stage: Stage) -> None:
    groups = stage.all("AWS::Logs::LogGroup")
    assert all(group["RetentionInDays"] for group in groups.values())
    assert len(groups) == len(stage.functions) + 2


def test_common_environment_is_complete(aws: Stage, local: Stage) -> None:
    common = {"RECORDS_TABLE", "METRICS_TABLE", "STAGE", "LOG_LEVEL", "POWERTOOLS_METRICS_NAMESPACE"}
    for stage, more in ((aws, set()), (local, {"CLOCK_PARAMETER"})):
        for name, function in stage.functions.items():
            variables = function["Environment"]["Variables"]
            assert common | more <= set(variables)
            assert variables["POWERTOOLS_SERVICE_NAME"] == name
    assert not [name for name, each in aws.functions.items() if "CLOCK_PARAMETER" in each["Environment"]["Variables"]]
    assert not aws.all("AWS::SSM::Parameter")


def test_public_routes_are_these(stage: Stage) -> None:
    routes = sorted(
        (stage.template["Resources"][each["ApiId"]["Ref"]]["Properties"]["Name"].rsplit("-")[-1], each["RouteKey"])
        for each in stage.all("AWS::ApiGatewayV2::Route").values()
    )
    assert routes == [
        ("api", "$default"),
        ("surveys", "$default"),
        ("surveys", "ANY /c/{token}"),
        ("surveys", "ANY /j/{token}"),
        ("surveys", "ANY /join/{project}"),
        ("surveys", "ANY /m/{token}"),
        ("surveys", "ANY /r/{token}"),
        ("surveys", "ANY /u/{token}"),
    ]


def test_apis_are_throttled_and_their_logs_hold_no_path_and_no_address(aws: Stage) -> None:
    stages = aws.all("AWS::ApiGatewayV2::Stage").values()
    limits = sorted(each["DefaultRouteSettings"]["ThrottlingRateLimit"] for each in stages)
    assert limits == [100, 14 * 15]
    for each in stages:
        logged = each["AccessLogSettings"]["Format"]
        assert "routeKey" in logged
        assert not [word for word in ("$context.path", "sourceIp", "userAgent", "queryString") if word in logged]


def test_local_urls_are_known_before_deploying(local: Stage) -> None:
    ids = sorted(api["Tags"]["ms-custom-id"] for api in local.all("AWS::ApiGatewayV2::Api").values())
    assert ids == ["ca11ab1e", "feedbac0"]
    values = {name: output["Value"] for name, output in local.template["Outputs"].items()}
    assert values["ApiUrl"] == "http://127.0.0.1:4567/_aws/execute-api/ca11ab1e/v1/"
    assert values["SurveysUrl"] == "http://127.0.0.1:4567/_aws/execute-api/feedbac0"


def test_apis_in_aws_have_no_pinned_id(aws: Stage) -> None:
    assert all("Tags" not in api for api in aws.all("AWS::ApiGatewayV2::Api").values())


def test_ses_reports_what_became_of_a_mail_and_tracks_nobody(aws: Stage) -> None:
    [destination] = aws.all("AWS::SES::ConfigurationSetEventDestination").values()
    events = set(destination["EventDestination"]["MatchingEventTypes"])
    assert {"send", "delivery", "bounce", "complaint", "reject", "deliveryDelay"} <= events
    assert not events & {"open", "click"}
    [topic] = aws.all("AWS::SNS::Subscription").keys() - {
        name for name, each in aws.all("AWS::SNS::Subscription").items() if each["Protocol"] == "email"
    }
    subscription = aws.all("AWS::SNS::Subscription")[topic]
    assert aws.name_of(subscription["Endpoint"]) == "feedback"
    assert subscription["RedrivePolicy"]["deadLetterTargetArn"]


def refuses_plain_http(policy: Any) -> bool:
    return any(
        statement["Effect"] == "Deny" and statement.get("Condition") == {"Bool": {"aws:SecureTransport": "false"}}
        for statement in policy["PolicyDocument"]["Statement"]
    )


def tables(stage: Stage) -> dict[str, Any]:
    return stage.all("AWS::DynamoDB::Table")


def test_only_what_goes_on_by_messages_to_itself_may_do_so_without_end(stage: Stage) -> None:
    every = stage.all("AWS::Lambda::Function").values()
    loops = {str(each["FunctionName"]).rpartition("-")[2]: each["RecursiveLoop"] for each in every}
    assert {name for name, loop in loops.items() if loop == "Allow"} == {"transfer"}
    assert set(loops.values()) == {"Allow", "Terminate"}
