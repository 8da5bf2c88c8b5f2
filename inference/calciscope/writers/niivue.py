"""NiiVue, the viewer inside the report: a copy in this package, so that a report needs no network.

`scripts/vendor_niivue.py` fetches exactly this version and makes the files again. The bundle is
kept compressed: reports carry it so (1.1 MB of text instead of 2.3), and the browser inflates it.
"""

from importlib import resources

VERSION = "0.69.0"

PACKAGE_SHA512 = (
    "YMjQvJgD1W2b7DuoxkwlC4VxbrgIePRJ5qyQzXKxi2v2MBVg285P/CIQyg46oDDGDIcaNlbd+MhtO/edMbXJkA=="
)
"""Base64, of the package @niivue/niivue as npm publishes it."""

BUNDLE = "dist/niivue.umd.js"
"""The file of that package that is used: the smallest with everything in it, for a script tag."""

BUNDLE_SHA256 = "47b896b77ec4a5be3ef1949c33ad393b6f45629921f326c279000bcf51bdb4af"
"""Hexadecimal, of that file before it is compressed."""

CREDIT = f"NiiVue {VERSION}, BSD-2-Clause, Copyright (c) 2021, Niivue"


def compressed_bundle() -> bytes:
    """The bundle as gzip."""
    return resources.files("calciscope.writers").joinpath("vendor/niivue.umd.js.gz").read_bytes()


def license_texts() -> str:
    """The licenses of NiiVue and of what its bundle contains."""
    file = resources.files("calciscope.writers").joinpath("vendor/niivue-licenses.txt")
    return file.read_text(encoding="utf-8")
