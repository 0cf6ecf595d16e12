"""Projects, made and changed by the operator from a TOML file."""

import os
import time
import tomllib
from pathlib import Path
from typing import Any

from local import senders
from local.problems import CommandError
from shared.domain.errors import InvalidError, NotFoundError
from shared.domain.project import Project
from shared.domain.project_settings import parse_project
from shared.outside import holidays
from shared.store import projects as store


def enter_tables(contract: dict[str, Any]) -> None:
    """Lets `shared.store` find the tables that a `hearback.json` names."""
    os.environ["RECORDS_TABLE"] = contract["records_table"]
    os.environ["METRICS_TABLE"] = contract["metrics_table"]


def read_file(file: Path) -> dict[str, Any]:
    """The settings in a TOML file. Raises CommandError when it cannot be read."""
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CommandError(f"there is no file {file}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CommandError(f"{file} is no TOML file: {error}") from error


def create(file: Path, *, update: bool) -> Project:
    """Makes the project of a file, or with `update` changes it.

    Raises CommandError when the settings are wrong, or the project is there and not to be changed.
    """
    settings = read_file(file)
    try:
        project = parse_project(settings)
        holidays.test_for(project.calendar)
        if exists(project.id) and not update:
            raise CommandError(f"there is a project {project.id} already; `--update` changes it")
        return store.save(settings, now=int(time.time()))
    except InvalidError as error:
        wrong = "\n".join(f"  - {name} {', '.join(why)}" for name, why in error.fields.items())
        raise CommandError(f"{file} describes no project:\n{wrong}") from error


def prepare(file: Path, feedback_topic: str) -> str:
    """The local stack's first project: made when it is not there, and allowed to send. Returns its id."""
    settings = read_file(file)
    if not exists(str(settings.get("id"))):
        create(file, update=False)
    project = store.load(str(settings["id"]))
    senders.let_send(project.sender.email, feedback_topic)
    return project.id


def only() -> str:
    """The id of the installation's only project. Raises CommandError when there are several, or none."""
    names = [project.id for project in store.all_projects()]
    if len(names) != 1:
        raise CommandError(f"name one of the projects with `--project`: {', '.join(names) or 'there is none yet'}")
    return names[0]


def exists(project: str) -> bool:
    """Whether there is a project of this id."""
    try:
        store.load(project)
    except NotFoundError:
        return False
    return True
