import asyncio
import os
import signal
import ssl
import subprocess
import sys
from asyncio.subprocess import PIPE, STDOUT
from pathlib import Path

import psutil
import pytest
import trustme
from aiohttp import web
from aiohttp.test_utils import TestServer
from confluent_kafka import KafkaException

from events.devkafka.broker import DevKafka, DevKafkaError, SaslSsl
from tests.support.broker import Broker
from tests.support.certificates import Authority
from tests.support.kafka import OwnKafka, TopicNames
from tests.support.processes import ROOT, alive, run_process
from tests.support.waiting import wait_until

STARTS_A_BROKER = """
import signal, sys
from pathlib import Path
from events.devkafka.broker import DevKafka
with DevKafka(data_dir=Path(sys.argv[1])) as kafka:
    print(kafka.pid, flush=True)
    signal.pause()
"""


@pytest.mark.slow  # test_broker_away kills one too
def test_a_record_survives_a_kill_and_a_restart_on_the_same_port(own_kafka: OwnKafka) -> None:
    kafka = own_kafka()
    broker = Broker(kafka.bootstrap)
    place = broker.produce(broker.create("kept", partitions=2), ["hello"], partition=1)
    before = kafka.bootstrap
    kafka.kill()
    assert not kafka.running()
    kafka.start()
    assert kafka.bootstrap == before
    assert place == [(1, 0)]
    assert [message.value() for message in broker.consume("kept", 1)] == [b"hello"]


def test_a_topic_that_somebody_writes_to_comes_into_being(kafka: Broker, topic: TopicNames) -> None:
    name = topic()
    kafka.produce(name, ["hello"])
    assert len(kafka.partitions(name)) == 4


def test_a_record_of_five_megabytes_is_taken(kafka: Broker, topic: TopicNames) -> None:
    name = kafka.create(topic(), partitions=1)
    kafka.produce(name, [b"x" * 5_000_000])
    assert kafka.consume(name, 1)[0].value() == b"x" * 5_000_000


def test_a_taken_port_is_refused_with_the_option_to_change(kafka: Broker, tmp_path: Path) -> None:
    port = int(kafka.bootstrap.rpartition(":")[2])
    with pytest.raises(DevKafkaError, match=f"port {port} is taken: choose another with --port"):
        DevKafka(data_dir=tmp_path, port=port).start()


def test_a_data_folder_in_use_is_refused(own_kafka: OwnKafka, tmp_path: Path) -> None:
    own_kafka(data_dir=tmp_path / "data")
    with pytest.raises(DevKafkaError, match="another running broker keeps its data"):
        DevKafka(data_dir=tmp_path / "data").start()


def test_settings_that_kafka_refuses_are_named(tmp_path: Path) -> None:
    broken = DevKafka(data_dir=tmp_path / "data", properties={"num.partitions": "many"})
    with pytest.raises(DevKafkaError, match=r"num\.partitions"):
        broken.start()


@pytest.mark.slow
def test_the_broker_dies_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    args = [sys.executable, "-c", STARTS_A_BROKER, str(tmp_path / "data")]
    with run_process(args, log=tmp_path / "log") as parent:
        wait_until(parent.output, 60, "the broker's number")
        broker = psutil.Process(int(parent.output()))
        os.kill(parent.pid, signal.SIGKILL)
        wait_until(lambda: not alive(broker), 10, "the broker's end")


@pytest.mark.slow
@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256"])
def test_a_sasl_ssl_listener_asks_for_the_user(own_kafka: OwnKafka, mechanism: str) -> None:
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    chain = "".join(blob.bytes().decode() for blob in certificate.cert_chain_pems)
    key = certificate.private_key_pem.bytes().decode()
    kafka = own_kafka(sasl_ssl=SaslSsl("alice", 'se"cr\\et', chain, key, mechanism))
    conf = {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": mechanism,
        "sasl.username": "alice",
        "sasl.password": 'se"cr\\et',
        "ssl.ca.pem": authority.cert_pem.bytes().decode(),
    }
    broker = Broker(kafka.bootstrap_sasl, conf)
    broker.produce(broker.create("secret"), ["hello"])
    assert broker.consume("secret", 1)[0].value() == b"hello"
    stranger = Broker(kafka.bootstrap_sasl, conf | {"sasl.password": "guess"}, limit_seconds=2)
    with pytest.raises(KafkaException):
        stranger.partitions("secret")
    assert "failed authentication" in kafka.log.read_text().lower()


def test_records_can_be_gone_and_offsets_told(kafka: Broker, topic: TopicNames) -> None:
    name = kafka.create(topic(), partitions=1)
    kafka.produce(name, ["a", "b", "c"])
    kafka.delete_records(name, {0: 2})
    assert kafka.start_offsets(name) == {0: 2}
    assert kafka.end_offsets(name) == {0: 3}


def test_the_jars_must_be_had_from_somewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    with pytest.raises(DevKafkaError, match=r"Apache Kafka [0-9.]+ could not be downloaded") as why:
        DevKafka(data_dir=tmp_path / "data").start()
    assert "KAFKA_MAVEN_URL" in str(why.value)
    assert list((tmp_path / "cache" / "logshuttle").iterdir()) == []


FINDS_THE_JARS = """
from events.devkafka.java import DevKafkaError, kafka_jars
try:
    kafka_jars(lambda _: None)
except DevKafkaError as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("believes", "said"),
    [(False, "is not trusted here. Behind a company's TLS proxy"), (True, "not found in remote")],
)
async def test_a_mirror_is_asked_whose_certificate_the_system_believes(
    believes: bool, said: str, authority: Authority, tmp_path: Path
) -> None:
    server = authority.server("127.0.0.1").write(tmp_path)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(server.chain, server.key)
    nothing = TestServer(web.Application(), scheme="https", host="127.0.0.1")
    await nothing.start_server(ssl=tls)
    environment = {
        "PATH": os.environ["PATH"],
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "KAFKA_MAVEN_URL": str(nothing.make_url("/maven2")),
    }
    if believes:  # what OpenSSL takes for the system's
        environment["SSL_CERT_FILE"] = str(authority.write(tmp_path))
    asking = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", FINDS_THE_JARS),
        cwd=ROOT,
        env=environment,
        stdout=PIPE,
        stderr=STDOUT,
    )
    printed, _ = await asking.communicate()
    await nothing.close()

    assert said in printed.decode()
    assert printed.count(b"\n") == 1


def test_without_jgo_the_message_says_what_to_install(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['jgo'] = None; from pathlib import Path\n"
        "from events.devkafka.broker import DevKafka\n"
        f"DevKafka(data_dir=Path({str(tmp_path)!r})).start()"
    )
    environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert "DevKafkaError: the jgo package" in ended.stderr
    assert "pip install -r requirements-demo.txt" in ended.stderr
