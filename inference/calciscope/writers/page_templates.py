"""The templates of HTML pages: every value is escaped, every missing one is an error."""

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from calciscope.readers.study import series_text
from calciscope.writers import wording
from calciscope.writers.pictures import compartment_color


def page_templates(*packages: str) -> Environment:
    """The templates of these packages, and those beside this file, whose look they share."""
    environment = Environment(
        loader=ChoiceLoader(
            [PackageLoader(name, "templates") for name in (*packages, "calciscope.writers")]
        ),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "volume_text": wording.volume_text,
        "mass_text": wording.mass_text,
        "compartment_text": wording.compartment_text,
        "compartment_color": compartment_color,
        "series_text": series_text,
        "sentence": wording.sentence,
    }
    return environment
