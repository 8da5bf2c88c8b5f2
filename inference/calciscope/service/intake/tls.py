"""Transport security of the receiver: both sides show a certificate (PS3.15 B)."""

import ssl
import stat

from calciscope.errors import SettingsError
from calciscope.service.settings.part import Tls


def server_context(tls: Tls) -> ssl.SSLContext:
    """The context of a server that lets in only clients whose certificate is signed as named.

    Raises:
        SettingsError: a file is missing, no certificate, or the key is open to others.
    """
    try:
        mode = tls.key.stat().st_mode
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise SettingsError(f"{tls.key} can be read by others; run: chmod 600 {tls.key}")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(tls.certificate, tls.key)
        context.load_verify_locations(tls.authorities)
        context.verify_mode = ssl.CERT_REQUIRED
    except OSError as error:
        raise SettingsError(
            f"the files of intake.receiver.tls cannot be used ({error}); check {tls.certificate},"
            f" {tls.key} and {tls.authorities}"
        ) from error
    return context
