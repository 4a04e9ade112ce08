"""How much is measured."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured.

    Attributes:
        sessions: How many at once, one after the other.
        rounds: To take medians of.
        seconds: Length of the window that is measured.
        opens_per_second: How fast sessions are opened before it.
        rush: Of them, so many are opened within one second, as the last.
        speak_while_opening: Whether a session speaks as soon as it is ready; otherwise all begin
            when the last one is, and the cost of opening stands alone.
        settle_seconds: Between the last `ready` and the window.
    """

    sessions: tuple[int, ...] = (1, 50, 150, 300)
    rounds: int = 3
    seconds: float = 6.0
    opens_per_second: float = 300.0
    rush: int = 0
    speak_while_opening: bool = False
    settle_seconds: float = 1.0


FULL = Plan()
QUICK = Plan(sessions=(50, 150), rounds=1, seconds=3.0)
