"""One cold start, in an interpreter of its own: prints milliseconds of CPU.

`one_import.py baseline` imports botocore's session and makes a DynamoDB client. `one_import.py page` prints two
numbers: the import of the function's handler, and that with its DynamoDB client.
"""

import sys
from importlib import import_module
from time import process_time


def baseline() -> list[float]:
    """What every function that uses DynamoDB has to do."""
    start = process_time()
    session = import_module("botocore.session")
    session.get_session().create_client("dynamodb")
    return [process_time() - start]


def handler(name: str) -> list[float]:
    """What one of ours does, until it is imported and until it has its client."""
    start = process_time()
    import_module(f"functions.{name}.handler")
    imported = process_time()
    import_module("shared.outside.clients").dynamodb()
    return [imported - start, process_time() - start]


if __name__ == "__main__":
    seconds = baseline() if sys.argv[1] == "baseline" else handler(sys.argv[1])
    sys.stdout.write(" ".join(f"{1000 * one:.2f}" for one in seconds))
