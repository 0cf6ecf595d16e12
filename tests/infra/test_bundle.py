"""The bundle that goes to AWS: complete for arm64, small, and with bytecode that Lambda uses as it is."""

import importlib.util
import struct
from pathlib import Path

import pytest

import infra
from infra.bundle import Bundle, build
from infra.settings import LAMBDA_PLATFORM

ROOT = Path(infra.__file__).parent.parent
UNCHECKED_HASH = 0b01
ELF_MACHINE_ARM64 = 183
MEGABYTE = 1_000_000
LAMBDA_LIMIT = 250 * MEGABYTE


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return build(ROOT, LAMBDA_PLATFORM)


def test_bytecode_is_unchecked_and_of_this_python(bundle: Bundle) -> None:
    for folder in (bundle.layer, bundle.code):
        sources = list(folder.rglob("*.py"))
        assert sources
        for source in sources:
            header = Path(importlib.util.cache_from_source(str(source), optimization="")).read_bytes()[:8]
            assert header == importlib.util.MAGIC_NUMBER + struct.pack("<I", UNCHECKED_HASH), source


def test_libraries_are_built_for_arm64(bundle: Bundle) -> None:
    libraries = list(bundle.layer.rglob("*.so"))
    assert [path for path in libraries if "pydantic_core" in path.name]
    for path in libraries:
        assert struct.unpack("<H", path.read_bytes()[18:20]) == (ELF_MACHINE_ARM64,), path


def test_dependencies_and_code_are_there(bundle: Bundle) -> None:
    packages = {path.name for path in (bundle.layer / "python").iterdir()}
    assert {"aws_lambda_powertools", "boto3", "botocore", "holidays", "jinja2", "pydantic", "tzdata"} <= packages
    assert not packages & {"aws_cdk", "pytest", "rich", "hypothesis"}
    for folder in ("functions", "shared"):
        shipped = {path.relative_to(bundle.code) for path in (bundle.code / folder).rglob("*.py")}
        written = {path.relative_to(ROOT) for path in (ROOT / folder).rglob("*.py")}
        assert written <= shipped


def test_templates_are_compiled(bundle: Bundle) -> None:
    templates = [path for path in (ROOT / "shared/render/templates").rglob("*") if path.is_file()]
    compiled = list((bundle.code / "shared/render/compiled").glob("*.py"))
    assert len(compiled) == len(templates) > 0


def test_bundle_is_far_below_lambdas_limit(bundle: Bundle) -> None:
    size = sum(path.stat().st_size for folder in (bundle.layer, bundle.code) for path in folder.rglob("*"))
    assert size < LAMBDA_LIMIT / 4, f"unpacked: {size / MEGABYTE:.1f} MB"


def test_an_unchanged_bundle_is_not_built_again(bundle: Bundle) -> None:
    before = (bundle.layer.stat().st_mtime_ns, bundle.code.stat().st_mtime_ns)
    again = build(ROOT, LAMBDA_PLATFORM)
    assert again == bundle
    assert (again.layer.stat().st_mtime_ns, again.code.stat().st_mtime_ns) == before
