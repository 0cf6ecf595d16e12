"""What a function finds around it: its settings, and interpreters that see the bundle as Lambda's would."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
FUNCTIONS = ("api", "page", "desk", "wake", "deliver", "feedback", "score", "follow_up", "report", "transfer")

SETTINGS = {
    "RECORDS_TABLE": "records",
    "METRICS_TABLE": "metrics",
    "STAGE": "bench",
    "LOG_LEVEL": "INFO",
    "PROMPT_QUEUE": "https://sqs.example.com/prompt",
    "BULK_QUEUE": "https://sqs.example.com/bulk",
    "SCORE_PARKED_QUEUE": "https://sqs.example.com/score-parked",
    "FOLLOW_UP_PARKED_QUEUE": "https://sqs.example.com/follow-up-parked",
    "LINKS_SECRET": "links",
    "SURVEYS_URL": "https://surveys.example.com",
    "CONFIGURATION_SET": "hearback",
    "REPORTS_BUCKET": "hearback-reports",
    "REPORT_FUNCTION": "report",
    "TRANSFERS_BUCKET": "hearback-transfers",
    "TRANSFER_QUEUE": "https://sqs.example.com/transfer",
    "POWERTOOLS_SERVICE_NAME": "bench",
    "POWERTOOLS_METRICS_NAMESPACE": "Hearback",
    "AWS_LAMBDA_FUNCTION_NAME": "bench",
    "AWS_ACCESS_KEY_ID": "bench",
    "AWS_SECRET_ACCESS_KEY": "bench",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}


def environment(*paths: Path, port: int = 0) -> dict[str, str]:
    """The environment of a child process: nothing of the caller's but what an interpreter needs."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    found = {"PYTHONPATH": os.pathsep.join(map(str, paths)), "PYTHONDONTWRITEBYTECODE": "1"}
    endpoint = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"} if port else {}
    return kept | SETTINGS | found | endpoint


def interpreter(*arguments: str) -> list[str]:
    """An interpreter that sees no package but those on PYTHONPATH."""
    return [sys.executable, "-S", "-P", *arguments]
