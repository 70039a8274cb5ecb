"""Named moments between two commits, at which a crash must do no harm.

Production passes them by; a test kills the process there and looks at what a restart makes of it.
"""

from __future__ import annotations

from typing import Literal, Protocol

Moment = Literal["stored", "handled", "claimed", "sent", "noted"]


class Checkpoint(Protocol):
    """Called at every such moment."""

    def __call__(self, moment: Moment, /) -> None: ...


def pass_by(moment: Moment) -> None:
    """What production does: nothing."""
