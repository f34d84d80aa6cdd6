"""The stream over a WebSocket, for the page: JSON frames, as tail/encoders.py makes them."""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing, suppress
from typing import Any

import msgspec
from channels.generic.websocket import AsyncWebsocketConsumer  # type: ignore[import-untyped]
from django.http import QueryDict
from rest_framework.exceptions import ValidationError

from events.database_faults import fault_of
from events.database_trouble import troubles
from sessions_app.errors import InvalidSessionError, TooManyError, UnknownSessionError
from sessions_app.process import tails_here
from sessions_app.selectors import afind_session
from sessions_app.serializers import seen_by
from sessions_app.tail.encoders import SocketEncoder, writes
from sessions_app.tail.places import Place
from sessions_app.tail.session import Session
from sessions_app.tail.tail import Bye, Event
from sessions_app.token_keys import signer_of
from sessions_app.viewers_limit import take_place

logger = logging.getLogger(__name__)

NORMAL, RESTART, TRY_AGAIN = 1000, 1012, 1013
UNKNOWN, WRONG_FILTER = 4404, 4422
"""Before a socket is open: the server answers its handshake with 404 and 422."""


class TailConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]
    """Takes nothing from the client. A session that cannot be read is refused in the handshake: it
    costs as little as a GET, which can also say why to a page that cannot see the answer."""

    _telling: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        query = QueryDict(self.scope["query_string"])
        try:
            session = await self._session(query)
        except ValidationError as error:
            fields: Any = error.detail
            whys = (f"{name}: {why}" for name, said in fields.items() for why in said)
            await self.close(WRONG_FILTER, "; ".join(whys))
        except InvalidSessionError as error:
            await self.close(WRONG_FILTER, str(error))
        except Exception as error:
            if (fault := fault_of(error)) is None:
                raise
            troubles.note(error, fault)
            await self.close(TRY_AGAIN, f"the database {fault.value}; try again soon")
        else:
            if session is None:
                await self.close(UNKNOWN, str(UnknownSessionError()))
            else:
                await self.accept()  # a refused handshake has no close code
                await self._begin(session, query.get("after") or query.get("before"))

    async def _begin(self, session: Session, token: str | None) -> None:
        try:
            place = take_place(session)
        except TooManyError as error:
            await self.close(TRY_AGAIN, str(error))
        else:
            self._telling = asyncio.create_task(self._tell(session, token, place))

    async def disconnect(self, code: int) -> None:
        if self._telling is not None:
            self._telling.cancel()
            with suppress(asyncio.CancelledError):
                await self._telling

    async def _session(self, query: QueryDict) -> Session | None:
        address = (self.scope.get("client") or [""])[0]
        session_id = self.scope["url_route"]["kwargs"]["session_id"]
        session = await afind_session(session_id, address)
        return None if session is None else seen_by(session, query)

    async def _tell(self, session: Session, token: str | None, place: Place) -> None:
        try:
            with place:
                events = await self._tell_lines(session, token)
            restarts = Bye("shutdown") in events
            await self.close(RESTART if restarts else NORMAL)
        except Exception:
            logger.exception("A tail failed", extra={"action": "tail_failed"})
            await self.close(TRY_AGAIN)

    async def _tell_lines(self, session: Session, token: str | None) -> list[Event]:
        """Returns the last ones."""
        await self.send(text_data=_hello(session))
        signer, events = signer_of(session), list[Event]()
        encoder = SocketEncoder(signer)
        async with aclosing(tails_here().events(session, signer, token, encoder.name)) as batches:
            async for events in batches:
                for data in writes(encoder, events):
                    await self.send(text_data=data.decode())
        return events


def _hello(session: Session) -> str:
    selection = session.selection
    filters: dict[str, Any] = {
        "source": sorted(selection.sources),
        "process": sorted(selection.processes),
        "stream": sorted(selection.streams),
        "q": selection.text,
    }
    return msgspec.json.encode(
        {
            "type": "hello",
            "name": str(selection.key),
            "ends_at": session.ends_at,
            "lines": session.lines,
            "tail": session.tail,
            "since": session.since,
            "until": session.until,
            "filters": filters,
        }
    ).decode()
