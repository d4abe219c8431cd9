"""What is kept of a session: journal and samples, reading them back, recovery, truth, summary, NWB."""

from wavestim.controller.record.errors import RecordError
from wavestim.controller.record.recover import recover
from wavestim.controller.record.session import Session, create_session, open_session

__all__ = ["RecordError", "Session", "create_session", "open_session", "recover"]
