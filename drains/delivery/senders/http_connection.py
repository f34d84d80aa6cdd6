"""One kept-alive HTTP connection to one receiver, made through the one door out."""

from __future__ import annotations

import asyncio
import base64
import errno
import ssl
from collections.abc import Callable, Mapping

import aiohttp
from aiohttp.http_exceptions import LineTooLong
from yarl import URL

from drains.delivery.network.dialing import Connected, Dialer
from drains.delivery.network.errors import (
    ConnectionEndedError,
    DeliveryError,
    FloodError,
    UnansweredError,
    explain,
)
from drains.delivery.network.heard import Heard
from drains.delivery.network.kernel import unacknowledged_bytes
from drains.delivery.network.tls_errors import explain_tls
from drains.delivery.senders.http_answers import HttpError, quotation
from drains.delivery.senders.http_door import HttpDoor, NoCookies
from drains.destination import Destination

USER_AGENT = "Logplex/v86 (Log shuttle)"
# An answer's body is of no use, but has to be read for the connection to be used again.
_ANSWER_BYTES_MAX = 4096
_ANSWER_AND_HEAD_BYTES_MAX = 512 * 1024
_HEADER_BYTES_MAX = 64 * 1024
_HEADERS_MAX = 1000
_ANSWER_TOO_LONG = f"its answer is longer than {_ANSWER_AND_HEAD_BYTES_MAX // 1024} KiB"
_HEADER_TOO_LONG = f"the receiver's answer has a header longer than {_HEADER_BYTES_MAX // 1024} KiB"
_ANSWER_BODY_SECONDS = 1.0
_RECEIVER_ENDED = frozenset({errno.ECONNRESET, errno.EPIPE})
_NO_TIMEOUT = aiohttp.ClientTimeout(total=None, connect=None, sock_connect=None, sock_read=None)


class HttpConnection:
    def __init__(
        self,
        dialer: Dialer,
        destination: Destination,
        headers: tuple[tuple[str, str], ...],
        context: ssl.SSLContext | None,
        heard: Heard,
    ) -> None:
        """`context`: for its TLS, when it has any. `heard`: what was said on other connections."""
        self._url = _url_of(destination)
        credentials = _credentials(destination)
        self._secrets = _secrets_of(destination, {**dict(headers), **credentials})
        self._door = HttpDoor(dialer, destination, context, heard)
        self._session = aiohttp.ClientSession(
            connector=self._door,
            cookie_jar=NoCookies(),
            headers={**dict(headers), **credentials, "User-Agent": USER_AGENT},
            timeout=_NO_TIMEOUT,
            auto_decompress=False,
            skip_auto_headers=("Accept", "Accept-Encoding"),
            max_line_size=_HEADER_BYTES_MAX,
            max_field_size=_HEADER_BYTES_MAX,
            max_headers=_HEADERS_MAX,
        )

    async def open(self, connected: Connected) -> None:
        """For the first request; another connection is made when it needs one. Raises DialError,
        FloodError."""
        await self._door.open_ahead(connected)

    def tell(self, flooded: Callable[[FloodError], None]) -> None:
        """Of a receiver that floods us, at whatever time."""
        self._door.tell = flooded

    async def post(self, body: bytes, headers: dict[str, str]) -> None:
        """Returns when the receiver has confirmed with a 2xx. Raises DeliveryError."""
        try:
            await self._post(body, headers)
        except aiohttp.ClientError as error:
            raise _broken(error) from error

    async def close(self) -> None:
        self._door.drop_ahead()
        await self._session.close()

    @property
    def certificate_ends_at(self) -> float | None:
        return self._door.certificate_ends_at

    @property
    def unsent_bytes(self) -> tuple[int, int]:
        """What the transport and the kernel still hold: anything that changes is progress."""
        handler = self._door.newest
        transport = handler.transport if handler is not None else None
        connected = transport.get_extra_info("socket") if transport is not None else None
        if transport is None or connected is None:
            return (0, 0)
        held = unacknowledged_bytes(connected)
        return (transport.get_write_buffer_size(), held or 0)

    async def _post(self, body: bytes, headers: dict[str, str]) -> None:
        opened = self._door.opened
        try:
            await self._post_once(body, headers)
        except aiohttp.ClientConnectionError:
            if opened != self._door.opened:
                raise
            # A connection that was kept alive may be closed just when it is used again.
            await self._post_once(body, headers)

    async def _post_once(self, body: bytes, headers: dict[str, str]) -> None:
        self._door.heard.check()
        self._door.allowed_bytes = _ANSWER_AND_HEAD_BYTES_MAX
        try:
            await self._ask(body, headers)
        except aiohttp.ClientError as error:
            self._door.heard.check()
            if self._door.allowed_bytes < 0:
                raise self._door.heard.flooded(_ANSWER_TOO_LONG) from error
            raise
        finally:
            self._door.allowed_bytes = 0

    async def _ask(self, body: bytes, headers: dict[str, str]) -> None:
        async with self._session.post(
            self._url, data=body, headers=headers, allow_redirects=False
        ) as answer:
            body = await _finish(answer)
            if not 200 <= answer.status < 300:
                may_quote = self._door.may_quote and "Content-Encoding" not in answer.headers
                quoted = quotation(body, self._secrets) if may_quote else ""
                raise HttpError(answer.status, answer.headers, quoted)


async def _finish(answer: aiohttp.ClientResponse) -> bytes:
    """Read a short body, so that the connection can be used again; else it ends.

    Returns what has been read of it.
    """
    body = b""
    try:
        async with asyncio.timeout(_ANSWER_BODY_SECONDS):
            while len(body) < _ANSWER_BYTES_MAX:
                piece = await answer.content.read(_ANSWER_BYTES_MAX - len(body))
                if not piece:
                    return body
                body += piece
    except (TimeoutError, aiohttp.ClientError):
        pass
    answer.close()
    return body


def _broken(error: aiohttp.ClientError) -> DeliveryError:
    """In our words: aiohttp's tell addresses, and may repeat what the receiver wrote."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return ConnectionEndedError(explain_tls(cause))
        if isinstance(cause, LineTooLong):
            return ConnectionEndedError(_HEADER_TOO_LONG)
        if isinstance(cause, OSError) and cause.errno:
            of_theirs = cause.errno in _RECEIVER_ENDED
            return (UnansweredError if of_theirs else ConnectionEndedError)(explain(cause))
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, aiohttp.ClientConnectionError):
        return UnansweredError("connection closed by the receiver")
    return ConnectionEndedError("the receiver's answer is not HTTP")


def _url_of(destination: Destination) -> URL:
    host = f"[{destination.host}]" if ":" in destination.host else destination.host
    query = f"?{destination.query}" if destination.query else ""
    path = destination.path or "/"
    return URL(f"{destination.scheme}://{host}:{destination.port}{path}{query}", encoded=True)


def _secrets_of(destination: Destination, headers: Mapping[str, str]) -> tuple[str, ...]:
    """What an answer may repeat of a request, and nobody is to read: the longest first."""
    sent = [word for value in headers.values() for word in (value, value.rpartition(" ")[2])]
    return tuple(sorted({*destination.secrets, *sent}, key=len, reverse=True))


def _credentials(destination: Destination) -> dict[str, str]:
    if not (destination.username or destination.password):
        return {}
    pair = f"{destination.username}:{destination.password}".encode()
    return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
