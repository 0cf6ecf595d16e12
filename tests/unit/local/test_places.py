import json
import stat

import pytest

from local import emulator, scratch
from local.places import StateDirectory, read_json, write_json
from local.problems import CommandError


@pytest.fixture
def state(tmp_path):
    state = StateDirectory(tmp_path / "state")
    state.prepare()
    return state


def test_what_holds_the_key_can_be_read_by_its_owner_only(state):
    write_json(state.contract, {"api_key": "hb_x"})
    assert stat.S_IMODE(state.contract.stat().st_mode) == 0o600
    assert read_json(state.contract) == {"api_key": "hb_x"}


def test_a_file_that_is_missing_or_broken_reads_as_empty(state):
    assert read_json(state.contract) == {}
    state.contract.write_text("{")
    assert read_json(state.contract) == {}


def test_two_commands_cannot_change_one_stack_at_once(state):
    with state.lock(), pytest.raises(CommandError, match="another"), state.lock():
        pass


def test_dropping_the_data_keeps_ports_and_logs(state):
    write_json(state.ports, {"main": 4566})
    (state.logs / "emulator.log").write_text("x")
    (state.mails / "a.eml").write_text("x")
    write_json(state.contract, {"api_key": "hb_x"})
    state.forget_data()
    assert not state.contract.exists()
    assert not state.mails.exists()
    assert read_json(state.ports) == {"main": 4566}
    assert (state.logs / "emulator.log").exists()


def test_stream_positions_do_not_outlive_the_stream(tmp_path):
    saved = tmp_path / "lambda.json"
    content = {"payload": {"esms": {"data": {"a": 1}}, "dynamodb_stream_positions": {"data": {"mapping": 41}}}}
    saved.write_text(json.dumps(content))
    emulator.forget_stream_positions(saved)
    payload = json.loads(saved.read_text())["payload"]
    assert payload["dynamodb_stream_positions"]["data"] == {}
    assert payload["esms"]["data"] == {"a": 1}


def test_stream_positions_of_a_first_run_are_no_problem(tmp_path):
    emulator.forget_stream_positions(tmp_path / "lambda.json")
    assert not (tmp_path / "lambda.json").exists()


@pytest.mark.parametrize("in_memory", [True, False])
def test_temporary_files_are_dropped_wherever_they_are(state, tmp_path, monkeypatch, in_memory):
    memory = tmp_path / "memory"
    memory.mkdir()
    monkeypatch.setattr(scratch, "_MEMORY", memory)
    monkeypatch.setattr(scratch, "_has_memory", lambda: in_memory)
    scratch.make(state.scratch)
    (state.scratch / "file").write_text("x")
    assert bool(list(memory.iterdir())) is in_memory
    scratch.make(state.scratch)
    assert list(state.scratch.iterdir()) == []
    scratch.drop(state.scratch)
    assert not state.scratch.exists()
    assert list(memory.iterdir()) == []
