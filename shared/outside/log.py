"""Log lines for the functions whose cold start has no room for a logging library. Never a person's data."""

import json
import os
import sys


def log(message: str, **fields: object) -> None:
    """Writes one JSON line."""
    line = {"message": message, "service": os.environ.get("POWERTOOLS_SERVICE_NAME", ""), **fields}
    sys.stdout.write(json.dumps(line, default=str) + "\n")


def place_of(error: BaseException) -> str:
    """The last place that an error's traceback passed, without its message: that may hold what a person wrote."""
    trace, place = error.__traceback__, ""
    while trace is not None:
        place = f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place
