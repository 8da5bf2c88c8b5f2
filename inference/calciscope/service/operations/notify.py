"""Telling systemd that the service has started and is alive (sd_notify(3))."""

import socket
from collections.abc import Callable

from calciscope.service.operations.health import Verdict


class Notifier:
    """Sends words to the service manager, and nothing where there is none.

    Args:
        address: of its socket, which systemd names in NOTIFY_SOCKET; None where nobody listens.
    """

    def __init__(self, address: str | None) -> None:
        # A leading @ stands for the abstract namespace (unix(7)).
        self._address = f"\0{address[1:]}" if address and address[0] == "@" else address

    def ready(self) -> None:
        """The service has started."""
        self._send("READY=1")

    def stopping(self) -> None:
        """The service has begun to stop."""
        self._send("STOPPING=1")

    def alive(self, status: str) -> None:
        """The service goes on; `status` is shown by systemctl."""
        self._send(f"WATCHDOG=1\nSTATUS={' '.join(status.split())[:200]}")

    def _send(self, text: str) -> None:
        if self._address is None:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as connection:
                connection.connect(self._address)
                connection.send(text.encode())
        except OSError:
            # Nobody listens any more; the work is not to suffer from it.
            return


class Watchdog:
    """Tells the service manager again and again that all loops go on; silence means a restart.

    Args:
        notifier: of the service manager.
        live, ready: of `Health`.
    """

    def __init__(
        self, notifier: Notifier, live: Callable[[], Verdict], ready: Callable[[], Verdict]
    ) -> None:
        self._notifier = notifier
        self._live = live
        self._ready = ready

    def tick(self) -> bool:
        """Say so, if it is so."""
        if self._live().ready:
            self._notifier.alive("; ".join(self._ready().reasons) or "all is well")
        return False
