"""What the documentation says of the code is so."""

import argparse
import ast
import importlib
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import fields
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest

from functions.api import preview
from functions.api.routes import ROUTES
from infra.settings import Settings
from local import command
from local.doctor import FAILURE_QUEUES
from shared.domain import cases, imports, mails, requests

ROOT = Path(__file__).parents[2]
DOCS = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")))


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def table(name: str, first_column: str, second_column: str = "") -> list[list[str]]:
    """The rows of the table in a document whose first columns are called so."""
    lines = iter(text(name).splitlines())
    for line in lines:
        if line.startswith(f"| {first_column} | {second_column}"):
            next(lines)
            return [cells(row) for row in iter(lambda: next(lines, ""), "") if row.startswith("|")]
    raise AssertionError(f"{name} has no table that begins with {first_column}")


def cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip().removeprefix("|").removesuffix("|").split("|")]


def quoted(words: str) -> list[str]:
    return re.findall(r"`([^`]+)`", words)


# Commands


def leaves(parser: argparse.ArgumentParser, words: tuple[str, ...]) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    below = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if not below:
        yield " ".join(words), parser
    for action in below:
        for name, one in action.choices.items():
            yield from leaves(one, (*words, name))


def commands() -> dict[str, argparse.ArgumentParser]:
    return dict(leaves(command._parser(), ("hearback",)))


def test_the_operating_guide_lists_every_command() -> None:
    listed = [name for row in table("docs/operating.md", "command") for name in quoted(row[0])]
    assert sorted(listed) == sorted(commands())


@pytest.mark.parametrize("document", DOCS, ids=lambda path: path.name)
def test_every_command_and_option_that_is_spoken_of_exists(document: Path) -> None:
    known = commands()
    for spoken in re.findall(r"hearback (?:[a-z]+)(?: [^`\n]*)?", " ".join(quoted_or_shown(document))):
        words = spoken.split()
        two, three = " ".join(words[:2]), " ".join(words[:3])
        name = three if three in known else two
        groups = {known_name.rpartition(" ")[0] for known_name in known}
        assert name in known or two in groups, spoken
        if name in known:
            options = known[name]._option_string_actions
            assert [word for word in words if word.startswith("--") and word not in options] == [], spoken


def quoted_or_shown(document: Path) -> list[str]:
    """What stands in backquotes on one line, and the lines of indented blocks: code, not prose."""
    lines = document.read_text(encoding="utf-8").splitlines()
    shown = [line.strip() for line in lines if line.startswith("    ")]
    return [f"{part}\n" for part in [*(word for line in lines for word in quoted(line)), *shown]]


@pytest.mark.parametrize("document", DOCS, ids=lambda path: path.name)
def test_every_make_target_that_is_spoken_of_exists(document: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", text("Makefile"), re.MULTILINE))
    spoken = {name for part in quoted_or_shown(document) for name in re.findall(r"\bmake ([a-z]+)", part)}
    assert spoken <= targets


def test_the_workflows_use_targets_and_commands_that_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", text("Makefile"), re.MULTILINE))
    for workflow in (ROOT / ".github" / "workflows").glob("*.yml"):
        content = workflow.read_text(encoding="utf-8")
        assert set(re.findall(r"run: make ([a-z]+)", content)) <= targets
        assert {f"hearback {name}" for name in re.findall(r"bin/hearback ([a-z]+)", content)} <= set(commands())
        assert "secrets." not in content
        assert all(re.search(r"@v\d+$", used) for used in re.findall(r"uses: (\S+)", content))


# Settings


def test_the_example_of_a_stage_has_every_setting() -> None:
    wanted = {field.name for field in fields(Settings)} - {"stage", "local"}
    example = tomllib.loads(text("infra/stages/example.toml"))
    assert set(example) == wanted


def test_the_example_of_a_stage_can_be_deployed(tmp_path: Path) -> None:
    (tmp_path / "prod.toml").write_text(text("infra/stages/example.toml"))
    settings = Settings.read("prod", {}, folder=tmp_path)
    defaults = {field.name: field.default for field in fields(Settings)}
    for name in ("log_days", "log_level", "send_rate", "sender_exists", "sandbox_recipients", "api_url", "surveys_url"):
        assert getattr(settings, name) == defaults[name], name


# Routes


def calls_of(row: str) -> set[tuple[str, str]]:
    """The calls that a row describes, each path parameter as `{}`; a person is named in three ways, by one route."""
    method = row.split(maxsplit=1)[0]
    paths = [part.removeprefix(f"{method} ") for part in row.removeprefix(f"{method} ").split(", ")]
    plain = {re.sub(r"(email:|phone_number:)?\{[^}]+\}", "{}", path) for path in paths}
    return {(method, path) for path in plain}


def test_the_api_guide_lists_every_route_with_its_scope_and_parameters() -> None:
    known = {(route.method, re.sub(r"<[^>]+>", "{}", route.path)): route for route in ROUTES}
    listed: set[tuple[str, str]] = set()
    for row, scope, named, *_ in table("docs/api.md", "call"):
        calls = calls_of(row)
        assert not calls & listed, row
        assert calls <= set(known), row
        assert {known[call].scope.value for call in calls} == {scope}, row
        assert {name for call in calls for name in parameters(known[call].input)} == set(quoted(named)), row
        listed |= calls
    assert listed == set(known)


def parameters(model: Any) -> list[str]:
    hidden = {"cursor", "auto_handle_rate_limits"}
    named = [field.alias or name for name, field in model.model_fields.items() if name not in hidden]
    lists = {name for name, field in model.model_fields.items() if "list" in str(field.annotation)}
    return [f"{name}[]" if name in lists else name for name in named]


def test_the_api_guide_tells_every_answer_of_a_send_call() -> None:
    told = [quoted(row[0])[0] for row in table("docs/api.md", "status")]
    state = requests.RequestState
    assert told == [state.SCHEDULED.value, state.THROTTLED.value, state.SUPPRESSED.value, "not_requested"]


# States


@pytest.mark.parametrize(
    ("first_column", "moves"),
    [("survey request", requests.MOVES), ("mail", mails.MOVES), ("case", cases.MOVES), ("import", imports.MOVES)],
)
def test_the_tables_of_states_are_those_of_the_code(
    first_column: str, moves: Mapping[StrEnum, frozenset[StrEnum]]
) -> None:
    names = {state.value for state in moves}
    listed = {
        row[0]: {word for word in re.findall(r"[a-z]+", re.sub(r"\([^)]*\)", "", row[1])) if word in names}
        for row in table("docs/architecture.md", first_column, "moves to")
    }
    # A state that stays as it is, is no move; the code allows it where an event may come twice.
    wanted = {state.value: {each.value for each in to if each is not state} for state, to in moves.items() if to}
    assert listed == wanted


# Metrics


def written_metrics() -> dict[str, tuple[str, set[str]]]:
    """Each metric's unit and the functions that write it, as their sources say."""
    found: dict[str, tuple[str, set[str]]] = {}
    for file in sorted((ROOT / "functions").rglob("*.py")):
        for name, unit in metrics_in(file):
            function = file.relative_to(ROOT / "functions").parts[0]
            found.setdefault(name, (unit, set()))[1].add(function)
    for name, unit in metrics_in(ROOT / "shared" / "render" / "boundary.py"):
        found.setdefault(name, (unit, set()))[1].update({"page", "desk"})
    return found


def metrics_in(file: Path) -> Iterator[tuple[str, str]]:
    for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
            continue
        if call.func.attr == "count" and ast.unparse(call.func.value) == "log":
            yield ast.literal_eval(call.args[0]), "Count"
        if call.func.attr == "add_metric":
            given = {word.arg: word.value for word in call.keywords}
            for name in names_of(given["name"], file):
                yield name, ast.unparse(given["unit"]).removeprefix("MetricUnit.")


def names_of(name: ast.expr, file: Path) -> list[str]:
    """A constant, or whatever stands in the module's table METRICS."""
    if isinstance(name, ast.Constant):
        return [str(name.value)]
    assert isinstance(name, ast.Subscript), f"{file}: a metric's name is a constant, or one of METRICS"
    assert ast.unparse(name.value) == "METRICS", f"{file}: a metric's name is a constant, or one of METRICS"
    module = importlib.import_module(".".join(file.relative_to(ROOT).with_suffix("").parts))
    return list(module.METRICS.values())


def test_the_operating_guide_lists_every_metric() -> None:
    listed = {}
    for name, unit, functions, meaning in table("docs/operating.md", "name"):
        assert meaning
        [listed_name] = quoted(name)
        listed[listed_name] = (unit, set(functions.split(", ")))
    assert listed == written_metrics()
    # Each call of `count` outside the functions is one that the scan above knows.
    others = [path.name for path in (ROOT / "shared").rglob("*.py") if "log.count(" in path.read_text(encoding="utf-8")]
    assert others == ["boundary.py"]


def test_the_dashboard_and_the_alarms_show_metrics_that_are_written() -> None:
    shown = re.findall(r'counted\("(\w+)", (?:"(\w+)"|each\.name)', text("infra/watch.py"))
    written = written_metrics()
    assert len(shown) > 10
    for name, function in shown:
        assert name in written
        assert not function or function in written[name][1], name


# The rest


def test_the_operating_guide_says_what_to_do_about_every_failure_queue() -> None:
    first = [row[0] for row in table("docs/operating.md", "what you see")]
    spoken_of = [name for words in first for name in quoted(words)]
    assert set(FAILURE_QUEUES) <= set(spoken_of)


@pytest.mark.parametrize("document", DOCS, ids=lambda path: path.name)
def test_every_file_that_is_spoken_of_is_there(document: Path) -> None:
    content = document.read_text(encoding="utf-8")
    links = [name for name in re.findall(r"\]\(([^)#]+)", content) if "://" not in name]
    assert [name for name in links if not (document.parent / name).exists()] == []
    folders = "app|infra|functions|shared|local|tests|samples|docs|bench"
    named = {name for part in quoted(content) for name in re.findall(rf"^(?:{folders})/[\w/.-]+$", part)}
    made_by_operators = {"infra/stages/prod.toml"}
    assert {name for name in named if not (ROOT / name).exists()} - made_by_operators == set()


def test_every_folder_of_the_readme_is_there() -> None:
    for folder, _ in table("README.md", "folder"):
        assert (ROOT / quoted(folder)[0]).is_dir()


def test_the_api_guide_tells_everything_that_can_be_looked_at() -> None:
    told = {}
    for what, states in table("docs/api.md", "`what`"):
        for name in quoted(what):
            told[name] = tuple(quoted(states))
    assert told == preview.STATES
