"""Fetch the pinned htmx from npm, check its hashes, and put it into the package.

    python scripts/vendor_htmx.py           fetch
    python scripts/vendor_htmx.py --check   only compare what lies in the package with the hashes

For another version change VERSION and the hashes in `calciscope/service/web/htmx.py` first.
"""

import base64
import hashlib
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from calciscope.service.web import htmx

STATIC = Path(htmx.__file__).parent / "static"
FILES = {
    htmx.SCRIPT: (STATIC / "htmx.min.js", htmx.SCRIPT_SHA256),
    "LICENSE": (STATIC / "htmx-license.txt", htmx.LICENSE_SHA256),
}
"""Name in the package: where it goes, and its hash."""


def fetch(folder: Path) -> Path:
    """The package as npm publishes it; exits if it is not the pinned one."""
    done = subprocess.run(
        ["npm", "pack", f"htmx.org@{htmx.VERSION}", "--silent"],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    )
    package = folder / done.stdout.split()[-1]
    sha512 = base64.b64encode(hashlib.sha512(package.read_bytes()).digest()).decode()
    if sha512 != htmx.PACKAGE_SHA512:
        sys.exit(f"npm sent a package of sha512 {sha512}, not {htmx.PACKAGE_SHA512}")
    return package


def check(name: str, content: bytes, wanted: str) -> None:
    """Exit if a file is not the recorded one."""
    sha256 = hashlib.sha256(content).hexdigest()
    if sha256 != wanted:
        sys.exit(f"{name} has sha256 {sha256}, not {wanted}")


def main() -> None:
    if "--check" not in sys.argv[1:]:
        with tempfile.TemporaryDirectory() as name, tarfile.open(fetch(Path(name))) as tar:
            for inside, (place, wanted) in FILES.items():
                member = tar.extractfile(f"package/{inside}")
                content = b"" if member is None else member.read()
                check(inside, content, wanted)
                place.write_bytes(content)
    for place, wanted in FILES.values():
        check(place.name, place.read_bytes(), wanted)
        print(f"{place.name}: {place.stat().st_size} bytes, as recorded")


if __name__ == "__main__":
    main()
