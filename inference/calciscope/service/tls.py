"""TLS of what comes in and goes out, checked before it is used (PS3.15 B.12, BCP 195)."""

import ssl
from pathlib import Path

from calciscope.errors import SettingsError
from calciscope.service.settings.part import Tls
from calciscope.service.settings.secrets import check_private


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


def server_context(tls: Tls) -> ssl.SSLContext:
    """For associations that the other side opens; it must show a certificate.

    Args:
        tls: files.

    Raises:
        SettingsError: a file is missing, damaged, or the key is open to others.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
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
