"""The C-STORE SCP: what it stores, whom it lets in, and that nothing stops it."""

import random
import shutil
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from io import BytesIO
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian
from pynetdicom import AE, evt
from pynetdicom.association import Association
from pynetdicom.sop_class import MRImageStorage, Verification  # type: ignore[attr-defined]
from tests.service.intake.conftest import House, KilledError, ct_slice

from calciscope.errors import ServiceError
from calciscope.service.intake.receiver import StoreReceiver
from calciscope.service.journal.arrivals import Arrivals
from calciscope.service.settings.ways_in import Receiver

Listen = Callable[..., int]

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")


@pytest.fixture
def listen(house: House) -> Iterator[Listen]:
    """Starts receivers and gives their ports."""
    started: list[StoreReceiver] = []

    def start(on: House = house, **settings: object) -> int:
        values = {"port": 0, "peers": [{"ae_title": "SENDER"}], "idle_seconds": 30, **settings}
        receiver = StoreReceiver(Receiver.model_validate(values), on.store, on.gate, on.meter)
        started.append(receiver)
        return receiver.start()

    yield start
    for receiver in started:
        receiver.stop(drain_seconds=1)


@contextmanager
def sender(port: int, title: str = "SENDER", called: str = "CALCISCOPE") -> Iterator[Association]:
    entity = AE(ae_title=title)
    for context in (CTImageStorage, MRImageStorage):
        entity.add_requested_context(context, ExplicitVRLittleEndian)
    entity.add_requested_context(Verification)
    association = entity.associate("127.0.0.1", port, ae_title=called)
    try:
        yield association
    finally:
        if association.is_established:
            association.release()


def dataset(number: int = 1, **elements: object) -> Dataset:
    return dcmread(BytesIO(ct_slice(number, **elements)))  # type: ignore[arg-type]


def send(port: int, *datasets: Dataset) -> list[int]:
    with sender(port) as association:
        assert association.is_established
        return [association.send_c_store(each).Status for each in datasets]


def instances(house: House) -> int:
    return sum(job.instances for job in house.journal.jobs.listed())


def test_success_means_that_journal_and_disk_have_it(house: House, listen: Listen) -> None:
    assert send(listen(), dataset(1), dataset(2), dataset(1)) == [0, 0, 0]
    assert (house.meter.instances, house.meter.duplicates) == (2, 1)
    first = dcmread(house.data.instance(sorted(house.known_files())[0]))
    assert first.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
    assert first.pixel_array.shape == (8, 8)


def test_echo(listen: Listen) -> None:
    with sender(listen()) as association:
        assert association.send_c_echo().Status == 0


def test_stranger_is_rejected(house: House, listen: Listen) -> None:
    port = listen(peers=[{"ae_title": "SENDER", "address": "127.0.0.1"}])
    with sender(port, "STRANGER") as association:
        assert association.is_rejected
    with sender(port, called="OTHER") as association:
        assert association.is_rejected
    assert house.meter.codes == ["peer"]
    assert send(port, dataset()) == [0]


def test_known_title_from_another_address_is_rejected(house: House, listen: Listen) -> None:
    peers = [
        {"ae_title": "SENDER", "address": "192.0.2.7"},
        {"ae_title": "HERE", "address": "127.0.0.1"},
    ]
    with sender(listen(peers=peers)) as association:
        assert association.is_rejected


def test_address_of_no_peer_is_not_listened_to(listen: Listen) -> None:
    port = listen(peers=[{"ae_title": "SENDER", "address": "192.0.2.7"}])
    with closing(socket.create_connection(("127.0.0.1", port), 5)) as connection:
        assert connection.recv(1) == b""


def test_out_of_resources_while_the_gate_is_closed(house: House, listen: Listen) -> None:
    port = listen()
    house.gate.closed = "the disk is nearly full"
    assert send(port, dataset()) == [0xA700]
    house.gate.closed = ""
    assert send(port, dataset()) == [0]


def test_full_disk_is_answered_as_out_of_resources(
    house: House, listen: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_chunks: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(house.store, "stage", full)
    assert send(listen(), dataset()) == [0xA700]


def test_journal_that_cannot_be_written_is_no_success(
    house: House, listen: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = listen()
    with monkeypatch.context() as patched:
        patched.setattr(Arrivals, "register", lambda *_: (_ for _ in ()).throw(RuntimeError))
        assert send(port, dataset()) == [0xA700]
    assert send(port, dataset()) == [0]
    assert instances(house) == 1


def test_too_large_instance_is_refused_and_the_next_one_stored(
    house: House, listen: Listen
) -> None:
    port = listen(instance_mib=1)
    assert send(port, dataset(1, side=2000), dataset(2)) == [0xA700, 0]
    assert house.meter.codes == ["too_large"]


def test_data_set_that_is_not_what_the_request_said(
    house: House, listen: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = house.store.stage
    other = [ct_slice(7)]
    with monkeypatch.context() as patched:
        patched.setattr(house.store, "stage", lambda _chunks: stage(other))
        assert send(listen(), dataset(1)) == [0xA900]
    assert instances(house) == 0
    assert list(house.data.incoming.iterdir()) == []


def test_uid_known_from_another_study_is_told(house: House, listen: Listen) -> None:
    assert send(listen(), dataset(1), dataset(1, study="9.9")) == [0, 0xC000]


def test_data_set_without_study_is_not_understood(house: House, listen: Listen) -> None:
    content = dataset()
    del content.StudyInstanceUID
    assert send(listen(), content, dataset(2)) == [0xC000, 0]
    assert list(house.data.incoming.iterdir()) == []


def test_many_senders_at_once(house: House, listen: Listen) -> None:
    port, answers = listen(associations=8), []

    def one(first: int) -> None:
        answers.extend(send(port, *(dataset(first + n) for n in range(10))))

    threads = [threading.Thread(target=one, args=(100 * n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [0] * 60
    assert instances(house) == 60


def test_more_associations_than_allowed_are_rejected(listen: Listen) -> None:
    port = listen(associations=1)
    with sender(port) as first, sender(port) as second:
        assert first.is_established
        assert second.is_rejected


def test_stop_lets_what_is_on_its_way_arrive(house: House) -> None:
    settings = Receiver.model_validate({"port": 0, "peers": [{"ae_title": "SENDER"}]})
    receiver = StoreReceiver(settings, house.store, house.gate, house.meter)
    port = receiver.start()
    with sender(port) as association:
        assert association.send_c_store(dataset()).Status == 0
        stopping = threading.Thread(target=receiver.stop, args=(0.5,))
        stopping.start()
        stopping.join(10)
        assert not stopping.is_alive()
        assert not receiver.healthy
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), 5)
    assert instances(house) == 1


def test_port_that_is_taken(listen: Listen) -> None:
    with pytest.raises(ServiceError, match="choose another port"):
        listen(port=listen())


@pytest.mark.skipif(shutil.which("/usr/bin/storescu") is None, reason="needs the package dcmtk")
def test_storescu_of_dcmtk(house: House, listen: Listen, tmp_path: Path) -> None:
    for number in range(5):
        (tmp_path / f"{number}.dcm").write_bytes(ct_slice(number))
    command = ["/usr/bin/storescu", "-aet", "SENDER", "-aec", "CALCISCOPE", "127.0.0.1"]
    files = [str(tmp_path / f"{number}.dcm") for number in range(5)]
    subprocess.run([*command, str(listen()), *files], check=True, timeout=60)
    assert instances(house) == 5


# What must not stop it.


def _talk(port: int, *parts: bytes, wait: bool = False) -> None:
    """Send parts, each after an answer to the one before, then hang up."""
    with (
        closing(socket.create_connection(("127.0.0.1", port), 10)) as connection,
        suppress(OSError),
    ):
        for number, part in enumerate(parts):
            if number:
                connection.recv(4096)
            connection.sendall(part)
        while wait and connection.recv(4096):
            pass


def _recorded(port: int, *datasets: Dataset) -> tuple[bytes, bytes]:
    """What a sound sender says: the request for an association, and all that follows."""
    said: list[bytes] = []
    entity = AE(ae_title="SENDER")
    entity.add_requested_context(CTImageStorage, ExplicitVRLittleEndian)
    handlers = [(evt.EVT_DATA_SENT, lambda event: said.append(bytes(event.data)))]
    association = entity.associate("127.0.0.1", port, ae_title="CALCISCOPE", evt_handlers=handlers)
    for each in datasets:
        association.send_c_store(each)
    association.release()
    return said[0], b"".join(said[1:])


def _wait_until_quiet(house: House) -> None:
    """All associations have ended and nothing is left of what they began."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        alive = [each for each in threading.enumerate() if "AcceptorThread" in each.name]
        if not alive and not list(house.data.incoming.iterdir()):
            return
        time.sleep(0.05)
    raise AssertionError(f"{len(alive)} associations did not end")


def test_garbage_stops_nobody(house: House, listen: Listen) -> None:
    port, chance = listen(associations=8, idle_seconds=5), random.Random(7)
    request, rest = _recorded(port, dataset(2))
    for number in range(60):
        altered = bytearray(request if number % 2 else rest)
        for _ in range(chance.randrange(1, 30)):
            altered[chance.randrange(len(altered))] = chance.randrange(256)
        pdu = chance.randbytes(chance.randrange(200))
        match number % 5:
            case 0:
                _talk(port, chance.randbytes(chance.randrange(1, 3000)))
            case 1:
                _talk(port, request[: chance.randrange(len(request))])
            case 2:
                _talk(port, request, struct.pack(">BBL", 4, 0, len(pdu)) + pdu)
            case 3:
                _talk(port, bytes(altered))
            case 4:
                _talk(port, request, bytes(altered))
    _wait_until_quiet(house)
    assert send(port, dataset()) == [0]
    assert instances(house) >= 2


def test_claimed_length_of_four_gigabytes_ends_the_connection(house: House, listen: Listen) -> None:
    port = listen()
    begun = time.monotonic()
    _talk(port, struct.pack(">BBL", 1, 0, 0xFFFFFFFF) + bytes(1000), wait=True)
    assert time.monotonic() - begun < 15
    assert send(port, dataset()) == [0]


def test_half_open_connections_are_given_up_and_bounded(house: House, listen: Listen) -> None:
    port = listen(associations=2, idle_seconds=3)
    before = set(threading.enumerate())
    silent = [socket.create_connection(("127.0.0.1", port), 5) for _ in range(40)]
    for each in silent[::2]:
        with suppress(OSError):
            each.sendall(struct.pack(">BBL", 1, 0, 500) + b"half")
    alive = [each for each in threading.enumerate() if "AcceptorThread" in each.name]
    # Two at once, and those that are just being turned away; never one for each connection.
    assert len(set(alive) - before) <= 20
    for each in silent:
        # Those that were not turned away are given up after three seconds of silence.
        each.settimeout(20)
        with suppress(ConnectionError):
            while each.recv(64):
                pass
        each.close()
    _wait_until_quiet(house)
    assert send(port, dataset()) == [0]


def test_aborts_in_the_middle_of_an_instance(house: House, listen: Listen) -> None:
    # One that is cut off unheard is given up after five silent seconds.
    port, chance = listen(idle_seconds=5), random.Random(3)
    request, rest = _recorded(port, dataset(1, side=100))
    abort = struct.pack(">BBLL", 7, 0, 4, 0)
    for number in range(20):
        cut = rest[: chance.randrange(len(rest) - 30)]
        _talk(port, request, cut + abort if number % 2 else cut)
    _wait_until_quiet(house)
    assert instances(house) == 1
    assert send(port, dataset(2)) == [0]


def test_hostile_data_sets_are_answered_and_stop_nobody(house: House, listen: Listen) -> None:
    port, chance = listen(), random.Random(11)
    good = dataset()
    with sender(port) as association:
        for _ in range(25):
            hostile = dcmread(BytesIO(ct_slice(1)))
            for keyword in chance.sample(["SeriesInstanceUID", "StudyInstanceUID", "Rows"], 2):
                delattr(hostile, keyword)
            hostile.add_new(0x00091001, "UN", chance.randbytes(chance.randrange(500) * 2))
            status = association.send_c_store(hostile).Status
            assert status in (0xC000, 0)
        assert association.send_c_store(good).Status == 0


@pytest.mark.parametrize("after", [False, True])
def test_killed_before_the_answer_and_sent_again(
    start: Callable[[], House], listen: Listen, monkeypatch: pytest.MonkeyPatch, after: bool
) -> None:
    """No answer came, whatever was stored: the sender sends again."""
    house, work = start(), Arrivals.register

    def killed(*values: object) -> None:
        if after:
            work(*values)  # type: ignore[arg-type]
        raise KilledError

    staged = house.store.stage([ct_slice(1)])
    with monkeypatch.context() as patched:
        patched.setattr(Arrivals, "register", killed)
        with pytest.raises(KilledError):
            house.store.keep([staged], "receiver")
    again = start()
    assert send(listen(again), dataset(1), dataset(2)) == [0, 0]
    (job,) = again.journal.jobs.listed()
    assert (job.instances, job.revision) == (2, 1)
    assert again.known_files() <= {
        str(path.relative_to(again.data.instances)) for path in again.stored_files()
    }
