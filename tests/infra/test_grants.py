"""Each function may do what it does, and nothing else."""

import pytest
from synthesized import Stage, listed

RECEIVE = "sqs:ReceiveMessage sqs:DeleteMessage sqs:GetQueueAttributes"
FOLLOW = "dynamodb:DescribeStream dynamodb:GetRecords dynamodb:GetShardIterator dynamodb:ListStreams"
LOG = "logs:CreateLogStream logs:PutLogEvents"
SEND = "sqs:SendMessage"

GRANTS = {
    "api": {
        "records": "GetItem BatchGetItem PutItem DeleteItem ConditionCheckItem Query",
        "records/index/by_project": "Query",
        "records/index/by_updated": "Query",
        "metrics": "Query",
        "report": "lambda:InvokeFunction",
        "files/uploads/*": "s3:PutObject",
        "files/results/*": "s3:GetObject",
    },
    "page": {
        "records": "GetItem PutItem UpdateItem DeleteItem ConditionCheckItem Query",
        "links secret": "secretsmanager:GetSecretValue",
        "prompt": SEND,
    },
    "desk": {
        "records": "GetItem BatchGetItem PutItem",
        "links secret": "secretsmanager:GetSecretValue",
        "bucket/reports/*": "s3:GetObject",
    },
    "wake": {
        "records": "GetItem PutItem UpdateItem Query",
        "records/index/due": "Query",
        "prompt": SEND,
        "bulk": f"{SEND} sqs:GetQueueAttributes",
        "invocations failed": SEND,
        "*": "ses:GetSendQuota",
    },
    "deliver": {
        "records": "GetItem BatchGetItem PutItem UpdateItem ConditionCheckItem DeleteItem Query",
        "links secret": "secretsmanager:GetSecretValue",
        "bucket/reports/*": "s3:GetObject",
        "prompt": RECEIVE,
        "bulk": RECEIVE,
        "arn:aws:ses:eu-west-1:123456789012:identity/example.com": "ses:SendRawEmail",
        "arn:aws:ses:eu-west-1:123456789012:configuration-set/configuration set": "ses:SendRawEmail",
    },
    "feedback": {"records": "BatchGetItem GetItem PutItem Query", "feedback": RECEIVE},
    "score": {
        "metrics": "BatchGetItem GetItem PutItem Query UpdateItem",
        "records": "BatchGetItem PutItem Query",
        "records/index/by_project": "Query",
        "records stream": FOLLOW,
        "score parked": SEND,
        "streams failed": SEND,
        "invocations failed": SEND,
    },
    "follow_up": {
        "records": "GetItem PutItem",
        "records stream": FOLLOW,
        "prompt": SEND,
        "follow up parked": SEND,
        "streams failed": SEND,
    },
    "report": {
        "records": "GetItem BatchGetItem PutItem Query",
        "records/index/by_project": "Query",
        "metrics": "BatchGetItem Query",
        "bucket/reports/*": "s3:PutObject",
        "prompt": SEND,
        "invocations failed": SEND,
    },
    "transfer": {
        "records": "GetItem BatchGetItem PutItem ConditionCheckItem",
        "files/uploads/*": "s3:GetObject s3:DeleteObject",
        "files/tails/*": "s3:GetObject s3:PutObject s3:DeleteObject",
        "files/results/*": "s3:PutObject",
        "transfer": f"{RECEIVE} {SEND}",
    },
}

# Resources that a statement cannot name more closely, and why.
WILDCARDS = {
    "*": "SES has no resource for an account's quota",
    "bucket/reports/*": "each report is a file of its own",
    **dict.fromkeys(
        ("files/uploads/*", "files/tails/*", "files/results/*"), "each import has a file of its own in its folder"
    ),
}


def actions(words: str) -> set[str]:
    return {word if ":" in word else f"dynamodb:{word}" for word in words.split()}


@pytest.mark.parametrize("function", GRANTS)
def test_function_may_do_exactly_what_the_table_says(aws: Stage, function: str) -> None:
    expected = {resource: actions(words) for resource, words in GRANTS[function].items()}
    assert aws.grants(function) == expected | {f"log of {function}": actions(LOG)}


def test_table_names_every_function(aws: Stage) -> None:
    assert set(aws.functions) == set(GRANTS)


def test_local_stage_grants_the_same_but_for_the_clock_and_what_the_emulator_names_otherwise(
    aws: Stage, local: Stage
) -> None:
    for function in GRANTS:
        there, here = aws.grants(function), local.grants(function)
        clock = [resource for resource in here if resource.endswith("clock")]
        assert [here.pop(resource) for resource in clock] == [{"ssm:GetParameter"}], function
        if function == "deliver":
            assert here.pop("*") == {"ses:SendRawEmail"}
            there = {resource: allowed for resource, allowed in there.items() if ":ses:" not in resource}
        assert {resource: allowed - {"sqs:SendMessageBatch"} for resource, allowed in here.items()} == there


def test_no_statement_has_a_wildcard_without_a_reason(aws: Stage) -> None:
    for policy in aws.all("AWS::IAM::Policy").values():
        for statement in policy["PolicyDocument"]["Statement"]:
            assert not [action for action in listed(statement["Action"]) if "*" in action]
            named = {aws.name_of(resource) for resource in listed(statement["Resource"])}
            assert {name for name in named if "*" in name} <= set(WILDCARDS)


def test_no_role_has_a_managed_policy(aws: Stage) -> None:
    for role in aws.all("AWS::IAM::Role").values():
        assert "ManagedPolicyArns" not in role


def test_every_function_has_a_role_of_its_own(aws: Stage) -> None:
    roles = [function["Role"]["Fn::GetAtt"][0] for function in aws.functions.values()]
    assert len(set(roles)) == len(roles)


def test_schedules_may_invoke_wake_score_and_report_only(aws: Stage) -> None:
    [target] = {each["Target"]["RoleArn"]["Fn::GetAtt"][0] for each in aws.all("AWS::Scheduler::Schedule").values()}
    allowed = {
        (statement["Action"], aws.name_of(resource))
        for policy in aws.all("AWS::IAM::Policy").values()
        if policy["Roles"] == [{"Ref": target}]
        for statement in policy["PolicyDocument"]["Statement"]
        for resource in listed(statement["Resource"])
    }
    assert allowed == {
        ("lambda:InvokeFunction", "wake"),
        ("lambda:InvokeFunction", "score"),
        ("lambda:InvokeFunction", "report"),
        ("sqs:SendMessage", "schedules failed"),
    }
