"""When public hosts may be asked: the hours of the night in China (夜间时段)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time
from zoneinfo import ZoneInfo

__all__ = ["ANY_TIME", "SHANGHAI", "Window"]

SHANGHAI = ZoneInfo("Asia/Shanghai")
ANY_TIME = "any"


@dataclass(frozen=True)
class Window:
    """Hours of the day in China's time, over midnight where ``until`` is the earlier."""

    since: time
    until: time

    @classmethod
    def parse(cls, text: str) -> Window | None:
        """``22:00-07:00``, or None for ``any``; ValueError for anything else."""
        if text.strip().lower() == ANY_TIME:
            return None
        match = re.fullmatch(r"(\d{1,2}):(\d\d)\s*-\s*(\d{1,2}):(\d\d)", text.strip())
        try:
            if match is None:
                raise ValueError
            h1, m1, h2, m2 = map(int, match.groups())
            found = cls(time(h1, m1), time(h2, m2))
        except ValueError:
            found = None
        if found is None or found.since == found.until:
            raise ValueError(f"{text!r} is no window: write it as 22:00-07:00, or {ANY_TIME}")
        return found

    def is_open(self, at: datetime) -> bool:
        here = at.astimezone(SHANGHAI).time()
        if self.since < self.until:
            return self.since <= here < self.until
        return here >= self.since or here < self.until

    def __str__(self) -> str:
        return f"{self.since:%H:%M}-{self.until:%H:%M}"
