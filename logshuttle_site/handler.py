"""Django's handler, with few turns between the event loop and threads: these cost more than most
answers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.db import close_old_connections

KEPT_THREADS = 16


class Handler(ASGIHandler):
    """A request goes to a thread of its own once, for all of the middleware and the view, which are
    plain functions here. By itself Django takes each middleware of its own there and back."""

    def __init__(self) -> None:
        super().__init__()
        self._idle: list[ThreadPoolExecutor] = []
        """Threads of requests that are over: to start one costs as much as many an answer."""

    def load_middleware(self, is_async: bool = False) -> None:
        super().load_middleware(is_async=False)
        answer = self._middleware_chain

        def answered(request: Any) -> Any:
            try:
                return answer(request)
            finally:
                # Not when its answer has been read: a slow reader would keep one.
                close_old_connections()
                # DRF's request and its view hold each other: so would they a body, until the
                # collector comes.
                request.__dict__.pop("_body", None)
                request.__dict__.pop("_stream", None)

        self._middleware_chain: Any = sync_to_async(answered, thread_sensitive=True)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        thread = self._idle.pop() if self._idle else ThreadPoolExecutor(1, "request")
        is_free = False
        try:
            async with ThreadSensitiveContext(executor=thread):
                await super().__call__(scope, receive, send)
            is_free = len(self._idle) < KEPT_THREADS
        finally:
            if is_free:
                self._idle.append(thread)
            else:  # one that was cut off may still be working
                thread.shutdown(wait=False)
