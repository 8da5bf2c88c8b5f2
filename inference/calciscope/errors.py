"""Errors that Calciscope raises on purpose; each message is one sentence fit for a user.

CalciscopeError
 ├── InputError                what was given cannot be analyzed
 │    ├── UnreadableFileError  a file is truncated, corrupt or of no known kind
 │    ├── UnsafeArchiveError   a .zip escapes its folder or expands beyond the limit
 │    ├── NoCtError            there is no CT series fit for analysis
 │    ├── NoSpectError         there is no SPECT fit for analysis
 │    ├── PairingError         the SPECT and the CT are not of one patient and place
 │    ├── SeriesGeometryError  slices missing, doubled, too few or of mixed orientation
 │    └── NotHounsfieldError   the numbers are not Hounsfield units
 ├── OutputError               results cannot be written where asked
 ├── ModelError                a model is absent, altered or of an unknown schema
 ├── ServiceError              the service cannot start or go on
 │    ├── SettingsError        its settings say what is not understood
 │    ├── JournalError         its journal is damaged, of another version or in use
 │    └── StaleStateError      a job is no longer in the state it was seen in
 ├── PhantomError              a phantom cannot be made as asked
 └── MissingExtraError         an optional dependency is not installed
"""


class CalciscopeError(Exception):
    """Base of all errors with a sentence for the user."""


class InputError(CalciscopeError):
    """What was given cannot be analyzed."""


class UnreadableFileError(InputError):
    """A file is truncated, corrupt or of no known kind."""


class UnsafeArchiveError(InputError):
    """An archive escapes its folder or expands beyond the limit."""


class NoCtError(InputError):
    """There is no CT series fit for analysis."""


class NoSpectError(InputError):
    """There is nuclear medicine, but no reconstructed SPECT fit for analysis."""


class PairingError(InputError):
    """The SPECT and the CT are not of one patient and place."""


class SeriesGeometryError(InputError):
    """Slices are missing, doubled, too few or of mixed orientation."""


class NotHounsfieldError(InputError):
    """The numbers are not Hounsfield units."""


class OutputError(CalciscopeError):
    """Results cannot be written where asked."""


class ModelError(CalciscopeError):
    """A model is absent, altered or of an unknown schema."""


class ServiceError(CalciscopeError):
    """The service cannot start or go on."""


class SettingsError(ServiceError):
    """The settings of the service say what is not understood."""


class JournalError(ServiceError):
    """The journal of the service is damaged, of another version or in use."""


class StaleStateError(ServiceError):
    """A job is no longer in the state it was seen in."""


class PhantomError(CalciscopeError):
    """A phantom cannot be made as asked."""


class MissingExtraError(CalciscopeError):
    """An optional dependency is not installed."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(f"{package} is not installed; run: pip install 'calciscope[{extra}]'")
