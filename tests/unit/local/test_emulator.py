"""What the emulator has saved, when it comes up elsewhere."""

import json
from pathlib import Path

from local import emulator


def test_queues_move_to_the_new_port_with_what_is_in_them(tmp_path: Path) -> None:
    queues = {"http://localhost:4566/000000000000/bulk": {"messages": [{"body": "4566 is a number"}]}}
    (tmp_path / "sqs.json").write_text(json.dumps(queues))
    (tmp_path / "other.json").write_text('{"url": "http://localhost:45660/x"}')
    emulator.change_port(tmp_path, 4566, 4567)
    assert json.loads((tmp_path / "sqs.json").read_text()) == {
        "http://localhost:4567/000000000000/bulk": queues["http://localhost:4566/000000000000/bulk"]
    }
    assert json.loads((tmp_path / "other.json").read_text()) == {"url": "http://localhost:45660/x"}
