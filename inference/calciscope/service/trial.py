"""What would keep the service from starting here: models, secrets, certificates and folders.

The settings can be sound in themselves and still name what is not there. Nothing is made, opened to
others or listened on.
"""

import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from calciscope.errors import CalciscopeError, ServiceError
from calciscope.service.delivery.senders import sender_for
from calciscope.service.settings.destinations import FolderDestination
from calciscope.service.settings.secrets import check_private, read_secret
from calciscope.service.settings.service import ServiceSettings
from calciscope.service.tls import server_context
from calciscope.service.work.models_used import ModelCatalog
from calciscope.service.work.preparation import all_options


def hindrances(settings: ServiceSettings) -> list[str]:
    """A sentence for each thing that is not there, or that this user cannot use."""
    found = []
    for step in _steps(settings):
        try:
            step()
        except CalciscopeError as error:
            found.append(str(error))
        except OSError as error:
            found.append(f"{error.filename or 'the file system'}: {error.strerror or error}")
    return list(dict.fromkeys(found))


def _steps(settings: ServiceSettings) -> Iterator[Callable[[], object]]:
    """What the start of the service does, as far as it can be tried without doing it."""
    yield partial(_look_at_data, settings.data)
    yield partial(all_options, settings, ModelCatalog())
    for folder in settings.intake.folders:
        yield partial(_look, folder.path, "watched folder")
    receiver = settings.intake.receiver
    if receiver is not None and receiver.tls is not None:
        yield partial(server_context, receiver.tls)
    for destination in settings.destinations:
        yield partial(sender_for, destination)
        if isinstance(destination, FolderDestination):
            yield partial(_look, destination.path, "folder of results", written=True)
    page = settings.status_page
    secrets = [hook.secret_file for hook in settings.notifications]
    secrets.append(None if page is None else page.token_file)
    for path in secrets:
        if path is not None:
            yield partial(read_secret, path)
    salt = settings.logging.salt_file
    if salt is not None and salt.exists():
        # One that is not there is made at the start.
        yield partial(check_private, salt)


def _look(folder: Path, what: str, written: bool = False) -> None:
    if not folder.is_dir():
        raise ServiceError(f"the {what} {folder} is not there; make or mount it")
    if written and not _is_writable(folder):
        raise ServiceError(f"the {what} {folder} cannot be written to; let the service write there")


def _look_at_data(root: Path) -> None:
    """The start makes it, so that what is there of its path must let it."""
    there = next(place for place in (root, *root.absolute().parents) if place.exists())
    if not there.is_dir() or not _is_writable(there):
        raise ServiceError(
            f"the data folder {root} cannot be made or written to, because of {there}; give it to"
            " the user that the service runs as"
        )


def _is_writable(folder: Path) -> bool:
    return os.access(folder, os.W_OK | os.X_OK)
