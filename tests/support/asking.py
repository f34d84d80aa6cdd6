"""GET as httpx.get has it, for who asks again and again: no certificates are loaded each time."""

from __future__ import annotations

import httpx

get = httpx.Client(headers={"Connection": "close"}).get
