"""Bundling without Docker: one directory of dependencies, one of code, both with bytecode that Lambda accepts.

Lambda cannot write bytecode, and the CDK's archive resets file times, which makes ordinary bytecode stale; bytecode
marked "unchecked" is used as it is. Dependencies go without their sources: measured, that is a quarter of the archive
(12.2 to 9.1 MB) and a third of what Lambda unpacks, and an import takes 8% less; a traceback still has file and line.
Our own code keeps its sources. A directory is built again only when something that goes into it has changed.
"""

import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from infra.settings import LAMBDA_PLATFORM

PYTHON = (3, 13)
# The services whose models botocore needs; the others are 90% of its size.
AWS_SERVICES = frozenset({"dynamodb", "lambda", "s3", "secretsmanager", "ses", "sqs", "ssm"})
CODE = ("functions", "shared")
TEMPLATE_ENGINE = "shared/render/engine.py"
COMPILED_TEMPLATES = "shared/render/compiled"
LANGUAGES = "shared/render/languages.py"
CATALOGUES = "shared/render/catalogues"


class BundleError(Exception):
    """Bundling failed; the message says at which step, and what that step said."""


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """What is uploaded: two directories, each with the hash of what it was made from."""

    layer: Path
    layer_hash: str
    code: Path
    code_hash: str


def build(root: Path, platform: str) -> Bundle:
    """Bundle the checkout at `root` for Lambda (`LAMBDA_PLATFORM`) or for this machine (any other name).

    Raises:
        BundleError: uv is not there, a wheel is not to be had, or something does not compile.
    """
    if sys.version_info[:2] != PYTHON:
        raise BundleError(f"bundling needs Python {PYTHON[0]}.{PYTHON[1]}; this is {sys.version.split()[0]}")
    folder = root / ".build" / platform
    folder.mkdir(parents=True, exist_ok=True)
    common = [root / "infra" / "bundle.py", root / "uv.lock", root / "pyproject.toml"]
    layer_hash = _hash([*common], root, platform)
    code_hash = _hash([*common, *_sources(root)], root, platform)
    with _locked(folder):
        _unless_built(folder / "layer", layer_hash, lambda target: _build_layer(root, platform, target))
        _unless_built(folder / "code", code_hash, lambda target: _build_code(root, target))
    return Bundle(layer=folder / "layer", layer_hash=layer_hash, code=folder / "code", code_hash=code_hash)


def _build_layer(root: Path, platform: str, target: Path) -> None:
    uv = _uv(root)
    requirements = target / "requirements.txt"
    packages = target / "python"
    _run(
        [uv, "export", "--frozen", "--no-default-groups", "--no-emit-project", "--quiet", "-o", str(requirements)], root
    )
    where = ["--python-platform", platform] if platform == LAMBDA_PLATFORM else []
    _run(
        [
            *(uv, "pip", "install", "--quiet", "--no-deps", "--only-binary", ":all:", "--no-compile-bytecode"),
            *("--link-mode", "copy", "--python", sys.executable, "--python-version", "3.13", *where),
            *("--target", str(packages), "-r", str(requirements)),
        ],
        root,
    )
    requirements.unlink()
    _trim(packages)
    # In place of the sources, not beside them.
    _compile(packages, "/opt/python", "-b")
    for source in packages.rglob("*.py"):
        source.unlink()


def _build_code(root: Path, target: Path) -> None:
    for source in _sources(root):
        if source.suffix == ".po":
            continue
        copy = target / source.relative_to(root)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, copy)
    if (root / TEMPLATE_ENGINE).exists():
        call = "import sys; from shared.render.engine import compile_all; compile_all(sys.argv[1])"
        _run([sys.executable, "-c", call, str(target / COMPILED_TEMPLATES)], root)
    if (root / LANGUAGES).exists():
        call = "import sys; from pathlib import Path; from shared.render.languages import compile_all"
        _run([sys.executable, "-c", f"{call}; compile_all(Path(sys.argv[1]))", str(target / CATALOGUES)], root)
    _compile(target, "/var/task")


def _uv(root: Path) -> str:
    """The uv that UV names, that PATH leads to, or that `make` brought."""
    brought = root / ".tools" / "uv" / "bin" / "uv"
    uv = os.environ.get("UV") or shutil.which("uv") or (str(brought) if brought.exists() else None)
    if not uv:
        raise BundleError("uv was not found: run `make setup`, or name it in the environment variable UV")
    return uv


def _trim(packages: Path) -> None:
    """Remove what no function reads: other services' models, type stubs, tests, holidays' names, web pages, scripts."""
    models = packages / "botocore" / "data"
    doomed = [each for each in models.iterdir() if each.is_dir() and each.name not in AWS_SERVICES]
    doomed += models.rglob("examples-1.json*")
    doomed += [packages / "bin", packages / ".lock", packages / "holidays" / "locale"]
    doomed += (packages / "aws_lambda_powertools" / "event_handler" / "openapi" / "swagger_ui").glob("*.min.*")
    for pattern in ("*.pyi", "tests", "testing", "__pycache__", "*.dist-info/RECORD", "*.dist-info/INSTALLER"):
        doomed += packages.rglob(pattern)
    for each in doomed:
        if each.is_dir():
            shutil.rmtree(each)
        else:
            each.unlink(missing_ok=True)


def _compile(folder: Path, deployed_at: str, *options: str) -> None:
    _run(
        [
            *(sys.executable, "-m", "compileall", "-q", "-j", "2", "--invalidation-mode", "unchecked-hash"),
            *("-s", str(folder), "-p", deployed_at, *options, str(folder)),
        ],
        folder,
    )


def _sources(root: Path) -> list[Path]:
    """The files of the code, in a fixed order."""
    found = (path for folder in CODE for path in (root / folder).rglob("*") if path.is_file())
    return sorted(path for path in found if "__pycache__" not in path.parts and not path.name.startswith("."))


def _hash(files: Iterable[Path], root: Path, platform: str) -> str:
    """A hash of names and contents, of the platform and of the interpreter's bytecode version."""
    digest = hashlib.sha256(platform.encode() + importlib.util.MAGIC_NUMBER)
    for file in files:
        name = file.relative_to(root).as_posix()
        content = hashlib.sha256(file.read_bytes()).hexdigest()
        digest.update(f"{name} {content}\n".encode())
    return digest.hexdigest()


def _unless_built(target: Path, key: str, make: Callable[[Path], None]) -> None:
    stamp = target.with_suffix(".key")
    if target.exists() and stamp.exists() and stamp.read_text() == key:
        return
    stamp.unlink(missing_ok=True)
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    make(target)
    stamp.write_text(key)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Let one process at a time build here."""
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BundleError(f"{' '.join(command[:3])} failed:\n{done.stdout}{done.stderr}".rstrip())
