"""The service: everything wired together, started, watched over and stopped in order."""

import logging
import shutil
import signal
import threading
from dataclasses import dataclass
from types import FrameType

from calciscope import __version__
from calciscope.errors import ServiceError
from calciscope.service.clock import Clock, SystemClock
from calciscope.service.data_folder import DataFolder
from calciscope.service.delivery.queue import DeliveryQueue
from calciscope.service.delivery.senders import sender_for
from calciscope.service.delivery.webhook import Notifier
from calciscope.service.intake.completeness import Assembler
from calciscope.service.intake.events import FolderEvents
from calciscope.service.intake.folders import FolderIntake
from calciscope.service.intake.receiver import StoreReceiver
from calciscope.service.intake.rules import header_keywords
from calciscope.service.intake.store import InstanceStore
from calciscope.service.journal.journal import Journal
from calciscope.service.journal.transitions import Listener
from calciscope.service.loop import Loop
from calciscope.service.operations.audit import AuditLog, AuditTrail
from calciscope.service.operations.cleaner import Cleaner
from calciscope.service.operations.disk import DiskGate
from calciscope.service.operations.health import HealthBoard
from calciscope.service.operations.lock import held_lock
from calciscope.service.operations.logs import set_up_logs
from calciscope.service.operations.metrics import ServiceMetrics
from calciscope.service.operator import Operator
from calciscope.service.settings.service import ServiceSettings
from calciscope.service.web.app import create_app
from calciscope.service.web.server import PageServer
from calciscope.service.work.dispatcher import Dispatcher
from calciscope.service.work.executor import Executor
from calciscope.service.work.executors import executor_for

LOGGER = logging.getLogger(__name__)

GRACE_SECONDS = 60.0
"""How long a stop waits for studies that are nearly done, before they are given back."""
