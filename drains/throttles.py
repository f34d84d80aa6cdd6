"""How often a client may have something done that costs others."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView


class TrialThrottle(SimpleRateThrottle):
    """Test lines: each is a connection to wherever a drain points."""

    rate = "6/min"

    def get_cache_key(self, request: Request, view: APIView) -> str:
        return f"drain-test-{view.kwargs['drain_id']}"
