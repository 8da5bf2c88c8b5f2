"""Fixtures that every test may use."""

from pathlib import Path

import pytest
from hypothesis import settings

# A busy machine is not a wrong result.
settings.register_profile("calciscope", deadline=None)
settings.load_profile("calciscope")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The real CTs for development, which lie beside the checkout and are never part of it."""
    folder = Path(__file__).parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the development data is not beside this checkout")
    return folder
