"""Fetch the pinned NiiVue from npm, check its hash, and put its bundle into the package.

    python scripts/vendor_niivue.py

For another version change VERSION and both hashes in `calciscope/writers/niivue.py` first, then
look through `niivue-licenses.txt`: it names what the bundle of 0.69.0 contains.
"""

import base64
import gzip
import hashlib
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from calciscope.writers import niivue

VENDOR = Path(niivue.__file__).parent / "vendor"


def fetch(folder: Path) -> bytes:
    """The package as npm publishes it."""
    name = f"@niivue/niivue@{niivue.VERSION}"
    done = subprocess.run(
        ["npm", "pack", name, "--silent"], cwd=folder, check=True, capture_output=True, text=True
    )
    return (folder / done.stdout.split()[-1]).read_bytes()


def bundle_in(package: bytes, folder: Path) -> bytes:
    """The bundle inside a package; exits if either is not the pinned one."""
    sha512 = base64.b64encode(hashlib.sha512(package).digest()).decode()
    if sha512 != niivue.PACKAGE_SHA512:
        sys.exit(f"npm sent a package of sha512 {sha512}, not {niivue.PACKAGE_SHA512}")
    archive = folder / "package.tgz"
    archive.write_bytes(package)
    with tarfile.open(archive) as tar:
        member = tar.extractfile(f"package/{niivue.BUNDLE}")
        bundle = b"" if member is None else member.read()
    sha256 = hashlib.sha256(bundle).hexdigest()
    if sha256 != niivue.BUNDLE_SHA256:
        sys.exit(f"{niivue.BUNDLE} has sha256 {sha256}, not {niivue.BUNDLE_SHA256}")
    return bundle


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bundle = bundle_in(fetch(folder), folder)
    file = VENDOR / "niivue.umd.js.gz"
    # No name and no time in the header: the same bundle is the same file.
    file.write_bytes(gzip.compress(bundle, compresslevel=9, mtime=0))
    print(f"{file}: {file.stat().st_size} bytes, {len(bundle)} inflated")


if __name__ == "__main__":
    main()
