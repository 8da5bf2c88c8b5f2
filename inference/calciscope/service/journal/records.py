"""What the journal holds, as typed rows."""

from dataclasses import dataclass, field

from calciscope.service.journal.states import DeliveryState, JobState


@dataclass(frozen=True)
class SlicePlace:
    """Where a CT slice lies, for finding gaps.

    Attributes:
        stack: slices of one stack share it: orientation, pixel spacing and matrix as text.
        offset_mm: along the slice normal.
    """

    stack: str
    offset_mm: float


@dataclass(frozen=True)
class NewInstance:
    """An instance whose file lies safely in the store and is to be written down.

    Attributes:
        sop_uid, series_uid, study_uid: of the instance.
        file: its name in the store.
        size: of the file in bytes; digest: of its content (`Staged`).
        source: by which way it came, such as "folder 0" or "receiver ARCHIVE".
        attributes: of the series, by DICOM keyword, as rules see them.
        place: of a CT slice; None for everything else.
        expected_in_study, expected_in_series: Number of Study, Series Related Instances
            (0020,1208; 0020,1209), where the header says them.
        patient_name, patient_id, description: for people, on the status page alone.
    """

    sop_uid: str
    series_uid: str
    study_uid: str
    file: str
    size: int
    digest: str
    source: str
    attributes: dict[str, str] = field(default_factory=dict)
    place: SlicePlace | None = None
    expected_in_study: int | None = None
    expected_in_series: int | None = None
    patient_name: str = ""
    patient_id: str = ""
    description: str = ""


@dataclass(frozen=True)
class Registered:
    """What became of a new instance.

    Attributes:
        file: the name of the file that is kept; differs from the one offered for a duplicate.
        duplicate: its SOP Instance UID was known.
        other_content: it was known with other bytes; the first is kept.
        other_study: it was known from another study; nothing was written down.
        job_id: that it belongs to; 0 where nothing was written down.
    """

    file: str
    duplicate: bool
    other_content: bool
    other_study: bool
    job_id: int


@dataclass(frozen=True)
class StoredInstance:
    """An instance of a job.

    Attributes:
        file: in the store; empty once retention has removed it.
    """

    sop_uid: str
    series_uid: str
    file: str
    size: int
    digest: str
    place: SlicePlace | None


@dataclass(frozen=True)
class SeriesRecord:
    """A series as rules see it.

    Attributes:
        instances: that have arrived.
        expected: by its headers; None where they do not say.
    """

    series_uid: str
    attributes: dict[str, str]
    instances: int
    expected: int | None


@dataclass(frozen=True)
class Job:
    """One revision of a study.

    Attributes:
        revision: 1 for the first; late instances make the next.
        rule: that takes it; None before one is found.
        attempts: that failed.
        interruptions: times that a stop of the service cut it off.
        not_before: when it may be tried again, seconds since 1970.
        reason, code: why it is where it is, in words and as a short name for counting.
        content_key: of instances, model and options; equal keys have equal results.
        has_result: whether its result folder is complete.
        instances: of this revision and those before.
    """

    id: int
    study_id: int
    study_uid: str
    revision: int
    state: JobState
    rule: str | None
    priority: int
    attempts: int
    interruptions: int
    not_before: float
    reason: str
    code: str
    content_key: str | None
    has_result: bool
    created: float
    changed: float
    patient_name: str
    patient_id: str
    description: str
    instances: int
    expected: int | None
    first_received: float
    last_received: float


@dataclass(frozen=True)
class Delivery:
    """The results of a job on their way to one destination."""

    id: int
    job_id: int
    destination: str
    state: DeliveryState
    attempts: int
    not_before: float
    reason: str
    code: str
    changed: float


@dataclass(frozen=True)
class Transition:
    """A change of state.

    Attributes:
        id: grows with each change and is never used again.
        before: empty for the first of a job.
        after: a state, or "forgotten".
    """

    id: int
    job_id: int
    at: float
    before: str
    after: str
    code: str


@dataclass(frozen=True)
class Notice:
    """A notification that is still to be posted."""

    id: int
    job_id: int
    event: str
    url: str
    attempts: int
