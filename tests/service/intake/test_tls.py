"""TLS of the receiver: both sides show a certificate, and nobody holds up the door."""

import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import closing
from io import BytesIO
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian
from pynetdicom import AE
from tests.service.intake.conftest import House, ct_slice

from calciscope.errors import SettingsError
from calciscope.service.intake.receiver import StoreReceiver
from calciscope.service.intake.tls import server_context
from calciscope.service.settings.part import Tls
from calciscope.service.settings.ways_in import Receiver

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")


@pytest.fixture
def tls(tmp_path: Path) -> Tls:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    key.chmod(0o600)
    return Tls(certificate=certificate, key=key, authorities=certificate)


@pytest.fixture
def port(house: House, tls: Tls) -> Iterator[int]:
    settings = Receiver.model_validate(
        {"port": 0, "peers": [{"ae_title": "SENDER"}], "idle_seconds": 5, "tls": tls.model_dump()}
    )
    receiver = StoreReceiver(settings, house.store, house.gate, house.meter)
    yield receiver.start()
    receiver.stop(drain_seconds=1)


def _client(tls: Tls, with_certificate: bool = True) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(tls.authorities))
    context.check_hostname = False
    if with_certificate:
        context.load_cert_chain(tls.certificate, tls.key)
    return context


def test_instance_over_tls_while_others_do_not_shake_hands(
    house: House, tls: Tls, port: int
) -> None:
    entity = AE(ae_title="SENDER")
    entity.add_requested_context(CTImageStorage, ExplicitVRLittleEndian)
    with (
        closing(socket.create_connection(("127.0.0.1", port), 5)),
        closing(socket.create_connection(("127.0.0.1", port), 5)),
    ):
        association = entity.associate(
            "127.0.0.1", port, ae_title="CALCISCOPE", tls_args=(_client(tls), "localhost")
        )
        assert association.is_established
        assert association.send_c_store(dcmread(BytesIO(ct_slice(1)))).Status == 0
        association.release()
    assert len(house.known_files()) == 1


def test_client_without_certificate_is_not_let_in(tls: Tls, port: int) -> None:
    with (
        closing(socket.create_connection(("127.0.0.1", port), 5)) as plain,
        pytest.raises((ssl.SSLError, ConnectionError)),
        _client(tls, with_certificate=False).wrap_socket(plain) as secured,
    ):
        # In TLS 1.3 the refusal comes with the first answer.
        secured.sendall(b"x")
        if not secured.recv(1):
            raise ConnectionError


def test_key_that_others_can_read(tls: Tls) -> None:
    tls.key.chmod(0o644)
    with pytest.raises(SettingsError, match="chmod 600"):
        server_context(tls)


def test_file_that_is_no_certificate(tls: Tls) -> None:
    tls.authorities.write_text("nothing")
    with pytest.raises(SettingsError, match="cannot be used"):
        server_context(tls)
