"""The service's settings as a whole: what `configs/watch.yaml` may say."""

import os.path
from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from calciscope.service.settings.destinations import Destination, FolderDestination
from calciscope.service.settings.house import Disk, Logging, Retention, StatusPage, Webhook
from calciscope.service.settings.part import Part
from calciscope.service.settings.rules import Rule
from calciscope.service.settings.ways_in import Completeness, Intake
from calciscope.service.settings.work import Work


class ServiceSettings(Part):
    """The service as a whole.

    Attributes:
        data: folder of everything the service keeps; it belongs to one service alone.
        intake: where studies come from.
        completeness: when one is whole.
        work: how it is analyzed.
        rules: which studies are taken; the first that fits decides.
        destinations: where results go; rules name them.
        notifications: webhooks.
        retention: how long things are kept.
        disk: free space.
        status_page: None serves no page.
        logging: level and salt.
    """

    data: Path
    intake: Intake
    completeness: Completeness = Completeness()
    work: Work = Work()
    rules: Annotated[tuple[Rule, ...], Field(min_length=1)]
    destinations: tuple[Destination, ...] = ()
    notifications: tuple[Webhook, ...] = ()
    retention: Retention = Retention()
    disk: Disk = Disk()
    status_page: StatusPage | None = StatusPage()
    logging: Logging = Logging()

    @model_validator(mode="after")
    def _names_fit(self) -> "ServiceSettings":
        names = [destination.name for destination in self.destinations]
        if len(set(names)) < len(names):
            raise ValueError("two destinations have the same name; give each its own")
        rules = [rule.name for rule in self.rules]
        if len(set(rules)) < len(rules):
            raise ValueError("two rules have the same name; give each its own")
        for rule in self.rules:
            unknown = [name for name in rule.destinations if name not in names]
            if unknown:
                raise ValueError(
                    f"rule {rule.name!r} sends to {unknown[0]!r}, which is no destination;"
                    f" choose of {', '.join(names) or 'none'}"
                )
        return self

    @model_validator(mode="after")
    def _no_circle(self) -> "ServiceSettings":
        """What goes out must not come in again: each result would make the next, for ever."""
        watched = [folder.path for folder in self.intake.folders]
        for number, folder in enumerate(watched):
            if any(_overlap(folder, other) for other in watched[:number]):
                raise ValueError(f"{folder} is watched twice; name each folder once")
            if _overlap(folder, self.data):
                raise ValueError(f"data and the watched folder {folder} overlap; part them")
            for destination in self.destinations:
                if isinstance(destination, FolderDestination) and _overlap(
                    folder, destination.path
                ):
                    raise ValueError(
                        f"destination {destination.name!r} and the watched folder {folder} overlap:"
                        " results would come in again; part them"
                    )
        for destination in self.destinations:
            if isinstance(destination, FolderDestination) and _overlap(self.data, destination.path):
                raise ValueError(
                    f"data and destination {destination.name!r} overlap; part them, as the service"
                    " cleans its data folder"
                )
        return self

    @model_validator(mode="after")
    def _nothing_is_shared(self) -> "ServiceSettings":
        urls = [webhook.url for webhook in self.notifications]
        if len(set(urls)) < len(urls):
            raise ValueError("two notifications have the same url; name all events in one")
        ports = [
            each.commitment.port
            for each in self.destinations
            if each.kind == "dimse" and each.commitment is not None and each.commitment.port
        ]
        if len(set(ports)) < len(ports):
            raise ValueError("two destinations have the same commitment port; give each its own")
        return self

    def rule(self, name: str) -> Rule | None:
        """The rule of that name."""
        return next((rule for rule in self.rules if rule.name == name), None)


def _overlap(first: Path, second: Path) -> bool:
    """Whether one folder is, or lies in, the other; links are not followed."""
    one, other = Path(os.path.normpath(first)), Path(os.path.normpath(second))
    return one.is_relative_to(other) or other.is_relative_to(one)
