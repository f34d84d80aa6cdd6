"""TLS files that cannot be used are named before anything is served."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from events.als.tls import TlsFiles
from logshuttle_site.env import Env
from logshuttle_site.env_values import als_tls_of
from tests.support.certificates import Authority


@pytest.fixture
def good(tmp_path: Path) -> TlsFiles:
    authority = Authority()
    server = authority.server().write(tmp_path)
    return TlsFiles(str(server.chain), str(server.key), str(authority.write(tmp_path)))


def faulty(files: TlsFiles) -> set[str]:
    return {field for field, _ in files.faults()}


def test_good_ones_and_none_have_no_fault(good: TlsFiles) -> None:
    assert not faulty(good)
    assert not faulty(good._replace(client_ca=""))
    assert not faulty(TlsFiles())
    assert not TlsFiles()


def test_each_fault_names_its_file(good: TlsFiles, tmp_path: Path) -> None:
    other = Authority().server().write(tmp_path, "other")
    garbage = tmp_path / "garbage"
    garbage.write_text("no PEM")

    assert faulty(good._replace(key="")) == {"key"}
    assert faulty(good._replace(certificate="")) == {"certificate"}
    assert faulty(TlsFiles(client_ca=good.client_ca)) == {"certificate", "key"}
    assert faulty(good._replace(key="/no/such/file")) == {"key"}
    assert faulty(good._replace(client_ca=str(tmp_path))) == {"client_ca"}
    assert faulty(good._replace(key=str(other.key))) == {"certificate"}
    assert faulty(good._replace(certificate=str(garbage))) == {"certificate"}
    assert faulty(good._replace(client_ca=str(garbage))) == {"client_ca"}


def test_a_key_with_a_password_is_refused_without_asking(good: TlsFiles) -> None:
    key = load_pem_private_key(Path(good.key).read_bytes(), None)
    locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x"))
    Path(good.key).write_bytes(locked)

    assert faulty(good) == {"certificate"}


def test_settings_name_the_variable(good: TlsFiles) -> None:
    env = Env({"ALS_TLS_CERTIFICATE": good.certificate, "ALS_TLS_CLIENT_CA": "/no/such/file"})

    als_tls_of(env)

    assert [fault.partition(":")[0] for fault in env.faults] == ["ALS_TLS_KEY", "ALS_TLS_CLIENT_CA"]
