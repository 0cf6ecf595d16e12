"""The template under other people's rules: AWS Solutions (`cdk-nag`) and `cfn-lint`.

What is meant although a rule objects is accepted in `infra/`, with its reason beside the resource.
"""

import json
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from cdk_nag import AwsSolutionsChecks
from synthesized import AWS_ENVIRONMENT

from infra.bundle import Bundle
from infra.settings import Settings
from infra.stack import HearbackStack

CFN_LINT = Path(sys.executable).parent / "cfn-lint"


@pytest.fixture(scope="module")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The stage for AWS, synthesized and checked by the rules."""
    folder, empty = tmp_path_factory.mktemp("assembly"), tmp_path_factory.mktemp("bundle")
    app = cdk.App(tree_metadata=False, outdir=str(folder))
    bundle = Bundle(layer=empty, layer_hash="1" * 64, code=empty, code_hash="2" * 64)
    HearbackStack(app, settings=Settings.read("test", AWS_ENVIRONMENT), bundle=bundle)
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    # It raises when a rule objects; the report says more.
    with suppress(RuntimeError):
        app.synth()
    return folder


def test_rules_of_aws_solutions_object_to_nothing_else(assembly: Path) -> None:
    report = json.loads((assembly / "validation-report.json").read_text())
    [checked] = report["pluginReports"]
    assert checked["pluginName"] == "AwsSolutions"
    assert [told(violation) for violation in checked["violations"]] == []


def test_cfn_lint_finds_nothing(assembly: Path) -> None:
    template = assembly / "hearback-test.template.json"
    command = [CFN_LINT, "--regions", AWS_ENVIRONMENT["HEARBACK_REGION"], "--", template]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.stdout + done.stderr).strip() == ""
    assert done.returncode == 0


def test_one_check_of_cfn_lint_is_left_out_and_no_resource_has_its_own(assembly: Path) -> None:
    template = json.loads((assembly / "hearback-test.template.json").read_text())
    assert template["Metadata"]["cfn-lint"] == {"config": {"ignore_checks": ["W3005"]}}
    assert [name for name, each in template["Resources"].items() if "cfn-lint" in each.get("Metadata", {})] == []


def told(violation: dict[str, Any]) -> str:
    return json.dumps(violation, indent=1)
