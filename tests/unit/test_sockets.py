from __future__ import annotations

import socket
import sys
from collections.abc import Callable, Iterator

import pytest

from chatserver.config import StartError
from chatserver.sockets import held_port, listening_sockets, tune

HERE = "127.0.0.1"
Listen = Callable[..., list[socket.socket]]


@pytest.fixture
def listen() -> Iterator[Listen]:
    """Listens as the server does; closed after the test."""
    opened: list[socket.socket] = []

    def listen(host: str = HERE, port: int = 0, *, reuse_port: bool = False) -> list[socket.socket]:
        sockets = listening_sockets(host, port, reuse_port=reuse_port)
        opened.extend(sockets)
        return sockets

    yield listen
    for each in opened:
        each.close()


def port_of(sockets: list[socket.socket]) -> int:
    return int(sockets[0].getsockname()[1])


def takes_connections(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=5).close()
    except OSError:
        return False
    return True


def has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


def test_an_address_is_listened_on_without_blocking(listen: Listen) -> None:
    (sock,) = listen()
    assert not sock.getblocking()
    assert takes_connections(*sock.getsockname())


def test_a_name_is_listened_on_at_each_of_its_addresses_with_one_port(listen: Listen) -> None:
    sockets = listen("localhost")
    known = {found[4][0] for found in socket.getaddrinfo("localhost", 0, proto=6)}
    assert len({sock.getsockname()[1] for sock in sockets}) == 1
    assert {sock.getsockname()[0] for sock in sockets} <= known
    assert all(takes_connections(*sock.getsockname()[:2]) for sock in sockets)


@pytest.mark.skipif(not has_ipv6(), reason="no IPv6 here")
def test_no_host_means_all_addresses_of_both_kinds(listen: Listen) -> None:
    port = port_of(listen(""))
    assert takes_connections(HERE, port)
    assert takes_connections("::1", port)


@pytest.mark.skipif(not has_ipv6(), reason="no IPv6 here")
def test_ipv6_leaves_ipv4_to_others(listen: Listen) -> None:
    port = port_of(listen("::"))
    listen("0.0.0.0", port)


def test_a_taken_port_is_refused_in_a_sentence(listen: Listen) -> None:
    port = port_of(listen())
    with pytest.raises(StartError, match=f"{HERE}:{port}: another program .*CHAT_PORT"):
        listen(port=port)


@pytest.mark.skipif(sys.platform != "linux", reason="others have one loopback address")
def test_a_refusal_leaves_nothing_open(listen: Listen) -> None:
    port = port_of(listen("127.0.0.2"))
    with pytest.raises(StartError):
        listen("", port)
    listen("127.0.0.3", port)  # all of the machine's addresses would be in the way of this one


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a" * 70, "two words", "a..b"])
def test_an_unknown_host_is_refused_in_a_sentence(listen: Listen, host: str) -> None:
    with pytest.raises(StartError, match="unknown to this machine; set CHAT_HOST"):
        listen(host)


def test_an_address_of_another_machine_is_refused_in_a_sentence(listen: Listen) -> None:
    with pytest.raises(StartError, match="does not have that address; set CHAT_HOST"):
        listen("192.0.2.1")


def test_a_port_that_this_user_may_not_take_is_refused_in_a_sentence(
    listen: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("chatserver.sockets._bind", lambda *_, **__: forbidden())  # root may
    with pytest.raises(StartError, match="this user may not; take a port above 1023"):
        listen(port=80)


def test_a_port_is_shared_only_by_those_who_all_ask_for_it(listen: Listen) -> None:
    port = port_of(listen(reuse_port=True))
    listen(port=port, reuse_port=True)
    with pytest.raises(StartError):
        listen(port=port)
    alone = port_of(listen())
    with pytest.raises(StartError):
        listen(port=alone, reuse_port=True)


@pytest.mark.skipif(sys.platform != "linux", reason="others spread them in another way")
def test_connections_to_a_shared_port_are_spread(listen: Listen) -> None:
    sockets = listen(reuse_port=True)
    port = port_of(sockets)
    sockets += listen(port=port, reuse_port=True)
    clients = [socket.create_connection((HERE, port)) for _ in range(64)]
    counts = [accept_all(each) for each in sockets]
    for each in clients:
        each.close()
    assert sum(counts) == len(clients)
    assert all(counts)


def accept_all(sock: socket.socket) -> int:
    count = 0
    while True:
        try:
            sock.accept()[0].close()
        except BlockingIOError:
            return count
        count += 1


def test_a_held_port_takes_no_connection_until_a_process_listens(listen: Listen) -> None:
    with held_port(HERE, 0, shared=False) as port:
        assert port
        assert not takes_connections(HERE, port)
        listen(port=port, reuse_port=True)
        assert takes_connections(HERE, port)


@pytest.mark.parametrize("reuse_port", [False, True])
def test_a_port_cannot_be_held_where_somebody_listens(listen: Listen, reuse_port: bool) -> None:
    port = port_of(listen(reuse_port=reuse_port))
    with pytest.raises(StartError, match="another program"), held_port(HERE, port, shared=False):
        pass


def test_a_port_is_held_by_one_alone() -> None:
    with (
        held_port(HERE, 0, shared=False) as port,
        pytest.raises(StartError, match="another program"),
        held_port(HERE, port, shared=False),
    ):
        pass


def test_a_port_is_held_by_several_who_share_it(listen: Listen) -> None:
    port = port_of(listen(reuse_port=True))
    with held_port(HERE, port, shared=True) as first, held_port(HERE, port, shared=True) as second:
        assert first == second == port


def test_a_held_port_is_free_again_at_the_end(listen: Listen) -> None:
    with held_port(HERE, 0, shared=False) as port:
        pass
    listen(port=port)


def tuned(sock: socket.socket) -> dict[str, int]:
    values = {"SO_KEEPALIVE": sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)}
    for name in ("TCP_NODELAY", "TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_KEEPCNT"):
        if hasattr(socket, name):
            values[name] = sock.getsockopt(socket.IPPROTO_TCP, getattr(socket, name))
    return values


def test_what_is_accepted_is_tuned_without_a_call(listen: Listen) -> None:
    (sock,) = listen()
    with socket.create_connection(sock.getsockname()), sock.accept()[0] as accepted:
        found = tuned(accepted)
        assert found["SO_KEEPALIVE"]
        assert found["TCP_NODELAY"]
        with socket.socket() as by_hand:
            tune(by_hand)
            assert tuned(by_hand) == found


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="only Linux has it")
def test_a_vanished_peer_is_given_up_within_two_minutes(listen: Listen) -> None:
    (sock,) = listen()
    with socket.create_connection(sock.getsockname()), sock.accept()[0] as accepted:
        found = tuned(accepted)
        silent_s = found["TCP_KEEPIDLE"] + found["TCP_KEEPINTVL"] * found["TCP_KEEPCNT"]
        unanswered_ms = accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
        assert silent_s * 1000 == unanswered_ms == 120_000
