"""Situations that several test modules begin with."""

from typing import Any

from botocore.exceptions import ReadTimeoutError

from functions.follow_up.act import act
from shared.domain.responses import Response
from shared.store.records import created
from shared.store.table import records
from tests.fakes.world import World

MESSAGE = {"request": "p1-1"}
MAIL = {"mail": "p1-1-0"}


def timeout(*, taken: bool) -> ReadTimeoutError:
    error = ReadTimeoutError(endpoint_url="https://email.example.com")
    error.taken = taken  # type: ignore[attr-defined]
    return error


def ready(world: World, **more: Any) -> None:
    world.project(**more)
    world.invited(name="Ada Example", properties={"owner_email": "cs@acme.example.com"})


def alert(world: World) -> str:
    """An unhappy answer, followed up; the alert's mail id."""
    project = world.project()
    world.person("p1", name="Ada Example")
    properties = {"owner_email": "cs@acme.example.com", "owner_name": "Carl"}
    response = Response("p1-1", "acme", "p1", 2, world.now, world.now, comment="too slow", properties=properties)
    records().write(created(response))
    return act(world.stored(Response, "p1-1"), project, lambda day: False, world.now).mail
