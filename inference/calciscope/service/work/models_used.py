"""Which models a request would be carried out with, as text for its content key."""

from dataclasses import dataclass
from functools import cache

from calciscope.models.registry import find_hot_spot_model, find_model


@dataclass(frozen=True)
class ModelsUsed:
    """The models of a request.

    Attributes:
        version: of ct-calcification.
        text: names, versions and digests of all of them.
    """

    version: str
    text: str


class ModelCatalog:
    """Looks models up, each once: a new one is taken when the service starts anew."""

    def __init__(self) -> None:
        self._look_up = cache(_look_up)

    def __call__(self, version: str | None) -> ModelsUsed:
        """The CT model of a version, or the newest, and the hot-spot model beside it.

        Raises:
            ModelError: one is missing or does not pass its checks.
        """
        return self._look_up(version)


def _look_up(version: str | None) -> ModelsUsed:
    model, hot_spots = find_model(version=version), find_hot_spot_model()
    digests = [model.sha256, *(variant.sha256 for variant in model.variants), hot_spots.sha256]
    text = f"{model.name} {model.version}, {hot_spots.name} {hot_spots.version}: "
    return ModelsUsed(model.version, text + " ".join(digests))
