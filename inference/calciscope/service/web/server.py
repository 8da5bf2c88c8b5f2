"""Serving the page: uvicorn on a thread of its own."""

import socket
import threading

import uvicorn
from fastapi import FastAPI

from calciscope.errors import ServiceError
from calciscope.service.settings.house import StatusPage

CONNECTIONS = 64
STOP_SECONDS = 3


class PageServer:
    """Serves the page until it is stopped.

    Args:
        settings: address and port; port 0 takes a free one.
        app: of `create_app`.
    """

    def __init__(self, settings: StatusPage, app: FastAPI) -> None:
        self._settings = settings
        self._app = app
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                # The address of a visitor is the one that the connection comes from: what
                # proxies say about it is believed only as the settings allow.
                proxy_headers=False,
                server_header=False,
                access_log=False,
                log_config=None,
                lifespan="off",
                ws="none",
                limit_concurrency=CONNECTIONS,
                timeout_keep_alive=15,
                timeout_graceful_shutdown=STOP_SECONDS,
            )
        )
        self._thread: threading.Thread | None = None

    @property
    def healthy(self) -> bool:
        """Whether the page is being served."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> int:
        """Begin to serve; gives the port.

        Raises:
            ServiceError: address or port cannot be had.
        """
        listening = self._listen()
        self._thread = threading.Thread(
            target=self._server.run, args=([listening],), name="status-page", daemon=True
        )
        self._thread.start()
        return int(listening.getsockname()[1])

    def stop(self) -> None:
        """Finish what is being answered, for a few seconds, and end."""
        self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(STOP_SECONDS + 5)
        self._app.state.desk.threads.shutdown(wait=True)

    def _listen(self) -> socket.socket:
        address, port = self._settings.address, self._settings.port
        try:
            return socket.create_server(
                (address, port), family=socket.AF_INET6 if ":" in address else socket.AF_INET
            )
        except OSError as error:
            raise ServiceError(
                f"the status page cannot listen on {address} port {port} ({error.strerror});"
                " give status_page another address or port"
            ) from error
