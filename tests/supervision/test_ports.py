"""Two starts never share a port, however close together they begin."""

import socket

from builder.cli.up import hold_port


def test_a_port_that_another_start_holds_is_taken_even_before_it_listens() -> None:
    first = hold_port("127.0.0.1", 23_000)
    assert first is not None
    with first:
        wished: int = first.getsockname()[1]
        second = hold_port("127.0.0.1", wished)
        assert second is not None
        with second:
            assert second.getsockname()[1] > wished


def test_our_own_web_server_can_join_the_port_that_is_held() -> None:
    held = hold_port("127.0.0.1", 23_100)
    assert held is not None
    with held, socket.socket() as web:
        web.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        web.bind(held.getsockname())
        web.listen()
        with socket.create_connection(held.getsockname(), timeout=2):
            pass
