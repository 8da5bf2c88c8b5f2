"""htmx, by which the page renews itself: a copy in this package, so that it needs no network.

`scripts/vendor_htmx.py` fetches exactly this version and makes the files again.
"""

VERSION = "2.0.11"

PACKAGE_SHA512 = (
    "Thx/WtpeOQqSrqBCw/A1cwGJGg4UrVa3+sW0GmrM3p4gJgO89ecH4qtbnyzDDWFvBTqjnIMCgELTNt636dtamA=="
)
"""Base64, of the package htmx.org as npm publishes it."""

SCRIPT = "dist/htmx.min.js"
"""The file of that package that is used; it lies in `static/` as it is."""

SCRIPT_SHA256 = "d6fdc75f204e6bdefa99b69bf1e6d4ac69b8a364f77929f45c13476b4000f717"
"""Hexadecimal, of that file."""

LICENSE_SHA256 = "d3d2456f76414f2456104660ebd65aff1c04cd7966b942bdabd63f3cdb316a38"
"""Hexadecimal, of its license, Zero-Clause BSD, beside it."""
