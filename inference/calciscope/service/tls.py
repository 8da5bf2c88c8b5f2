"""TLS of what comes in and goes out, checked before it is used (PS3.15 B.12, BCP 195)."""

import socket
import ssl
from pathlib import Path

from calciscope.errors import SettingsError
from calciscope.service.settings.part import Tls
from calciscope.service.settings.secrets import check_private

STALL_SECONDS = 30.0
"""For which a connected peer may leave a handshake or a message unfinished."""


class _HandshakeLater(ssl.SSLContext):
    """Shakes hands when an association first reads, not while the server accepts connections.

    pynetdicom accepts in one thread: there, a peer that connects and is silent would keep out all
    others, without any limit of time.
    """

    def wrap_socket(
        self,
        sock: socket.socket,
        server_side: bool = False,
        do_handshake_on_connect: bool = True,
        suppress_ragged_eofs: bool = True,
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLSocket:
        sock.settimeout(STALL_SECONDS)
        return super().wrap_socket(
            sock, server_side, False, suppress_ragged_eofs, server_hostname, session
        )


def client_context(tls: Tls, check_host: bool = True) -> ssl.SSLContext:
    """For associations that this side opens; both sides show a certificate.

    Args:
        tls: files.
        check_host: whether the certificate of the other side must name its host.

    Raises:
        SettingsError: a file is missing, damaged, or the key is open to others.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = check_host
    return _filled(context, tls)


def server_context(tls: Tls, handshake_later: bool = False) -> ssl.SSLContext:
    """For associations that the other side opens; it must show a certificate.

    Args:
        tls: files.
        handshake_later: for a server that wraps connections in the thread that accepts them: a
            peer that is silent after it has connected keeps nobody out.

    Raises:
        SettingsError: a file is missing, damaged, or the key is open to others.
    """
    kind = _HandshakeLater if handshake_later else ssl.SSLContext
    context = kind(ssl.PROTOCOL_TLS_SERVER)
    context.verify_mode = ssl.CERT_REQUIRED
    return _filled(context, tls)


def web_context(authorities: Path | None) -> ssl.SSLContext:
    """For requests to a web server, whose certificate and host are checked.

    Args:
        authorities: who may have signed it; None for whom the system trusts.

    Raises:
        SettingsError: the file is missing or damaged.
    """
    try:
        return ssl.create_default_context(cafile=None if authorities is None else str(authorities))
    except OSError as error:
        raise _no_authorities(authorities) from error


def _filled(context: ssl.SSLContext, tls: Tls) -> ssl.SSLContext:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    check_private(tls.key)
    try:
        # A key with a passphrase would ask for it on the terminal, where nobody is.
        context.load_cert_chain(tls.certificate, tls.key, password="")
    except OSError as error:
        raise SettingsError(
            f"{tls.certificate} and {tls.key} are no certificate and its key without a passphrase,"
            " both in PEM; check the paths"
        ) from error
    try:
        context.load_verify_locations(tls.authorities)
    except OSError as error:
        raise _no_authorities(tls.authorities) from error
    return context


def _no_authorities(path: Path | None) -> SettingsError:
    return SettingsError(f"{path} holds no certificates in PEM and cannot be used; check the path")
