"""From a job of the journal to what is to be done: which files, how, and its content key."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from calciscope import __version__
from calciscope.service.data_folder import DataFolder
from calciscope.service.journal.journal import Journal
from calciscope.service.journal.records import Job, SeriesRecord
from calciscope.service.settings.rules import Rule
from calciscope.service.settings.service import ServiceSettings
from calciscope.service.work.models_used import ModelsUsed
from calciscope.service.work.processes import threads_of_each
from calciscope.service.work.request import RunOptions, WorkRequest, content_key

Choose = Callable[[Rule, Sequence[SeriesRecord]], Sequence[SeriesRecord]]
"""Which series of a study a rule wants analyzed."""

Models = Callable[[str | None], ModelsUsed]
"""Which models are used for a version asked for."""

PET = "PT"


class NotPossible(Exception):
    """A job that no attempt can carry out as things are.

    Args:
        sentence: why, and the cure.
        code: for counting.
    """

    def __init__(self, sentence: str, code: str) -> None:
        super().__init__(sentence)
        self.code = code


def options_of(rule: Rule, settings: ServiceSettings, models: Models) -> RunOptions:
    """How a rule's studies are analyzed; the version of the model is settled.

    Raises:
        ModelError: a model is missing or does not pass its checks.
    """
    work = settings.work
    threads = threads_of_each(work) if work.executor == "processes" else work.threads
    return replace(RunOptions.of(rule, work, threads), model=models(rule.model).version)


def all_options(settings: ServiceSettings, models: Models) -> list[RunOptions]:
    """Those of every rule, for loading models at the start.

    Raises:
        ModelError: a model is missing or does not pass its checks.
    """
    rules = [rule for rule in settings.rules if not rule.ignore]
    return list(dict.fromkeys(options_of(rule, settings, models).loading for rule in rules))


@dataclass(frozen=True)
class Prepared:
    """What is to be done for a job.

    Attributes:
        rule: that took it.
        request: for a worker; its folder is not made yet.
        missing: instances whose files retention has removed.
    """

    rule: Rule
    request: WorkRequest
    missing: int

    @property
    def folder(self) -> Path:
        """The request's own folder."""
        return self.request.output_folder.parent


class Preparation:
    """Prepares jobs.

    Args:
        settings: of the service.
        journal: that knows the instances.
        data: where their files are.
        choose: which series a rule wants.
        models: which models are used.
    """

    def __init__(
        self, settings: ServiceSettings, journal: Journal, data: DataFolder,
        choose: Choose, models: Models,
    ) -> None:  # fmt: skip
        self._settings = settings
        self._journal = journal
        self._data = data
        self._choose = choose
        self._models = models

    def prepare(self, job: Job) -> Prepared:
        """What is to be done for a job.

        Raises:
            NotPossible: its rule is gone, or no series of it is wanted.
            ModelError: a model is missing or does not pass its checks.
        """
        rule = self._settings.rule(job.rule or "")
        if rule is None:
            raise NotPossible(
                "the rule that took this study is no longer in the settings; put it back, or retry"
                " so that another may take it",
                "no_rule",
            )
        series = list(self._choose(rule, self._journal.jobs.series(job)))
        wanted = {each.series_uid for each in series}
        instances = [i for i in self._journal.jobs.instances(job) if i.series_uid in wanted]
        if not instances:
            raise NotPossible(
                f"no series of this study is what rule {rule.name} wants to analyze", "no_series"
            )
        options = options_of(rule, self._settings, self._models)
        # A PET is asked for only where there is one: the rule is for many studies.
        has_pet = any(each.attributes.get("Modality") == PET for each in series)
        options = replace(options, accept_pet=options.accept_pet and has_pet)
        key = content_key(
            [(each.sop_uid, each.digest) for each in instances],
            self._models(rule.model).text,
            __version__,
            options,
        )
        files = tuple(
            (f"{number:06d}.dcm", str(self._data.instance(each.file).absolute()))
            for number, each in enumerate(instances, start=1)
        )
        # A name of its own: whoever was cut off from an earlier attempt writes elsewhere.
        own = f"{job.id:08d}-{job.attempts + 1}-{secrets.token_hex(6)}"
        output = (self._data.work / own / "results").absolute()
        request = WorkRequest(job.id, job.study_uid, job.revision, key, files, str(output), options)
        return Prepared(rule, request, sum(not each.file for each in instances))
