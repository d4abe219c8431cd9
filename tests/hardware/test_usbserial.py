"""Adapters that hold answers back are told not to, where the system allows it; where it does not, nothing fails and it is said."""

import pytest
from wavestim.hardware.lights.wavelight.usbserial import LineReport, quicken


class Port:
    """An open port whose flag for low latency may be refused."""

    def __init__(self, folder=None, allowed=True):
        self.folder, self.allowed = folder, allowed

    def set_low_latency_mode(self, on):
        if not self.allowed:
            raise ValueError("Failed to update ASYNC_LOW_LATENCY flag")
        if self.folder is not None:
            (self.folder / "latency_timer").write_text("1\n")


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "ttyUSB0"
    made.mkdir()
    (made / "latency_timer").write_text("16\n")
    (made / "event_char").write_text("")
    return made


def test_a_board_without_such_an_adapter_has_nothing_to_set(tmp_path):
    assert quicken("/dev/ttyACM0", Port(), tmp_path) == LineReport(None, False, "")
    assert LineReport().holds_back_ms == 0


def test_timer_and_event_character_are_set(folder):
    report = quicken("/dev/ttyUSB0", Port(), folder.parent)
    assert report == LineReport(1, True, "")
    assert (folder / "event_char").read_text() == "256\n"
    assert report.holds_back_ms == 0


def test_the_flag_of_the_line_helps_where_the_file_is_not_ours(folder, monkeypatch):
    from wavestim.hardware.lights.wavelight import usbserial

    monkeypatch.setattr(usbserial, "_written", lambda path, value: False)
    assert quicken("/dev/ttyUSB0", Port(folder), folder.parent) == LineReport(1, False, "")


def test_what_cannot_be_set_is_said(folder, monkeypatch):
    from wavestim.hardware.lights.wavelight import usbserial

    monkeypatch.setattr(usbserial, "_written", lambda path, value: False)
    report = quicken("/dev/ttyUSB0", Port(allowed=False), folder.parent)
    assert (report.latency_timer_ms, report.event_character, report.holds_back_ms) == (16, False, 16.0)
    assert "held back 16 ms" in report.note
    assert "latency_timer" in report.note


def test_a_port_by_its_link_and_a_damaged_file(folder, tmp_path):
    link = tmp_path / "by-id"
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev" / "ttyUSB0").touch()
    link.symlink_to(tmp_path / "dev" / "ttyUSB0")
    assert quicken(str(link), Port(), folder.parent).latency_timer_ms == 1
    (folder / "latency_timer").write_text("often\n")
    assert quicken("/dev/ttyUSB0", Port(), folder.parent) == LineReport()


def test_a_file_that_cannot_be_written_is_no_error(folder):
    (folder / "event_char").unlink()
    (folder / "event_char").mkdir()  # not even root writes there
    assert quicken("/dev/ttyUSB0", Port(), folder.parent).event_character is False
