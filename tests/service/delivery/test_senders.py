"""Each kind of destination gets its sender."""

from pathlib import Path

import pytest

from calciscope.service.delivery.dicomweb import DicomwebSender
from calciscope.service.delivery.dimse import DimseSender
from calciscope.service.delivery.folder import FolderSender
from calciscope.service.delivery.senders import sender_for
from calciscope.service.settings.destinations import (
    Destination,
    DicomwebDestination,
    DimseDestination,
    FolderDestination,
)


@pytest.mark.parametrize(
    ("destination", "kind"),
    [
        (FolderDestination(name="a", kind="folder", path=Path("/out")), FolderSender),
        (DicomwebDestination(name="b", kind="dicomweb", url="http://pacs/web"), DicomwebSender),
        (
            DimseDestination(name="c", kind="dimse", host="pacs", port=104, ae_title="PACS"),
            DimseSender,
        ),
    ],
)
def test_sender_fits_and_opens_nothing_by_itself(destination: Destination, kind: type) -> None:
    sender = sender_for(destination)
    assert isinstance(sender, kind)
    sender.start()
    sender.close()
