import pytest

from local import checks
from local.problems import CommandError


def make_node(folder, version):
    node = folder / "node"
    node.write_text(f"#!/bin/sh\necho {version}\n")
    node.chmod(0o755)


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def test_a_machine_without_node_is_told_how_to_get_it(path):
    with pytest.raises(CommandError, match=r"Node 20 or newer is missing.*nodejs\.org"):
        checks.check_machine()


def test_an_old_node_is_told_by_its_version(path):
    make_node(path, "v18.19.0")
    with pytest.raises(CommandError, match=r"says v18\.19\.0"):
        checks.check_machine()


def test_missing_packages_are_named_with_the_command_that_brings_them(path, monkeypatch, tmp_path):
    make_node(path, "v22.1.0")
    monkeypatch.setattr(checks, "CDK", tmp_path / "aws-cdk" / "bin" / "cdk")
    monkeypatch.setattr(checks, "MAILDEV", tmp_path / "maildev" / "bin" / "maildev")
    with pytest.raises(CommandError, match=r"aws-cdk, maildev.*make setup"):
        checks.check_machine()
