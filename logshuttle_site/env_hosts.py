"""Names of hosts in settings: of servers that we call, and of those that we are called by."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Iterator
from urllib.parse import SplitResult, urlsplit

from logshuttle_site.env import NO, Env, quoted

# Names of containers may have underscores.
_NAME = re.compile(r"(?=.{1,253}\.?$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.|$))+", re.I)
_LIKE_IPV6 = re.compile(r"[0-9a-f.]*:[0-9a-f.]*:[0-9a-f.:]*", re.IGNORECASE)
_BRACKETED = re.compile(r"\[([^\[\]]*)\]")
_SOMETIMES_NO = NO | {"none", "null", "disabled", "undefined"}
_DEFAULT_PORTS = {"http": 80, "https": 443}


def fault_of_host(host: str) -> str:
    """Why it is no host's name or address; empty: it is one. Of IPv6 in brackets or without."""
    if host.lower() in _SOMETIMES_NO:
        return "is no host: leave the setting unset"
    match = _BRACKETED.fullmatch(host)
    bare = match[1] if match else host
    if _is_ipv6(bare):
        return ""
    if match or _LIKE_IPV6.fullmatch(bare):
        return "is not an address of IPv6"
    if not host.isascii():
        return "has letters that no host name has: write its ASCII form (xn--…)"
    if not _NAME.fullmatch(host):
        return "is not a host name"
    if host.replace(".", "").isdigit() and not _is_ipv4(host):
        return "is not an address of IPv4"
    return ""


def _is_ipv6(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).version == 6
    except ValueError:
        return False


def _is_ipv4(text: str) -> bool:
    """As the system reads them, which takes 127.1 too."""
    try:
        return bool(socket.inet_aton(text))
    except OSError:
        return False


def host_of_mail(env: Env, name: str) -> str:
    host = env.text(name)
    if host and ":" in host and not _is_ipv6(host.strip("[]")):
        env.fault(name, f"{quoted(host)} is more than a host name: the port is EMAIL_PORT")
    elif host and (why := fault_of_host(host)):
        env.fault(name, f"{quoted(host)} {why}")
    return host.strip("[]")


def allowed_hosts_of(env: Env) -> list[str]:
    """Names as Django compares them with the Host header: a scheme, a port and the dot at the end
    are taken away, IPv6 gets its brackets."""
    return list(_served(env, "ALLOWED_HOSTS"))


def _served(env: Env, name: str) -> Iterator[str]:
    for word in env.words(name):
        host = _host_in(word)
        why = "" if host == "*" else fault_of_host(in_ascii(host.removeprefix(".")))
        if host.startswith("*."):
            why = f"matches no host: write {quoted(host[1:])} for all names below"
        if why:
            env.fault(name, f"{quoted(word)} {why}")
        else:
            yield f"[{host}]" if _is_ipv6(host) else in_ascii(host.lower().removesuffix("."))


def _host_in(word: str) -> str:
    """What is left of `https://host:port/`; a word that is none stays as it is."""
    if _is_ipv6(word):
        return word
    try:
        parts = urlsplit(word if "://" in word else f"//{word}")
        parts.port  # noqa: B018 - raises for what is none
    except ValueError:
        return word
    is_more = parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc
    if is_more or not parts.netloc or parts.scheme not in ("", *_DEFAULT_PORTS):
        return word
    bracketed, _, _ = parts.netloc.partition("]")
    return f"{bracketed}]" if "]" in parts.netloc else parts.netloc.partition(":")[0]


def in_ascii(host: str) -> str:
    """Browsers send a name's ASCII form."""
    try:
        return host if host.isascii() else host.encode("idna").decode()
    except UnicodeError:
        return host


def origins_of(env: Env, name: str) -> list[str]:
    """As browsers write them: in small letters, without a path and without the usual port."""
    found = []
    for word in env.words(name):
        parts = _web_parts(word)
        if parts is None or parts.hostname == "*":
            env.fault(name, f"{quoted(word)} does not look like https://host")
        elif parts.path.strip("/") or parts.query or parts.fragment:
            env.fault(name, f"{quoted(word)} has more than https://host, which is all of an origin")
        else:
            usual = parts.port == _DEFAULT_PORTS[parts.scheme]
            netloc = parts.netloc.rpartition(":")[0] if usual else parts.netloc
            found.append(f"{parts.scheme}://{in_ascii(netloc.lower().removesuffix(':'))}")
    return found


def web_base_of(env: Env, name: str) -> str:
    """A URL that others are made of by writing on; empty where it is not set."""
    url = env.text(name)
    parts = _web_parts(url)
    if not url:
        return ""
    if parts is None or "*" in parts.netloc:
        env.fault(name, f"{quoted(url)} does not look like https://host")
    elif parts.query or parts.fragment or "?" in url or "#" in url:
        env.fault(name, f"{quoted(url)} goes on behind its path, where ours begins")
    return url if parts is None else parts.geturl()


def _web_parts(url: str) -> SplitResult | None:
    """None: it is no http URL, or one with a user. `*.` may stand before its name."""
    try:
        parts = urlsplit(url)
        is_port = parts.port != 0
    except ValueError:
        return None
    if re.search(r"\s|[\x00-\x1f]", url) or parts.scheme not in _DEFAULT_PORTS or not is_port:
        return None
    host = (parts.hostname or "").removeprefix("*.")
    is_host = host == "*" or not fault_of_host(in_ascii(host))
    return parts if is_host and "@" not in parts.netloc else None
