"""The sender that a destination needs."""

from calciscope.service.delivery.dicomweb import DicomwebSender
from calciscope.service.delivery.dimse import DimseSender
from calciscope.service.delivery.folder import FolderSender
from calciscope.service.delivery.sender import Sender
from calciscope.service.settings.destinations import (
    Destination,
    DicomwebDestination,
    DimseDestination,
)


def sender_for(destination: Destination) -> Sender:
    """The sender for a destination.

    Raises:
        SettingsError: its certificates or secrets are missing, damaged or open to others.
    """
    if isinstance(destination, DimseDestination):
        return DimseSender(destination)
    if isinstance(destination, DicomwebDestination):
        return DicomwebSender(destination)
    return FolderSender(destination)
