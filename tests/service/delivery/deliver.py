"""Delivers what is due to one destination, as the service does after a start; for kill tests.

python deliver.py DATA_FOLDER DESTINATION_AS_JSON
"""

import json
import sys
from pathlib import Path

from pydantic import TypeAdapter

from calciscope.service.clock import SystemClock
from calciscope.service.data_folder import DataFolder
from calciscope.service.delivery.queue import DeliveryQueue
from calciscope.service.delivery.senders import sender_for
from calciscope.service.journal.journal import Journal
from calciscope.service.observers import SilentMeter
from calciscope.service.settings.destinations import Destination


def main() -> None:
    data = DataFolder(Path(sys.argv[1]))
    destination: Destination = TypeAdapter(Destination).validate_python(json.loads(sys.argv[2]))
    clock = SystemClock()
    journal = Journal(data.journal, clock)
    journal.deliveries.recover()
    queue = DeliveryQueue(destination, sender_for(destination), journal, data, clock, SilentMeter())
    queue.start()
    while queue.tick():
        pass
    queue.close()
    journal.close()


if __name__ == "__main__":
    main()
