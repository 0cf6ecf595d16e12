"""The bundle that goes to AWS: complete for arm64, small, and with bytecode that Lambda uses as it is."""

import importlib.util
import io
import json
import re
import struct
import zipfile
from gettext import GNUTranslations
from importlib.metadata import Distribution, distributions
from pathlib import Path

import pytest

import infra
from infra.bundle import Bundle, build
from infra.settings import LAMBDA_PLATFORM, Settings

ROOT = Path(infra.__file__).parent.parent
UNCHECKED_HASH = 0b01
ELF_MACHINE_ARM64 = 183
MEGABYTE = 1_000_000
# What Lambda and the CDK take is far more; these catch a dependency that brings something large with it.
LIMITS = {"layer": (9.0, 22.0), "code": (1.5, 3.0)}
# Whatever is installed for the functions, by name: a new dependency is a decision.
PACKAGES = {
    "annotated-types", "aws-lambda-powertools", "botocore", "holidays", "jinja2", "jmespath", "markupsafe", "pydantic",
    "pydantic-core", "python-dateutil", "six", "snowballstemmer", "typing-extensions", "typing-inspection", "tzdata",
    "urllib3",
}  # fmt: skip


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return build(ROOT, LAMBDA_PLATFORM)


@pytest.fixture(scope="module")
def here() -> Bundle:
    """The bundle of the local stage, for this machine."""
    return build(ROOT, Settings.read("local", {"HEARBACK_LOCAL_PORT": "4567"}).platform)


def test_bytecode_is_unchecked_and_of_this_python(bundle: Bundle) -> None:
    for folder in (bundle.layer, bundle.code):
        compiled = list(folder.rglob("*.pyc"))
        assert compiled
        for file in compiled:
            header = file.read_bytes()[:8]
            assert header == importlib.util.MAGIC_NUMBER + struct.pack("<I", UNCHECKED_HASH), file


def test_every_source_of_ours_has_its_own_bytecode(bundle: Bundle) -> None:
    # Lambda does not compare them: bytecode of an older source would run instead of it.
    for source in bundle.code.rglob("*.py"):
        compiled = Path(importlib.util.cache_from_source(str(source), optimization=""))
        assert compiled.read_bytes()[8:16] == importlib.util.source_hash(source.read_bytes()), source


def test_dependencies_are_bytecode_in_place_of_sources(bundle: Bundle) -> None:
    assert list(bundle.layer.rglob("*.py")) == []
    assert list(bundle.layer.rglob("__pycache__")) == []


def test_libraries_are_built_for_arm64(bundle: Bundle) -> None:
    libraries = list(bundle.layer.rglob("*.so"))
    assert [path for path in libraries if "pydantic_core" in path.name]
    for path in libraries:
        assert struct.unpack("<H", path.read_bytes()[18:20]) == (ELF_MACHINE_ARM64,), path


def test_arm64_has_every_file_that_the_local_platform_has(bundle: Bundle, here: Bundle) -> None:
    # `test_imports.py` shows that the local one is complete: by this, so is the one that cannot run here.
    for one, other in ((bundle.layer, here.layer), (bundle.code, here.code)):
        assert files(one) == files(other)
    assert {(each.name, each.version) for each in installed(bundle)} == {
        (each.name, each.version) for each in installed(here)
    }


def test_catalogues_are_compiled(bundle: Bundle) -> None:
    sources = {each.stem for each in (ROOT / "shared" / "render" / "catalogues").glob("*.po")}
    packed = sorted((bundle.code / "shared" / "render" / "catalogues").iterdir())
    assert {"ar", "de", "es", "fr"} <= sources
    assert [each.name for each in packed] == sorted([*(f"{tag}.mo" for tag in sources), "names.json"])
    assert json.loads(packed.pop().read_text(encoding="utf-8")).keys() == {"en", *sources}
    for each in packed:
        with each.open("rb") as file:
            assert GNUTranslations(file).gettext("Send") != "Send", each


def test_nothing_is_installed_but_what_functions_need(bundle: Bundle) -> None:
    assert {re.sub(r"[-_.]+", "-", each.name).lower() for each in installed(bundle)} == PACKAGES


def test_code_is_complete(bundle: Bundle) -> None:
    for folder in ("functions", "shared"):
        shipped = {path.relative_to(bundle.code) for path in (bundle.code / folder).rglob("*.py")}
        written = {path.relative_to(ROOT) for path in (ROOT / folder).rglob("*.py")}
        assert written <= shipped
    assert {path.name for path in bundle.code.iterdir()} == {"functions", "shared"}


def test_templates_are_compiled(bundle: Bundle) -> None:
    templates = [path for path in (ROOT / "shared/render/templates").rglob("*") if path.is_file()]
    compiled = list((bundle.code / "shared/render/compiled").glob("*.py"))
    assert len(compiled) == len(templates) > 0


def test_bundle_is_small(bundle: Bundle, capsys: pytest.CaptureFixture[str]) -> None:
    sizes = {
        name: (zipped(folder), unpacked(folder)) for name, folder in (("layer", bundle.layer), ("code", bundle.code))
    }
    with capsys.disabled():
        for name, (packed, full) in sizes.items():
            print(f"\n  arm64 {name}: {packed:.1f} MB zipped, {full:.1f} MB unpacked", end="")  # noqa: T201
    for name, limits in LIMITS.items():
        assert [size < limit for size, limit in zip(sizes[name], limits, strict=True)] == [True, True], name


def test_an_unchanged_bundle_is_not_built_again(bundle: Bundle) -> None:
    before = (bundle.layer.stat().st_mtime_ns, bundle.code.stat().st_mtime_ns)
    again = build(ROOT, LAMBDA_PLATFORM)
    assert again == bundle
    assert (again.layer.stat().st_mtime_ns, again.code.stat().st_mtime_ns) == before


def files(folder: Path) -> set[str]:
    """The names of all files, without the platform in a library's name."""
    names = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return {re.sub(r"\.cpython-313-[^/]+\.so$", ".so", name) for name in names}


def installed(bundle: Bundle) -> list[Distribution]:
    return list(distributions(path=[str(bundle.layer / "python")]))


def unpacked(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / MEGABYTE


def zipped(folder: Path) -> float:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as made:
        for path in folder.rglob("*"):
            made.write(path, path.relative_to(folder))
    return archive.tell() / MEGABYTE
