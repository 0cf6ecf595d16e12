"""What each function loads, seen in an interpreter that has its bundle and the standard library and nothing else."""

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import infra
from infra.bundle import Bundle, build
from infra.settings import Settings
from tests.conftest import SETTINGS

ROOT = Path(infra.__file__).parent.parent
AWS = {"botocore", "dateutil", "jmespath", "six", "urllib3"}
POWERTOOLS = {"aws_lambda_powertools", "typing_extensions"}
TEMPLATES = {"jinja2", "markupsafe"}
CHECKS = {"annotated_types", "pydantic", "pydantic_core", "typing_inspection"}

# Each of these costs milliseconds of a cold start. `page` is what people wait for: it loads neither checks nor loggers.
LOADS = {
    "api": AWS | POWERTOOLS | CHECKS,
    "page": AWS | TEMPLATES,
    "desk": AWS | TEMPLATES,
    "wake": AWS | POWERTOOLS,
    "deliver": AWS | POWERTOOLS | TEMPLATES,
    "feedback": AWS | POWERTOOLS,
    "score": AWS | POWERTOOLS,
    "follow_up": AWS | POWERTOOLS | {"holidays"},
    "report": AWS | POWERTOOLS | TEMPLATES | {"holidays"},
    "transfer": AWS | POWERTOOLS | CHECKS,
}

IMPORT = """
import json, sys
sys.path[:0] = sys.argv[1:3]
__import__(f"functions.{sys.argv[3]}.handler")
print(json.dumps({name: getattr(module, "__file__", None) for name, module in sys.modules.items()}))
"""


@cache
def bundle() -> Bundle:
    return build(ROOT, Settings.read("local", {"HEARBACK_LOCAL_PORT": "4567"}).platform)


@cache
def loaded(function: str) -> dict[str, str | None]:
    """The file of each module that is there once a handler is imported."""
    layer, code = str(bundle().layer / "python"), str(bundle().code)
    # -I and -S: no environment, no user's and no site's packages.
    words = [sys.executable, "-I", "-S", "-B", "-c", IMPORT, layer, code, function]
    environment = SETTINGS | {"PATH": os.environ["PATH"]}
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    modules: dict[str, str | None] = json.loads(done.stdout)
    return modules


def test_table_names_every_function() -> None:
    assert set(LOADS) == {path.parent.name for path in (ROOT / "functions").glob("*/handler.py")}


@pytest.mark.parametrize("function", LOADS)
def test_function_loads_these_packages_and_no_others(function: str) -> None:
    layer = bundle().layer
    theirs = {name for name, file in loaded(function).items() if file and Path(file).is_relative_to(layer)}
    assert {name.partition(".")[0] for name in theirs} == LOADS[function]


@pytest.mark.parametrize("function", LOADS)
def test_function_needs_its_bundle_and_the_standard_library_only(function: str) -> None:
    allowed = (bundle().layer, bundle().code, Path(os.__file__).parent)
    elsewhere = {name: file for name, file in loaded(function).items() if file and not is_below(file, allowed)}
    assert elsewhere == {}


@pytest.mark.parametrize("function", LOADS)
def test_function_runs_from_bytecode(function: str) -> None:
    sources = [file for file in loaded(function).values() if file and Path(file).is_relative_to(bundle().layer)]
    assert {Path(file).suffix for file in sources} <= {".pyc", ".so"}


@pytest.mark.parametrize("function", LOADS)
def test_function_loads_nothing_of_another_function(function: str) -> None:
    others = {name.split(".")[1] for name in loaded(function) if name.startswith("functions.")}
    assert others == {function}


def is_below(file: str, folders: tuple[Path, ...]) -> bool:
    return any(Path(file).is_relative_to(folder) for folder in folders)
