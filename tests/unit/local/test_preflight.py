import pytest
from botocore.exceptions import ClientError, NoCredentialsError

from local import access, preflight
from local.findings import Level
from local.problems import CommandError

ACCOUNT = "123456789012"
STAGE_FILE = {
    "HEARBACK_ACCOUNT": ACCOUNT,
    "HEARBACK_REGION": "eu-west-1",
    "HEARBACK_SENDER": "example.com",
}


class NotFoundError(Exception):
    """What a service says of something that is not there."""


class Service:
    """One client, whose answers are given; an answer that is an exception is raised."""

    def __init__(self, **answers):
        self.answers = answers
        self.exceptions = self
        self.ParameterNotFound = self.NotFoundException = NotFoundError

    def __getattr__(self, operation):
        answer = self.answers[operation]

        def call(**_):
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call


@pytest.fixture
def account(monkeypatch):
    """An account that is ready for everything; a test changes what it is about."""
    for name, value in STAGE_FILE.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, "eu-west-1")
    quota = {"SentLast24Hours": 0.0, "Max24HourSend": 50_000.0, "MaxSendRate": 14.0}
    ready = {"SendingEnabled": True, "ProductionAccessEnabled": True, "EnforcementStatus": "HEALTHY"}
    services = {
        "sts": Service(
            get_caller_identity={"Account": ACCOUNT, "Arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/x"}
        ),
        "ssm": Service(get_parameter={"Parameter": {"Value": "33"}}),
        "sesv2": Service(get_account=ready | {"SendQuota": quota}, get_email_identity=NotFoundError()),
        "lambda": Service(get_account_settings={"AccountLimit": {"ConcurrentExecutions": 1000}}),
        "cloudformation": Service(describe_stacks=refusal("ValidationError", "DescribeStacks")),
    }
    services["cloudformation"].ClientError = ClientError
    monkeypatch.setattr(access, "client", lambda service: services[service])
    return services


def refusal(code, operation):
    return ClientError({"Error": {"Code": code, "Message": "no"}}, operation)


def look(capsys):
    code = preflight.run("prod")
    return code, capsys.readouterr().out


def test_a_ready_account_passes(account, capsys):
    code, told = look(capsys)
    assert code == 0
    assert f"ok     account             {ACCOUNT}, eu-west-1" in told
    assert [line.split()[0] for line in told.splitlines()] == ["ok"] * 6
    assert "example.com will be made" in told


def test_without_credentials_nothing_else_is_asked(account, capsys):
    account["sts"] = Service(get_caller_identity=NoCredentialsError())
    code, told = look(capsys)
    assert code == 1
    assert told.splitlines() == [
        "WRONG  credentials         AWS could not be asked (NoCredentialsError). Check the credentials and the network"
    ]


def test_another_accounts_credentials_are_refused(account, capsys):
    account["sts"] = Service(get_caller_identity={"Account": "999999999999", "Arn": "arn:aws:iam::999999999999:user/x"})
    code, told = look(capsys)
    assert code == 1
    assert f"the stage prod belongs to {ACCOUNT}, the credentials to 999999999999" in told


@pytest.mark.parametrize(
    ("service", "answers", "words"),
    [
        ("ssm", {"get_parameter": NotFoundError()}, "Once: make bootstrap STAGE=prod"),
        ("ssm", {"get_parameter": {"Parameter": {"Value": "5"}}}, "Renew it: make bootstrap STAGE=prod"),
        ("lambda", {"get_account_settings": refusal("AccessDenied", "GetAccountSettings")}, "answered AccessDenied"),
        ("sesv2", {"get_email_identity": {"VerifiedForSendingStatus": True}}, "Set sender_exists = true"),
    ],
)
def test_what_is_missing_is_named_with_what_to_do(account, capsys, service, answers, words):
    account[service].answers |= answers
    code, told = look(capsys)
    assert code == 1
    [line] = [line for line in told.splitlines() if line.startswith("WRONG")]
    assert words in line


@pytest.mark.parametrize(
    ("changes", "level", "words"),
    [
        ({"ProductionAccessEnabled": False}, Level.NOTE, "is in the sandbox"),
        ({"SendingEnabled": False}, Level.WRONG, "sending is switched off"),
        ({"EnforcementStatus": "SHUTDOWN"}, Level.WRONG, "the account is SHUTDOWN"),
        ({"SendQuota": {"SentLast24Hours": 900.0, "Max24HourSend": 1000.0, "MaxSendRate": 1.0}}, Level.NOTE, "900 of"),
    ],
)
def test_what_ses_says_of_the_account_is_told(account, capsys, changes, level, words):
    account["sesv2"].answers["get_account"] |= changes
    code, told = look(capsys)
    assert code == int(level is Level.WRONG)
    [line] = [line for line in told.splitlines() if line.split()[1] == "SES"]
    assert line.startswith(level.value)
    assert words in line


def test_a_sender_that_should_exist_must(account, capsys, monkeypatch):
    monkeypatch.setenv("HEARBACK_SENDER_EXISTS", "true")
    assert look(capsys)[0] == 1
    account["sesv2"].answers["get_email_identity"] = {"VerifiedForSendingStatus": False}
    code, told = look(capsys)
    assert code == 0
    assert "example.com is not verified: no mail goes out" in told


def test_few_functions_at_once_are_told_but_stop_nothing(account, capsys):
    account["lambda"] = Service(get_account_settings={"AccountLimit": {"ConcurrentExecutions": 10}})
    code, told = look(capsys)
    assert code == 0
    assert "note   concurrency         10 functions at once" in told


def test_a_stage_without_settings_is_refused_by_name(account, monkeypatch):
    monkeypatch.delenv("HEARBACK_SENDER")
    with pytest.raises(CommandError, match="Missing setting `sender` of stage `prod`"):
        preflight.run("prod")
