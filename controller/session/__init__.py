"""Sessions: wiring and life cycle, clocks, both paces, replay and verify."""

from wavestim.controller.session.replay import replay_recording
from wavestim.controller.session.run import run_experiment
from wavestim.controller.session.verify import VerifyResult, verify_session

__all__ = ["VerifyResult", "replay_recording", "run_experiment", "verify_session"]
