"""Ports of this machine: a free one, the wished one first."""

import socket

HOST = "127.0.0.1"

_NEAR = 50


def is_free(port: int) -> bool:
    """Whether a server could listen on the port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((HOST, port)) != 0


def free_port(wished: int, taken: frozenset[int] = frozenset()) -> int:
    """The wished port when it is free, else the next one that is; `taken` are ports already promised."""
    for port in range(wished, min(wished + _NEAR, 65_536)):
        if port not in taken and is_free(port):
            return port
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as any_port:
        any_port.bind((HOST, 0))
        return int(any_port.getsockname()[1])
