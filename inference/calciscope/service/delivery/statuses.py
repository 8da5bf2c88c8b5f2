"""Status codes by which an archive says what became of an object, by C-STORE or STOW-RS.

PS3.4 B.2.3 and PS3.7 C for C-STORE; PS3.18 I.2 takes over the same numbers for STOW-RS.
"""

from calciscope.service.delivery.sender import DeliveryError, NoteSent
from calciscope.service.settings.destinations import WarningRule

SUCCESS = 0x0000
NO_CONTEXT = 0x0122
"""SOP class not supported (PS3.7 C.5.25); also noted where no presentation context was accepted."""

THERE_ALREADY = 0x0111
"""Duplicate SOP instance (PS3.7 C.5): our UIDs follow from the content, so it is the same object,
as after a kill between its arrival and its answer."""

_GENERAL_WARNINGS = (0x0001, 0x0107, 0x0116, THERE_ALREADY)
"""PS3.7 C.4, and what is as good as a warning."""

_WORDS = {
    0x0110: ("refused", "processing failed"),
    0x0122: ("unsupported", "it does not take this kind of object"),
    0x0124: ("login", "it does not let us store"),
}
_CLASSES = {
    0xA7: ("out_of_resources", "it is out of resources"),
    0xA9: ("mismatch", "it finds the object not to match its SOP class"),
}


def is_warning(status: int) -> bool:
    """Whether a status is of the warning class: stored, but not quite as sent."""
    return 0xB000 <= status <= 0xBFFF or status in _GENERAL_WARNINGS


def meaning(status: int) -> tuple[str, str]:
    """A code for counting and words for people."""
    if is_warning(status):
        return "warning", "stored with a warning, which the settings do not accept"
    if status in _WORDS:
        return _WORDS[status]
    if 0xC000 <= status <= 0xCFFF:
        return "not_understood", "it does not understand the object"
    return _CLASSES.get(status >> 8, ("refused", "it refused the object"))


class Tally:
    """What an archive said of each object; remembers at once what it has taken.

    Args:
        rule: what a warning counts as.
        total: objects that are sent.
        note_sent: remembers them.
    """

    def __init__(self, rule: WarningRule, total: int, note_sent: NoteSent) -> None:
        self._rule = rule
        self._total = total
        self._note_sent = note_sent
        self._refused: list[int] = []
        self._unsaid = 0

    def take(self, sop_uid: str, status: int) -> None:
        """The archive has answered for one object."""
        if status == SUCCESS or (is_warning(status) and self._rule == "accept"):
            self._note_sent(sop_uid, f"{status:04X}")
        else:
            self._refused.append(status)

    def leave_unsaid(self) -> None:
        """The archive has answered and said nothing of one object."""
        self._unsaid += 1

    def finish(self) -> None:
        """Raise DeliveryError if the archive has not taken every object."""
        if not self._refused and self._unsaid:
            raise DeliveryError(
                f"the archive said nothing of {self._unsaid} of {self._total} objects", "unclear"
            )
        if not self._refused:
            return
        # Objects refused for good must not keep the others from being tried again.
        final = self._rule == "fail" and all(map(is_warning, self._refused))
        permanent = final and not self._unsaid
        code, words = meaning(min(self._refused, key=is_warning))
        statuses = ", ".join(f"{status:04X}H" for status in sorted(set(self._refused)))
        raise DeliveryError(
            f"the archive did not take {len(self._refused)} of {self._total} objects"
            f" (status {statuses}): {words}",
            code,
            permanent,
        )
