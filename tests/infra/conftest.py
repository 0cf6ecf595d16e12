"""Both stages of the stack, synthesized once a session."""

import pytest
from synthesized import AWS_ENVIRONMENT, Stage, synthesize

from infra.settings import Settings

LOCAL_ENVIRONMENT = {"HEARBACK_LOCAL_PORT": "4567"}


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    return synthesize(Settings.read("test", AWS_ENVIRONMENT), tmp_path_factory.mktemp("bundle"))


@pytest.fixture(scope="session")
def local(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    return synthesize(Settings.read("local", LOCAL_ENVIRONMENT), tmp_path_factory.mktemp("bundle"))


@pytest.fixture(params=["aws", "local"])
def stage(request: pytest.FixtureRequest) -> Stage:
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Stage)
    return found
