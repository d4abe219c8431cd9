"""The report: one self-contained page that says what came out of a session."""

from wavestim.controller.report.effect import Effect, Estimate, amplitude_uv, measure
from wavestim.controller.report.write import effect_sentence, report_html, write_report

__all__ = ["Effect", "Estimate", "amplitude_uv", "effect_sentence", "measure", "report_html", "write_report"]
