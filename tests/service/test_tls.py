"""TLS both ways: only who shows a certificate of the right authority gets anything."""

import shutil
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian
from pynetdicom import AE
from tests.ports import free_port
from tests.service.delivery import conftest as delivery
from tests.service.delivery.pacs import TITLE, Pacs, report_later
from tests.service.delivery.test_dicomweb import stores_all
from tests.service.delivery.web_server import WebServer
from tests.service.intake import conftest as intake
from tests.service.intake.conftest import House, ct_slice

from calciscope.errors import SettingsError
from calciscope.service.delivery.dicomweb import DicomwebSender
from calciscope.service.delivery.dimse import DimseSender
from calciscope.service.delivery.parcel import Parcel
from calciscope.service.delivery.sender import DeliveryError, DestinationAwayError
from calciscope.service.intake.receiver import StoreReceiver
from calciscope.service.settings.destinations import DicomwebDestination, DimseDestination
from calciscope.service.settings.part import Tls
from calciscope.service.settings.ways_in import Receiver
from calciscope.service.tls import client_context, server_context

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")

parcel, refused_sockets = delivery.parcel, delivery.refused_sockets
start, house = intake.start, intake.house


def openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


def _authority(folder: Path, name: str) -> None:
    openssl(
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
        "-keyout", f"{folder}/{name}.key", "-out", f"{folder}/{name}.pem", "-days", "2",
        "-subj", f"/CN={name}", "-addext", "keyUsage=critical,keyCertSign",
    )  # fmt: skip


def _certificate(folder: Path, name: str, authority: str, host: str) -> Tls:
    """A certificate that names a host, signed by an authority that it also trusts."""
    request, extension = folder / f"{name}.csr", folder / f"{name}.ext"
    openssl(
        "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
        "-keyout", f"{folder}/{name}.key", "-out", str(request), "-subj", f"/CN={name}",
    )  # fmt: skip
    extension.write_text(f"subjectAltName={host}\n", encoding="utf-8")
    openssl(
        "x509", "-req", "-in", str(request), "-CA", f"{folder}/{authority}.pem",
        "-CAkey", f"{folder}/{authority}.key", "-CAcreateserial", "-days", "2",
        "-extfile", str(extension), "-out", f"{folder}/{name}.pem",
    )  # fmt: skip
    (folder / f"{name}.key").chmod(0o600)
    return Tls(
        certificate=folder / f"{name}.pem",
        key=folder / f"{name}.key",
        authorities=folder / f"{authority}.pem",
    )


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Tls]:
    """Of the service, of the archive, of an archive elsewhere, of a stranger."""
    folder = tmp_path_factory.mktemp("tls")
    _authority(folder, "hospital")
    _authority(folder, "nowhere")
    return {
        "service": _certificate(folder, "service", "hospital", "DNS:service"),
        "archive": _certificate(folder, "archive", "hospital", "IP:127.0.0.1"),
        "elsewhere": _certificate(folder, "elsewhere", "hospital", "DNS:elsewhere"),
        "stranger": _certificate(folder, "stranger", "nowhere", "IP:127.0.0.1"),
    }


@pytest.fixture
def receiver_port(house: House, certificates: dict[str, Tls]) -> Iterator[int]:
    tls = certificates["service"].model_dump()
    settings = Receiver.model_validate(
        {"port": 0, "peers": [{"ae_title": "SENDER"}], "idle_seconds": 5, "tls": tls}
    )
    receiver = StoreReceiver(settings, house.store, house.gate, house.meter)
    yield receiver.start()
    receiver.stop(drain_seconds=1)


def destination(port: int, tls: Tls | None, **changes: object) -> DimseDestination:
    return DimseDestination.model_validate(
        {
            "name": "archive", "kind": "dimse", "host": "127.0.0.1", "port": port,
            "ae_title": TITLE, "timeout_seconds": 3,
            "tls": None if tls is None else tls.model_dump(),
        } | changes,
    )  # fmt: skip


class HandshakeLater(ssl.SSLContext):
    """Shakes hands when an association first reads: pynetdicom accepts in one thread."""

    def wrap_socket(self, sock: socket.socket, **values: Any) -> ssl.SSLSocket:  # type: ignore[override]
        sock.settimeout(30)
        return super().wrap_socket(sock, **values | {"do_handshake_on_connect": False})


def archive_context(tls: Tls) -> ssl.SSLContext:
    """Of an archive."""
    context = HandshakeLater(ssl.PROTOCOL_TLS_SERVER)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(tls.certificate, tls.key)
    context.load_verify_locations(tls.authorities)
    return context


def attempt(target: DimseDestination, parcel: Parcel) -> dict[str, str] | str:
    """What was noted, or the code of the error."""
    notes: dict[str, str] = {}
    try:
        DimseSender(target).send(parcel, {}, notes.__setitem__)
    except DeliveryError as error:
        assert isinstance(error, DestinationAwayError)
        assert notes == {}
        return error.code
    return notes


def test_both_sides_trusted(parcel: Parcel, certificates: dict[str, Tls]) -> None:
    with Pacs().running(tls=archive_context(certificates["archive"])) as pacs:
        notes = attempt(destination(pacs.port, certificates["service"]), parcel)
    assert len(notes) == len(pacs.stored) == 5


@pytest.mark.usefixtures("refused_sockets")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    ("ours", "theirs"), [("service", "stranger"), ("stranger", "archive"), (None, "archive")]
)
def test_nothing_is_sent_where_one_side_is_not_trusted(
    parcel: Parcel, certificates: dict[str, Tls], ours: str | None, theirs: str
) -> None:
    with Pacs().running(tls=archive_context(certificates[theirs])) as pacs:
        tls = None if ours is None else certificates[ours]
        if ours == "stranger":
            # We would trust it, but it does not trust us.
            tls = certificates[ours].model_copy(
                update={"authorities": certificates["archive"].authorities}
            )
        code = attempt(destination(pacs.port, tls), parcel)
    assert code in ("unreachable", "no_association")
    assert pacs.stored == []


@pytest.mark.usefixtures("refused_sockets")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_nothing_is_sent_in_the_clear_to_an_archive_without_tls(
    parcel: Parcel, certificates: dict[str, Tls]
) -> None:
    with Pacs().running() as pacs:
        assert attempt(destination(pacs.port, certificates["service"]), parcel) == "unreachable"
    assert pacs.stored == []


@pytest.mark.usefixtures("refused_sockets")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_certificate_of_another_host_is_refused_unless_settings_say_otherwise(
    parcel: Parcel, certificates: dict[str, Tls]
) -> None:
    with Pacs().running(tls=archive_context(certificates["elsewhere"])) as pacs:
        strict = destination(pacs.port, certificates["service"])
        assert attempt(strict, parcel) == "unreachable"
        lenient = destination(pacs.port, certificates["service"], check_host=False)
        assert len(attempt(lenient, parcel)) == 5


@pytest.mark.usefixtures("refused_sockets")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_late_commitment_needs_a_trusted_certificate(
    parcel: Parcel, certificates: dict[str, Tls]
) -> None:
    port = free_port()
    notes: dict[str, str] = {}
    tls = archive_context(certificates["archive"])
    with Pacs().running(tls=tls) as pacs, ExitStack() as silent:
        commitment = {"port": port, "address": "127.0.0.1", "wait_seconds": 0.3}
        target = destination(pacs.port, certificates["service"], commitment=commitment)
        sender = DimseSender(target)
        sender.start()
        try:
            with pytest.raises(DeliveryError) as caught:
                sender.send(parcel, {}, notes.__setitem__)
            assert caught.value.code == "commitment_pending"
            question = pacs.questions[0]
            for _ in range(3):
                # They keep nobody out.
                connection = socket.create_connection(("127.0.0.1", port), timeout=5)
                silent.enter_context(closing(connection))
            stranger = client_context(certificates["stranger"], check_host=False)
            stranger.load_verify_locations(certificates["archive"].authorities)
            assert report_later(port, question, {}, tls=stranger) is None
            archive = client_context(certificates["archive"], check_host=False)
            assert report_later(port, question, {}, tls=archive) == 0x0000
            sender.send(parcel, dict(notes), notes.__setitem__)
        finally:
            sender.close()
    assert set(notes.values()) == {"committed"}


@pytest.mark.parametrize("authority", ["service", "stranger"])
def test_https_server_must_be_signed_by_the_named_authorities(
    parcel: Parcel, certificates: dict[str, Tls], authority: str
) -> None:
    server_side = archive_context(certificates["archive"])
    server_side.verify_mode = server_side.verify_mode.CERT_NONE
    notes: dict[str, str] = {}
    with WebServer(stores_all).running(tls=server_side) as server:
        target = DicomwebDestination(
            name="web", kind="dicomweb", url=server.url,
            authorities=certificates[authority].authorities,
        )  # fmt: skip
        if authority == "service":
            DicomwebSender(target).send(parcel, {}, notes.__setitem__)
            assert len(notes) == 5
            return
        with pytest.raises(DestinationAwayError, match="certificate"):
            DicomwebSender(target).send(parcel, {}, notes.__setitem__)
        assert server.requests == []


def test_instance_is_received_while_others_do_not_shake_hands(
    house: House, certificates: dict[str, Tls], receiver_port: int
) -> None:
    entity = AE(ae_title="SENDER")
    entity.add_requested_context(CTImageStorage, ExplicitVRLittleEndian)
    context = client_context(certificates["archive"], check_host=False)
    with (
        closing(socket.create_connection(("127.0.0.1", receiver_port), 5)),
        closing(socket.create_connection(("127.0.0.1", receiver_port), 5)),
    ):
        association = entity.associate(
            "127.0.0.1", receiver_port, ae_title="CALCISCOPE", tls_args=(context, "localhost")
        )
        assert association.is_established
        assert association.send_c_store(dcmread(BytesIO(ct_slice(1)))).Status == 0
        association.release()
    assert len(house.known_files()) == 1


def test_client_without_certificate_is_not_let_in(
    certificates: dict[str, Tls], receiver_port: int
) -> None:
    context = ssl.create_default_context(cafile=str(certificates["service"].authorities))
    context.check_hostname = False
    with (
        closing(socket.create_connection(("127.0.0.1", receiver_port), 5)) as plain,
        pytest.raises((ssl.SSLError, ConnectionError)),
        context.wrap_socket(plain) as secured,
    ):
        # In TLS 1.3 the refusal comes with the first answer.
        secured.sendall(b"x")
        if not secured.recv(1):
            raise ConnectionError


@pytest.mark.parametrize("context", [client_context, server_context])
def test_files_that_will_not_do_are_told_at_the_start(
    certificates: dict[str, Tls], tmp_path: Path, context: Callable[[Tls], ssl.SSLContext]
) -> None:
    good = certificates["service"]
    shutil.copy(good.key, tmp_path / "open.key")
    for mode in (0o640, 0o644):
        (tmp_path / "open.key").chmod(mode)
        with pytest.raises(SettingsError, match="chmod 600"):
            context(good.model_copy(update={"key": tmp_path / "open.key"}))
    other_key = good.model_copy(update={"key": certificates["archive"].key})
    with pytest.raises(SettingsError, match="no certificate and its key"):
        context(other_key)
    (tmp_path / "nothing.pem").write_text("nothing")
    for no_authorities in (good.key, tmp_path / "nothing.pem"):
        with pytest.raises(SettingsError, match="holds no certificates in PEM and cannot be used"):
            context(good.model_copy(update={"authorities": no_authorities}))
    with pytest.raises(SettingsError, match="check the path"):
        context(good.model_copy(update={"authorities": tmp_path / "missing.pem"}))


@pytest.mark.parametrize("context", [client_context, server_context])
def test_key_with_a_passphrase_does_not_ask_for_it(
    certificates: dict[str, Tls], tmp_path: Path, context: Callable[[Tls], ssl.SSLContext]
) -> None:
    locked = tmp_path / "locked.key"
    openssl(
        "ec", "-in", str(certificates["service"].key), "-aes128", "-passout", "pass:hush",
        "-out", str(locked),
    )  # fmt: skip
    locked.chmod(0o600)
    with pytest.raises(SettingsError, match="without a passphrase"):
        context(certificates["service"].model_copy(update={"key": locked}))
