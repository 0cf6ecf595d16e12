"""The bundle as it is deployed, in a place of its own, so that a build by somebody else does not disturb a run."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from bench.surroundings import ROOT
from infra.bundle import Bundle, build

PLATFORM = "local"


@contextmanager
def bundle() -> Iterator[Bundle]:
    """Builds the bundle for this machine and lends a copy of it."""
    built = build(ROOT, PLATFORM)
    with tempfile.TemporaryDirectory() as folder:
        copy = replace(built, layer=Path(folder) / "layer", code=Path(folder) / "code")
        shutil.copytree(built.layer, copy.layer)
        shutil.copytree(built.code, copy.code)
        yield copy
