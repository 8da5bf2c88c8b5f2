"""How numbers are rounded when they are written to `findings.json`."""

from dataclasses import dataclass
from typing import Annotated


@dataclass(frozen=True)
class Decimals:
    """How many decimals of a number are written to `findings.json`."""

    count: int


Number0 = Annotated[float, Decimals(0)]
Number1 = Annotated[float, Decimals(1)]
Number2 = Annotated[float, Decimals(2)]
Number3 = Annotated[float, Decimals(3)]
Number4 = Annotated[float, Decimals(4)]
Number6 = Annotated[float, Decimals(6)]
