"""A question in the page, not above it: nothing waits for the answer, and STOP is as near as ever."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pyqtgraph.Qt import QtCore, QtWidgets

Answer = tuple[str, Callable[[], object] | None]
"""What the button says, and what it does; None: nothing but to take the question back."""


class AskBar(QtWidgets.QFrame):
    """See the module."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("ask")
        self.question = QtWidgets.QLabel()
        self.question.setWordWrap(True)
        self.answers: list[QtWidgets.QPushButton] = []
        self._line = QtWidgets.QHBoxLayout(self)
        self._line.setContentsMargins(10, 6, 10, 6)
        self._line.addWidget(self.question, 1)
        self.hide()

    def ask(self, question: str, answers: Sequence[Answer]) -> None:
        """Put a question, in the place of an earlier one."""
        self.over()
        self.question.setText(question)
        for text, do in answers:
            button = QtWidgets.QPushButton(text)
            button.clicked.connect(lambda _=False, do=do: self._answered(do))
            self._line.addWidget(button)
            self.answers.append(button)
        self.show()
        if self.answers:
            self.answers[-1].setFocus(QtCore.Qt.FocusReason.OtherFocusReason)

    def tell(self, sentence: str, take_back: str) -> None:
        """Something that has to be read."""
        self.ask(sentence, [(take_back, None)])

    def over(self) -> None:
        """There is no question any more."""
        for button in self.answers:
            self._line.removeWidget(button)
            button.hide()
            button.deleteLater()
        self.answers = []
        self.hide()

    def _answered(self, do: Callable[[], object] | None) -> None:
        self.over()
        if do is not None:
            do()
