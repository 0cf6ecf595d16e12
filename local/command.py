"""The `hearback` command."""

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from local.places import DEFAULT_STATE, DEMO_STATE, ROOT
from local.problems import CommandError
from local.progress import say


def main(words: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit code: 0 done, 1 it could not, 130 interrupted."""
    options = _parser().parse_args(words)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    if options.action in {"up", "demo"}:
        say(f"Hearback, local stack in {options.state}")
    try:
        # Loaded only now, because the AWS libraries that come with it take a second.
        from local import actions  # noqa: PLC0415

        return actions.run(options)
    except CommandError as error:
        print(f"hearback: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("hearback: interrupted", file=sys.stderr)
        return 130


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="hearback", description="A closed-loop Net Promoter Score service.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_local(commands.add_parser("local", help="the local stack: up, down, status"))
    _add_project(commands.add_parser("project", help="projects: create"))
    _add_keys(commands.add_parser("keys", help="API keys: create, revoke"))
    _add_import(commands.add_parser("people", help="people: import"), "people")
    _add_import(commands.add_parser("responses", help="earlier responses: import"), "responses")
    _add_audit(commands.add_parser("audit", help="recount all responses and compare"))
    _add_quarantine(commands.add_parser("quarantine", help="choices that look like a machine's: list, release"))
    _add_doctor(commands.add_parser("doctor", help="look whether an installation can do its work"))
    _add_trace(commands.add_parser("trace", help="tell everything that happened to a survey request"))
    _add_redrive(commands.add_parser("redrive", help="make what failed for good happen again"))
    _add_mails(commands.add_parser("mails", help="mails that nobody knows to be sent or not: unsettled, settle"))
    _add_preflight(commands.add_parser("preflight", help="look whether an AWS account is ready for a stage"))
    _add_demo(commands.add_parser("demo", help="run the main job from end to end on the local stack"))
    return parser


def _add_local(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    up = commands.add_parser("up", help="start the local stack, or bring it up to date")
    _state_option(up)
    up.add_argument("--port", type=_port, help="the emulator's port (default: the last one, else 4566)")
    up.add_argument("--fresh", action="store_true", help="drop all data first")
    up.add_argument("--life", type=float, default=0, metavar="SECONDS", help="stop by itself after so long")
    about = "add what the functions ask of AWS to this file, for the tests of their permissions"
    up.add_argument("--record", type=Path, metavar="FILE", help=about)
    up.set_defaults(action="up")
    commands.add_parser("install", help="bring the emulator").set_defaults(action="install")
    for name, about in (("down", "stop it and keep its data"), ("status", "tell what runs")):
        command = commands.add_parser(name, help=about)
        _state_option(command)
        command.set_defaults(action=name)


def _add_project(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    create = commands.add_parser("create", help="make a project from a TOML file")
    _installation_options(create)
    create.add_argument("file", type=Path, metavar="FILE")
    create.add_argument("--update", action="store_true", help="change the project if it is there")
    create.set_defaults(action="create_project")


def _add_keys(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    create = commands.add_parser("create", help="make a key and show it, once")
    _installation_options(create)
    create.add_argument("--project", required=True)
    create.add_argument("--scopes", default="send,read,admin", help="default: send,read,admin")
    create.add_argument("--label", default="", help="a word on what the key is for")
    create.set_defaults(action="create_key")
    revoke = commands.add_parser("revoke", help="end a key")
    _installation_options(revoke)
    revoke.add_argument("key", metavar="KEY", help="the key, or its SHA-256")
    revoke.set_defaults(action="revoke_key")


def _add_import(parser: argparse.ArgumentParser, kind: str) -> None:
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    bring = commands.add_parser("import", help=f"bring {kind} in from a CSV file of any size")
    _installation_options(bring)
    bring.add_argument("file", type=Path, metavar="FILE")
    bring.add_argument("--project", help="default: the only one")
    bring.add_argument("--dry-run", action="store_true", help="check every row and write nothing")
    if kind == "people":
        bring.add_argument("--send", action="store_true", help="also ask each of them for a survey")
    about = "what a column is: a field, properties.NAME or nothing (default: the field or property of its name)"
    bring.add_argument("--column", action="append", default=[], metavar="COLUMN=FIELD", help=about)
    bring.add_argument("--results", type=Path, metavar="CSV", help="where the line for each row goes")
    bring.set_defaults(action="import", kind=kind, send=False)


def _add_audit(parser: argparse.ArgumentParser) -> None:
    _installation_options(parser)
    parser.add_argument("--project", help="only this project (default: all)")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--repair", action="store_true", help="mend what drifted, while counting goes on")
    how.add_argument("--rebuild", action="store_true", help="forget all counters and count again from nothing")
    parser.set_defaults(action="audit")


def _add_quarantine(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    show = commands.add_parser("list", help="tell a project's quarantined choices and why")
    _installation_options(show)
    show.add_argument("--project", required=True)
    show.set_defaults(action="list_quarantine")
    release = commands.add_parser("release", help="let one count")
    _installation_options(release)
    release.add_argument("response", metavar="ID", help="of the response, as `list` tells it")
    release.set_defaults(action="release_quarantine")


def _add_doctor(parser: argparse.ArgumentParser) -> None:
    _installation_options(parser)
    parser.set_defaults(action="doctor")


def _add_trace(parser: argparse.ArgumentParser) -> None:
    _installation_options(parser)
    parser.add_argument("name", metavar="ID", help="of a request, response, mail, case or person, or a mail address")
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.set_defaults(action="trace")


def _add_redrive(parser: argparse.ArgumentParser) -> None:
    _installation_options(parser)
    parser.add_argument(
        "queue", nargs="?", metavar="QUEUE", help="one failure queue, as `doctor` names it (default: all)"
    )
    parser.set_defaults(action="redrive")


def _add_mails(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    listing = commands.add_parser("unsettled", help="list them, with the addresses they went to")
    _installation_options(listing)
    listing.add_argument("--project", help="only this project (default: all)")
    listing.set_defaults(action="list_unsettled")
    settle = commands.add_parser("settle", help="say whether one was sent, or all of a project")
    _installation_options(settle)
    settle.add_argument("mail", nargs="?", metavar="ID", help="the mail; without it, --project names whose all")
    settle.add_argument("--project", help="all unsettled mails of this project")
    settle.add_argument("--as", dest="outcome", required=True, choices=("sent", "failed"), help="what became of it")
    settle.set_defaults(action="settle")


def _add_preflight(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("stage", metavar="STAGE", help="the stage that is to be deployed")
    parser.set_defaults(action="preflight")


def _add_demo(parser: argparse.ArgumentParser) -> None:
    _state_option(parser, DEMO_STATE)
    parser.add_argument("--once", action="store_true", help="stop at the end instead of waiting for Ctrl-C")
    parser.add_argument("--people", type=int, metavar="N", help="only the first N of the sample's people")
    parser.add_argument("--seed", type=int, default=1, help="of the answers (default: 1)")
    parser.add_argument("--port", type=_port, help="the emulator's port")
    parser.set_defaults(action="demo")


def _state_option(parser: argparse.ArgumentParser, place: Path = DEFAULT_STATE) -> None:
    about = f"where the stack keeps its data (default: {place.relative_to(ROOT)})"
    parser.add_argument("--state", type=Path, default=place, metavar="DIR", help=about)


def _installation_options(parser: argparse.ArgumentParser) -> None:
    _state_option(parser)
    parser.add_argument("--stage", help="a stage deployed to AWS (default: the local stack)")


def _port(text: str) -> int:
    port = int(text)
    if not 1024 <= port <= 65_535:
        raise argparse.ArgumentTypeError("a port is from 1024 to 65535")
    return port


if __name__ == "__main__":
    sys.exit(main())
