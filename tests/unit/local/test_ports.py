import socket

import pytest

from local.ports import HOST, free_port, is_free

pytestmark = pytest.mark.enable_socket


@pytest.fixture
def busy():
    with socket.socket() as server:
        server.bind((HOST, 0))
        server.listen()
        yield server.getsockname()[1]


def test_a_busy_port_means_another_port(busy):
    assert not is_free(busy)
    found = free_port(busy)
    assert found != busy
    assert is_free(found)


def test_a_port_promised_to_somebody_else_is_not_taken(busy):
    first = free_port(busy)
    assert free_port(first, frozenset({first})) not in {busy, first}
