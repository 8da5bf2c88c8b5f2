"""The answer to a STOW-RS request: what became of each object (PS3.18 10.5.3, I.2)."""

import json
from collections.abc import Iterator
from typing import Any

from calciscope.service.delivery.statuses import SUCCESS

LONGEST_ANSWER_BYTES = 4 << 20
"""Longer ones are not read."""

_FAILED, _STORED = "00081198", "00081199"
"""Failed SOP Sequence, Referenced SOP Sequence."""
_SOP_UID, _FAILURE_REASON, _WARNING_REASON = "00081155", "00081197", "00081196"
UNSPECIFIED_FAILURE = 0x0110
"""Processing failure: an object is in the list of failures, without a reason."""


def read_answer(body: bytes) -> dict[str, int]:
    """Statuses by SOP Instance UID; objects of which nothing is said are not in it.

    Args:
        body: in the DICOM JSON model (PS3.18 F).

    Raises:
        ValueError: it is nothing of the kind.
    """
    try:
        record = json.loads(body)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if isinstance(record, list) and len(record) == 1:
        # Some servers answer with a list, as to a query.
        record = record[0]
    if not isinstance(record, dict):
        raise ValueError("no data set")
    statuses = {
        uid: _number(item, _WARNING_REASON, SUCCESS) for uid, item in _items(record, _STORED)
    }
    # After the others, for what is in both lists is not stored.
    for uid, item in _items(record, _FAILED):
        statuses[uid] = _number(item, _FAILURE_REASON, UNSPECIFIED_FAILURE)
    return statuses


def _items(record: dict[str, Any], tag: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """SOP Instance UIDs of a sequence with its items."""
    for item in _values(record, tag):
        uids = _values(item, _SOP_UID) if isinstance(item, dict) else []
        if len(uids) != 1 or not isinstance(uids[0], str):
            raise ValueError(f"an item of {tag} names no instance")
        yield uids[0], item


def _number(item: dict[str, Any], tag: str, otherwise: int) -> int:
    values = _values(item, tag)
    if not values:
        return otherwise
    try:
        number = int(values[0])
    except (TypeError, OverflowError) as error:
        raise ValueError(f"{tag} is no number") from error
    if not 0 < number <= 0xFFFF:
        raise ValueError(f"{tag} is no reason")
    return number


def _values(record: dict[str, Any], tag: str) -> list[Any]:
    element = record.get(tag, {})
    values = element.get("Value", []) if isinstance(element, dict) else None
    if not isinstance(values, list):
        raise ValueError(f"{tag} is no element")
    return values
