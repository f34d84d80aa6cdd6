"""Only network/dialing.py opens connections: there the egress policy sees each address.

What may be imported where is a contract in pyproject.toml; this is about what is called, and
about the parts of packages that a contract cannot name.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.support.processes import ROOT

DOOR = "drains/delivery/network/dialing.py"
# Asks the kernel which addresses are its own, with a socket that nothing is sent from.
ALSO_SOCKET = "drains/delivery/network/lookups.py"

OPENERS = {
    *("create_connection", "open_connection", "start_connection", "create_datagram_endpoint"),
    *("create_unix_connection", "open_unix_connection", "sock_connect", "sock_sendto"),
    *("ClientSession", "TCPConnector", "UnixConnector"),
    *("get_server_certificate", "urlopen", "urlretrieve", "http.client", "urllib.request"),
}


def test_only_the_door_opens_connections() -> None:
    allowed = {(DOOR, name) for name in (*OPENERS, "socket")} | {(ALSO_SOCKET, "socket")}
    found = {
        (str(path.relative_to(ROOT)), name)
        for room in ("drains", "shuttle", "sessions_app")
        for path in (ROOT / room).rglob("*.py")
        for name in openers_in(path.read_text())
    }

    assert found <= allowed
    assert (DOOR, "start_connection") in found


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("asyncio.open_connection(host, port)", "open_connection"),
        ("functools.partial(loop.create_connection, make)", "create_connection"),
        ("loop.create_connection(make, host, port)", "create_connection"),
        ("from asyncio import open_connection as o", "open_connection"),
        ("socket.socket()", "socket"),
        ("from socket import socket as s", "socket"),
        ("aiohttp.ClientSession()", "ClientSession"),
        ("import http.client", "http.client"),
        ("from http import client", "http.client"),
        ("from urllib.request import Request", "urllib.request"),
    ],
)
def test_an_opener_is_found(code: str, name: str) -> None:
    assert name in openers_in(code)


@pytest.mark.parametrize(
    "code",
    [
        "loop.create_connection(make, sock=connected)",
        "aiohttp.ClientSession(connector=ours)",
        "import socket",
        "from urllib.parse import urlsplit",
        "def attach(connected: socket.socket): ...",
        "from http import HTTPStatus",
    ],
)
def test_what_opens_nothing_is_not(code: str) -> None:
    assert openers_in(code) == set()


def openers_in(code: str) -> set[str]:
    tree = list(ast.walk(ast.parse(code)))
    harmless = {id(node.func) for node in tree if isinstance(node, ast.Call) and _takes_over(node)}
    named = {name for node in tree if id(node) not in harmless for name in _names_of(node)}
    return named & (OPENERS | {"socket"})


def _takes_over(call: ast.Call) -> bool:
    """A call that is given a socket, or a connector of ours, connects nothing by itself."""
    return any(keyword.arg in ("sock", "connector") for keyword in call.keywords)


def _names_of(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Attribute(attr=name) | ast.Name(id=name) if name != "socket":
            yield name
        case ast.Call(func=ast.Attribute(attr="socket") | ast.Name(id="socket")):
            yield "socket"
        case ast.Import(names=names):
            yield from (alias.name for alias in names if alias.name != "socket")
        case ast.ImportFrom(module=module, names=names):
            yield module if module and module != "socket" else ""
            yield from (alias.name for alias in names)
            yield from (f"{module}.{alias.name}" for alias in names)
