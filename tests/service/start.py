"""A service in a process of its own, with a stand-in for the analysis."""

import os
import subprocess
import sys
from pathlib import Path
from typing import IO

RUNNER = "tests.service.kills.stand_in:SlowWriter"
ROOT = Path(__file__).parents[2]

_SCRIPT = """
import sys
from pathlib import Path
from calciscope.errors import CalciscopeError
from calciscope.service.daemon import run_service
from calciscope.service.settings.loading import read_settings
try:
    sys.exit(run_service(read_settings(Path(sys.argv[1])), runner=sys.argv[2]))
except CalciscopeError as error:
    sys.exit(f"calciscope: {error}")
"""


def environment() -> dict[str, str]:
    """In which a service and its workers find the stand-in."""
    return os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}


def start_service(
    config: Path, stdout: IO[bytes] | None = None, stderr: IO[bytes] | int | None = None
) -> subprocess.Popen[str]:
    """Start a service with these settings; who starts it ends it."""
    return subprocess.Popen(
        [sys.executable, "-c", _SCRIPT, config, RUNNER],
        text=True, stdout=stdout, stderr=stderr, env=environment(),
    )  # fmt: skip
