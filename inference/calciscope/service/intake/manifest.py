"""Manifests: a small file by which a sender says how many instances a study has."""

import json
from dataclasses import dataclass

from calciscope.service.intake.header import MOST_INSTANCES, RefusedInstanceError, is_uid

NAME = "calciscope-manifest.json"

MOST_BYTES = 64 << 10


@dataclass(frozen=True)
class Manifest:
    """What a sender promises.

    Attributes:
        study_uid: Study Instance UID.
        instances: of the study.
    """

    study_uid: str
    instances: int


def read_manifest(content: bytes) -> Manifest:
    """Understand a manifest: `{"study_instance_uid": ..., "instances": ...}`.

    Raises:
        RefusedInstanceError: with the code bad_manifest.
    """
    try:
        record = json.loads(content[:MOST_BYTES])
        study_uid, instances = record["study_instance_uid"], record["instances"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise RefusedInstanceError("bad_manifest") from error
    sound = isinstance(study_uid, str) and is_uid(study_uid) and type(instances) is int
    if not sound or not 0 < instances <= MOST_INSTANCES:
        raise RefusedInstanceError("bad_manifest")
    return Manifest(study_uid, instances)
