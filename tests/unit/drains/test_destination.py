from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drains.destination import Destination
from drains.transports import SCHEMES

LONG_HOST = ".".join(["a" * 63] * 4)

GOOD = [
    ("syslog://logs.example:514", Destination("syslog", "logs.example", 514)),
    ("syslog+tcp://logs.example:514", Destination("syslog", "logs.example", 514)),
    ("syslog+tls://logs.example:6514", Destination("syslog+tls", "logs.example", 6514)),
    ("syslog+ssl://logs.example:6514", Destination("syslog+tls", "logs.example", 6514)),
    ("syslog+udp://logs.example:514", Destination("syslog+udp", "logs.example", 514)),
    ("SYSLOG://Logs.EXAMPLE:514", Destination("syslog", "logs.example", 514)),
    ("syslog://h:1", Destination("syslog", "h", 1)),
    ("syslog+tls://h:1/", Destination("syslog+tls", "h", 1)),
    ("syslog+udp://[::1]:1/", Destination("syslog+udp", "::1", 1)),
    ("syslog://h:65535", Destination("syslog", "h", 65535)),
    ("syslog://127.0.0.1:514", Destination("syslog", "127.0.0.1", 514)),
    ("syslog://[::1]:514", Destination("syslog", "::1", 514)),
    *(
        (f"syslog://{host}:514", Destination("syslog", address, 514))
        for host, address in {
            "127.0.0.1.": "127.0.0.1",
            "127.1": "127.0.0.1",
            "127.0.257": "127.0.1.1",
            "2130706433": "127.0.0.1",
            "2130706433.": "127.0.0.1",
            "0x7f.1": "127.0.0.1",
            "0X7F000001": "127.0.0.1",
            "017700000001": "127.0.0.1",
            "0177.0.0.01": "127.0.0.1",
            "1": "0.0.0.1",
            "0": "0.0.0.0",
        }.items()
    ),
    ("syslog://1.2.3.4.example:514", Destination("syslog", "1.2.3.4.example", 514)),
    ("syslog://1-2:514", Destination("syslog", "1-2", 514)),
    ("syslog://10a:514", Destination("syslog", "10a", 514)),
    ("syslog://logs_of-us.example.:514", Destination("syslog", "logs_of-us.example.", 514)),
    ("syslog://_logs.example:514", Destination("syslog", "_logs.example", 514)),
    ("http://logs.example", Destination("http", "logs.example", 80)),
    ("http://logs.example/", Destination("http", "logs.example", 80, "/")),
    ("https://logs.example", Destination("https", "logs.example", 443)),
    ("https://logs.example:8443/a/b", Destination("https", "logs.example", 8443, "/a/b")),
    ("https://logs.example/a?k=v&w", Destination("https", "logs.example", 443, "/a", "k=v&w")),
    ("https://logs.example?k=v", Destination("https", "logs.example", 443, "", "k=v")),
    ("https://[2001:DB8::1]/a", Destination("https", "2001:db8::1", 443, "/a")),
    ("https://me:pass@h/", Destination("https", "h", 443, "/", "", "me", "pass")),
    ("https://me@h/", Destination("https", "h", 443, "/", "", "me")),
    ("https://:pass@h/", Destination("https", "h", 443, "/", "", "", "pass")),
    ("https://m%40e:p%3Aa%2Fss%25@h/", Destination("https", "h", 443, "/", "", "m@e", "p:a/ss%")),
    ("https://h/x@y?z@h", Destination("https", "h", 443, "/x@y", "z@h")),
    ("https://[::1]:8443/@x", Destination("https", "::1", 8443, "/@x")),
    ("https://me:1@h:8443/@x", Destination("https", "h", 8443, "/@x", "", "me", "1")),
    ("https://h:8443/%40x", Destination("https", "h", 8443, "/%40x")),
    ("https://h/" + "a" * 2038, Destination("https", "h", 443, "/" + "a" * 2038)),
]

BAD = [
    ("", "required"),
    ("logs.example:514", "scheme"),
    ("logs.example", "scheme"),
    ("//logs.example:514", "scheme"),
    ("ftp://logs.example:21", "scheme"),
    ("syslog+https://logs.example:1", "scheme"),
    ("javascript:alert(1)", "scheme"),
    ("file:///etc/passwd", "scheme"),
    ("syslog://", "no host"),
    ("syslog://:514", "no host"),
    ("syslog:514", "no host"),
    ("syslog:/h:514", "no host"),
    ("https://", "no host"),
    ("https:///path", "no host"),
    ("https://me:pass@", "no host"),
    ("syslog://h", "needs a port"),
    ("syslog://h:", "needs a port"),
    ("syslog+tls://h", "needs a port"),
    ("syslog+udp://h", "needs a port"),
    ("syslog://[::1]", "needs a port"),
    ("syslog://h:0", "from 1 to 65535"),
    ("https://h:0/", "from 1 to 65535"),
    ("syslog://h:65536", "from 1 to 65535"),
    ("syslog://h:-1", "from 1 to 65535"),
    ("syslog://h:port", "from 1 to 65535"),
    ("syslog://h:5 14", "space"),
    ("https://h/a b", "space"),
    (" syslog://h:514", "space"),
    ("syslog://h:514 ", "space"),
    ("syslog://h:5\t14", "control"),
    ("syslog://h:514\r\n", "control"),
    ("https://h/a\nHost: other", "control"),
    ("https://h/\0", "control"),
    ("https://h/\x7f", "control"),
    ("https://other\\@h/", "backslash"),
    ("https://höst/", "ASCII"),
    ("https://h/ü", "ASCII"),
    ("syslog://h:\uff1514", "ASCII"),
    ("https://h/\u2028", "ASCII"),
    ("https://h/\ud800", "ASCII"),
    ("https://h/#f", "fragment"),
    ("https://h/#", "fragment"),
    ("syslog://h:514#f", "fragment"),
    ("syslog://h:514//", "end after its port"),
    ("syslog://h:514/?", "end after its port"),
    ("tcp://h:1", "tcp:// is syslog:// here"),
    ("TCP://h:1", "tcp:// is syslog:// here"),
    ("udp://h:1", r"udp:// is syslog\+udp:// here"),
    ("ssl://h:1", r"ssl:// is syslog\+tls:// here"),
    ("tls://h:1", r"tls:// is syslog\+tls:// here"),
    ("syslog-tls://h:1", r"syslog-tls:// is syslog\+tls:// here"),
    ("sylsog://h:1", "sylsog:// is syslog:// here"),
    ("htps://h", "htps:// is https:// here"),
    ("https://me:p@ss#1@h/", "fragment: in a password write # as %23"),
    ("https://me:pass#1@h/", "fragment: in a password write # as %23"),
    ("https://me:p?ss@h/", r"from 1 to 65535: in a password write \? as %3F"),
    ("https://me:p/ss@h/", "from 1 to 65535: in a password write / as %2F"),
    ("https://me:123/4@h/x", "in a path or query write it as %40, in a password write / as %2F"),
    ("http://me.too:123/4@h", "in a password write / as %2F"),
    ("https://me:/4@h/x", "in a password write / as %2F"),
    ("https://me:123?4@h/x", r"in a password write \? as %3F"),
    ("https://me:123/4/5@h:8443/x@y", "in a password write / as %2F"),
    ("https://me:p#s/s@h/", "in a password write # as %23"),
    ("syslog://me:p/ss@h:514", "in a password write / as %2F"),
    ("https://h:8443/@x#f", "the URL must not have a #fragment$"),
    ("https://h/a@b#f", "the URL must not have a #fragment$"),
    ("syslog://h:514/path", "end after its port"),
    ("syslog+udp://h:514?a=b", "end after its port"),
    ("syslog://h:514?", "end after its port"),
    ("syslog://me@h:514", "user"),
    ("syslog+tls://me:pass@h:514", "user"),
    ("syslog://@h:514", "user"),
    ("https://h/" + "a" * 2039, "longer than 2048"),
    ("syslog://[::1:514", "not a valid address"),
    ("syslog://::1]:514", "not a valid address"),
    ("syslog://[]:514", "not a valid address|no host"),
    ("syslog://[h]:514", "not a valid address"),
    ("syslog://[1.2.3.4]:514", "not a valid address"),
    ("syslog://[v1.x]:514", "not a valid address"),
    ("syslog://[fe80::1%25eth0]:514", "zone|not a valid address"),
    ("syslog://[fe80::1%eth0]:514", "zone|not a valid address"),
    ("https://a[::1]/", "not a valid address"),
    ("https://[::1]b/", "not a valid address"),
    ("https://[::1]b:443/", "not a valid address"),
    ("https://a:1[::1]:2/", "not a valid address"),
    ("https://me:p[a]ss@h/", "not a valid address"),
    ("syslog://::1:514", "no host"),
    ("https://-h/", "not a valid name"),
    ("https://h-/", "not a valid name"),
    ("https://a..b/", "not a valid name"),
    ("https://.a/", "not a valid name"),
    ("https://./", "not a valid name"),
    ("https://a$b/", "not a valid name"),
    ("https://a%2eb/", "not a valid name"),
    ("https://h,i/", "not a valid name"),
    ("https://a%3Ab:c@h/", "colon"),
    (f"https://{'a' * 64}/", "not a valid name"),
    *(
        (f"syslog://{host}:514", "not a valid address")
        for host in ("1.2.3.4.5", "256.1.1.1", "1.2.65536", "4294967296", "1.2.3.08", "9" * 60)
    ),
    (f"https://{LONG_HOST}/", "not a valid name"),
]

NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters=":"), max_size=20)


@pytest.mark.parametrize(("url", "destination"), GOOD)
def test_a_good_url_is_read(url: str, destination: Destination) -> None:
    assert Destination.parse(url) == destination


@pytest.mark.parametrize(("url", "why"), BAD)
def test_a_bad_url_is_refused_with_a_reason(url: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Destination.parse(url)


def test_every_scheme_is_in_the_table_of_good_ones() -> None:
    assert {url.partition(":")[0] for url, _ in GOOD} >= set(SCHEMES)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("syslog://h:514", "syslog+tcp://h:514"),
        ("syslog+tls://h:514", "syslog+ssl://h:514"),
        ("syslog://Host:514", "SYSLOG://hOST:514"),
        ("syslog://h:514", "syslog://h:0514"),
        ("syslog://h:514", "syslog+tcp://h:514/"),
        ("http://h", "http://h:80/"),
        ("https://h", "https://H:443/"),
        ("https://m%65@h/", "https://me@h/"),
        ("syslog://[0:0::00:1]:514", "syslog://[::1]:514"),
        ("syslog://[FE80::A]:514", "syslog://[fe80:0::a]:514"),
        ("syslog://127.0.0.1:514", "syslog://127.0.0.1.:514"),
        ("syslog://127.0.0.1:514", "syslog://2130706433:514"),
    ],
)
def test_two_urls_that_mean_the_same_count_as_the_same(one: str, other: str) -> None:
    assert Destination.parse(one).canonical == Destination.parse(other).canonical


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("syslog://h:514", "syslog+udp://h:514"),
        ("syslog://h:514", "syslog+tls://h:514"),
        ("syslog://h:514", "syslog://h:515"),
        ("syslog://h:514", "syslog://i:514"),
        ("http://h:1", "https://h:1"),
        ("https://h/a", "https://h/A"),
        ("https://h/?a", "https://h/?b"),
        ("https://me@h/", "https://you@h/"),
        ("https://me:one@h/", "https://me:two@h/"),
    ],
)
def test_two_urls_that_mean_different_things_differ(one: str, other: str) -> None:
    assert Destination.parse(one).canonical != Destination.parse(other).canonical


def test_it_shows_itself_without_secrets() -> None:
    destination = Destination.parse("https://me:pass@[::1]/path?token=abc")

    assert str(destination) == "https://me:***@[::1]:443/path?***"
    assert repr(destination) == "Destination('https://me:***@[::1]:443/path?***')"


def test_an_odd_user_name_stays_encoded_where_it_is_shown() -> None:
    assert str(Destination.parse("https://a%0A%22b:c@h/")) == "https://a%0A%22b:***@h:443/"


@given(user=NAMES, secret=st.text("pqrsuvwxyz%:/@?#[]é\n", min_size=6, max_size=30))
def test_no_password_is_ever_shown(user: str, secret: str) -> None:
    password = f"~{secret}~"  # a mark that nothing else in the URL can have
    url = f"https://{quote(user, safe='')}:{quote(password, safe='')}@h/path"

    destination = Destination.parse(url)

    assert destination.password == password
    for shown in (str(destination), repr(destination), f"{destination}", destination.redacted):
        assert password not in shown.replace(user, "")
        assert quote(password, safe="") not in shown.replace(user, "")


@given(st.text("pqrsuvwxyz", min_size=8), st.sampled_from(["#f", ":0", " ", "\n", "\\", "é"]))
def test_no_refusal_repeats_a_password(secret: str, fault: str) -> None:
    with pytest.raises(ValueError, match="URL") as caught:
        Destination.parse(f"https://me:{secret}@h{fault}")

    assert secret not in str(caught.value)


@given(
    st.one_of(
        st.text(),
        st.builds(
            "{}://{}".format,
            st.sampled_from(list(SCHEMES)),
            st.text("ab1.:@/?#[]%-_\\ \n", max_size=30),
        ),
    )
)
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        destination = Destination.parse(text)
    except ValueError:
        return
    assert destination.host
    assert 0 < destination.port < 65536
    assert destination.redacted.isprintable()
