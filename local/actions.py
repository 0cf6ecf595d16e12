"""What each subcommand of `hearback` does."""

import argparse
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError, NoRegionError

from local import (
    access,
    audit,
    demo,
    deployment,
    doctor,
    emulator,
    importing,
    keys,
    preflight,
    projects,
    quarantine,
    redrive,
    senders,
    stack,
    trace,
    unsettled,
)
from local.doctor import Installation
from local.places import TOOLS, StateDirectory
from local.problems import CommandError
from local.progress import say
from shared.domain.mails import MailState


def run(options: argparse.Namespace) -> int:
    """Does what the parsed command line asks and returns the exit code.

    Raises CommandError also when AWS, or the emulator, does not answer or refuses.
    """
    try:
        return _ACTIONS[options.action](options)
    except EndpointConnectionError as error:
        where = error.kwargs["endpoint_url"]
        raise CommandError(f"{where} does not answer; `hearback local up` starts the local stack") from error
    except (NoCredentialsError, NoRegionError) as error:
        raise CommandError(f"{error}; set AWS credentials and a region as for the AWS CLI") from error
    except ClientError as error:
        raise CommandError(f"AWS refused {error.operation_name}: {error.response['Error']['Code']}") from error


def _install(_options: argparse.Namespace) -> int:
    emulator.install(TOOLS / "emulator-install.log")
    return 0


def _up(options: argparse.Namespace) -> int:
    stack.up(_state(options), port=options.port, fresh=options.fresh, life=options.life, calls=options.record)
    return 0


def _down(options: argparse.Namespace) -> int:
    stack.down(_state(options))
    return 0


def _status(options: argparse.Namespace) -> int:
    return 0 if stack.status(_state(options)) else 1


def _create_project(options: argparse.Namespace) -> int:
    access.enter_installation(_state(options), options.stage)
    project = projects.create(options.file, update=options.update)
    if access.is_local(options.stage):
        senders.let_send(project.sender.email, deployment.read().feedback_topic)
    say(f"project {project.id}: {project.name}")
    return 0


def _create_key(options: argparse.Namespace) -> int:
    access.enter_installation(_state(options), options.stage)
    print(keys.create(options.project, keys.read_scopes(options.scopes), options.label))
    print("This key is shown only now; what is stored is its SHA-256.", file=sys.stderr)
    return 0


def _revoke_key(options: argparse.Namespace) -> int:
    access.enter_installation(_state(options), options.stage)
    keys.revoke(options.key)
    say("revoked; it stops working within 30 seconds")
    return 0


def _import(options: argparse.Namespace) -> int:
    access.enter_installation(_state(options), options.stage)
    outputs = access.stack_outputs(access.stack_of(options.stage))
    file: Path = options.file
    wish = importing.Wish(
        file=file,
        kind=options.kind,
        project=options.project or projects.only(),
        results=options.results or file.with_name(f"{file.stem}.results.csv"),
        send=options.send,
        dry_run=options.dry_run,
        columns=importing.read_columns(options.column),
    )
    return importing.run(outputs["ApiUrl"], wish)


def _audit(options: argparse.Namespace) -> int:
    access.enter_installation(_state(options), options.stage)
    return audit.run(options.project, mend=options.repair, rebuild=options.rebuild)


def _list_quarantine(options: argparse.Namespace) -> int:
    access.enter_installation(_state(options), options.stage)
    return quarantine.show(options.project)


def _release_quarantine(options: argparse.Namespace) -> int:
    _installation(options)
    return quarantine.release(options.response)


def _doctor(options: argparse.Namespace) -> int:
    return doctor.run(_installation(options))


def _trace(options: argparse.Namespace) -> int:
    access.enter_installation(_state(options), options.stage)
    return trace.run(options.name, as_json=options.json)


def _redrive(options: argparse.Namespace) -> int:
    return redrive.run(_installation(options), options.queue)


def _list_unsettled(options: argparse.Namespace) -> int:
    _installation(options)
    return unsettled.show(options.project)


def _settle(options: argparse.Namespace) -> int:
    _installation(options)
    return unsettled.settle(options.mail, options.project, MailState(options.outcome))


def _preflight(options: argparse.Namespace) -> int:
    return preflight.run(options.stage)


def _demo(options: argparse.Namespace) -> int:
    return demo.run(_state(options), once=options.once, people=options.people, seed=options.seed, port=options.port)


def _installation(options: argparse.Namespace) -> Installation:
    """The stage's stack by its outputs; its clock, where it can be set, is this process's too."""
    access.enter_installation(_state(options), options.stage)
    outputs = access.stack_outputs(access.stack_of(options.stage))
    if "ClockParameter" in outputs:
        os.environ["CLOCK_PARAMETER"] = outputs["ClockParameter"]
    return Installation(options.stage or "local", outputs)


def _state(options: argparse.Namespace) -> StateDirectory:
    return StateDirectory(options.state.expanduser().resolve())


_ACTIONS: Mapping[str, Callable[[argparse.Namespace], int]] = {
    "install": _install,
    "up": _up,
    "down": _down,
    "status": _status,
    "create_project": _create_project,
    "create_key": _create_key,
    "revoke_key": _revoke_key,
    "import": _import,
    "audit": _audit,
    "list_quarantine": _list_quarantine,
    "release_quarantine": _release_quarantine,
    "doctor": _doctor,
    "trace": _trace,
    "redrive": _redrive,
    "list_unsettled": _list_unsettled,
    "settle": _settle,
    "preflight": _preflight,
    "demo": _demo,
}
