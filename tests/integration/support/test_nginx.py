import ssl
from pathlib import Path

import httpx
import pytest

from tests.support.certificates import Authority
from tests.support.http_receiver import Answer, Script
from tests.support.nginx import Nginx
from tests.support.receiving import HttpReceivers
from tests.support.waiting import wait_until

CREDENTIALS = ("user", "p@ss:/ü")


def test_it_hands_on_what_it_lets_through(
    tmp_path: Path, http_receiver: HttpReceivers, authority: Authority
) -> None:
    upstream = http_receiver(Script(then=Answer(299)))
    context = ssl.create_default_context(cadata=authority.pem)
    with (
        Nginx(tmp_path, upstream.port, authority.server(), credentials=CREDENTIALS) as nginx,
        httpx.Client(verify=context, trust_env=False) as client,
    ):
        for url in (nginx.url, nginx.tls_url):
            assert client.post(url + "path?q", content=b"body").status_code == 299
    assert [(r.path, r.body) for r in upstream.requests()] == [("/path?q", b"body")] * 2


def test_it_wants_the_password(tmp_path: Path, http_receiver: HttpReceivers) -> None:
    upstream = http_receiver()
    with Nginx(tmp_path, upstream.port, credentials=CREDENTIALS) as nginx:
        url = httpx.URL(nginx.url)
        for wrong in (url.copy_with(userinfo=b""), url.copy_with(password="wrong")):
            assert httpx.post(wrong, trust_env=False).status_code == 401
    assert upstream.requests() == []


def test_it_has_a_largest_body(tmp_path: Path, http_receiver: HttpReceivers) -> None:
    upstream = http_receiver()
    with Nginx(tmp_path, upstream.port, max_body_bytes=1000) as nginx:
        statuses = [
            httpx.post(nginx.url, content=b"x" * size, trust_env=False).status_code
            for size in (1000, 1001)
        ]
    assert statuses == [200, 413]
    assert len(upstream.requests()) == 1


def test_it_keeps_connections_and_tells_so(tmp_path: Path, http_receiver: HttpReceivers) -> None:
    with (
        Nginx(tmp_path, http_receiver().port) as nginx,
        httpx.Client(trust_env=False) as client,
    ):
        for _ in range(3):
            client.post(nginx.url, content=b"x")
        wait_until(lambda: len(nginx.accesses()) == 3, 5, "the accesses")
        assert len({access.connection for access in nginx.accesses()}) == 1
        assert [access.of_connection for access in nginx.accesses()] == [1, 2, 3]


def test_a_restart_keeps_the_port(tmp_path: Path, http_receiver: HttpReceivers) -> None:
    with Nginx(tmp_path, http_receiver().port) as nginx:
        nginx.kill()
        with pytest.raises(httpx.ConnectError):
            httpx.post(nginx.url, trust_env=False)
        nginx.start()
        assert httpx.post(nginx.url, trust_env=False).status_code == 200
