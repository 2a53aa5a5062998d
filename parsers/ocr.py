"""Recognition (文字识别) of printed lines: connectionist temporal classification by the model that
rapidocr ships in its wheel.

The model is the one of the second reading, loaded once a process. A line gives its text, how
sure its least certain character is, and its reading as a figure: the same scores with only the
characters of a figure allowed, and what else they may say. Nothing is decided here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from parsers.page import Seen
from parsers.second import loaded_model

if TYPE_CHECKING:
    import numpy as np

    Pixels = np.ndarray[Any, np.dtype[np.uint8]]
    Scores = np.ndarray[Any, np.dtype[np.float32]]

RECOGNITION = 6
"""Raised by hand when lines are read otherwise: part of the key of kept recognitions."""
HEIGHT = 48
_LEAST_WIDTH = 160
_MOST_WIDTH = 3200
POSSIBLE = 0.01
"""A character less probable than this is no alternative."""
MOST_OTHERS = 8
_STILL_POSSIBLE = 2e-4
_FIGURE = "0123456789.,-"
_MINUS = "−‐‑‒–—―─━﹣－⁻一"


def recognise(line: Pixels) -> Seen:
    """Read one line of ink (0 paper … 255 print) with air around it."""
    import cv2
    import numpy as np

    session, name, characters = loaded_model()
    width = min(_MOST_WIDTH, max(1, math.ceil(line.shape[1] * HEIGHT / line.shape[0])))
    way = cv2.INTER_AREA if line.shape[0] > HEIGHT else cv2.INTER_LINEAR
    pixels = cv2.resize(255 - line, (width, HEIGHT), interpolation=way).astype(np.float32)
    pixels = pixels / 127.5 - 1
    if width < _LEAST_WIDTH:
        pixels = np.pad(pixels, ((0, 0), (0, _LEAST_WIDTH - width)))
    given = np.repeat(pixels[None, None], 3, axis=1)
    scores: Scores = session.run(None, {name: given})[0][0]
    text, confidence = _decoded(_in_use(scores), characters)
    folded = _folded(scores, _figure_places())
    figure, sure = _decoded(folded, ["", *_FIGURE])
    return Seen(
        text,
        round(confidence, 4),
        figure,
        round(sure, 4),
        [(t, round(p, 5)) for t, p in _others(folded) if t != figure][:MOST_OTHERS],
    )


def _in_use(scores: Scores) -> Scores:
    """Scores where the best character is one in use in print of the mainland (GB 2312).

    Traditional forms (預) and rare ones are the model's likeliest confusion; such a character
    stays only where no character in use is possible, and its score goes to the one in use.
    """
    rare = _rare()
    odd = [t for t, k in enumerate(scores.argmax(axis=1).tolist()) if rare[k]]
    if not odd:
        return scores
    out = scores.copy()
    for t in odd:
        k = int(scores[t].argmax())
        usual = int((scores[t][1:] * ~rare[1:]).argmax()) + 1
        if scores[t][usual] > _STILL_POSSIBLE:
            out[t][usual], out[t][k] = scores[t][usual] + scores[t][k], 0.0
    return out


@lru_cache(maxsize=1)
def _rare() -> Any:
    import numpy as np

    def is_rare(ch: str) -> bool:
        if not ch or ord(ch[0]) < 0x3400:
            return False
        try:
            ch.encode("gb2312")
        except UnicodeEncodeError:
            return ord(ch[0]) < 0xFB00
        return False

    return np.array([is_rare(ch) for ch in loaded_model()[2]])


def _decoded(scores: Scores, characters: list[str]) -> tuple[str, float]:
    """The best path's characters, and the probability of the least certain one."""
    best = scores.argmax(axis=1).tolist()
    text: list[str] = []
    sure: list[float] = []
    last = 0
    for t, k in enumerate(best):
        if k and k != last:
            text.append(characters[k])
            sure.append(float(scores[t][k]))
        elif k and k == last and sure:
            sure[-1] = max(sure[-1], float(scores[t][k]))
        elif k == 0:
            # a character that nearly appeared between two others
            around = [int(best[i]) for i in range(max(0, t - 2), min(len(best), t + 3)) if best[i]]
            near = float(scores[t][0]) + max((float(scores[t][i]) for i in around), default=0.0)
            sure.append(min(1.0, near)) if near < 0.9 else None
        last = k
    said = "".join(text)
    return "".join(said.split()), min(sure, default=0.0) if text else 0.0


@lru_cache(maxsize=1)
def _figure_places() -> list[list[int]]:
    """Indices of each character of a figure among the model's (several signs are a minus)."""
    characters = loaded_model()[2]
    sets = [ch if ch != "-" else "-" + _MINUS for ch in _FIGURE]
    return [[i for i, ch in enumerate(characters) if ch and ch in signs] for signs in sets]


def _folded(scores: Scores, places: list[list[int]]) -> Scores:
    """Scores of no character and of those of a figure: columns 0 and 1 … n."""
    import numpy as np

    return np.stack([scores[:, 0], *(scores[:, at].sum(axis=1) for at in places)], axis=1)


def _others(folded: Scores) -> Iterator[tuple[str, float]]:
    """Figures that the scores may say, likeliest first: a prefix beam search over all paths."""
    import numpy as np

    # probability of each prefix ending in no character, and ending in its last character
    beams: dict[str, tuple[float, float]] = {"": (1.0, 0.0)}
    for scored in folded:
        # what the model gives to other characters is shared out: here only figures are asked for
        row = np.asarray(scored / max(1e-6, float(scored.sum())))
        found: dict[str, list[float]] = {}
        likely = [k for k in range(1, len(row)) if row[k] >= POSSIBLE / 2]
        for prefix, (blank, ended) in beams.items():
            held = found.setdefault(prefix, [0.0, 0.0])
            held[0] += (blank + ended) * float(row[0])
            for k in likely:
                ch, p = _FIGURE[k - 1], float(row[k])
                if prefix and prefix[-1] == ch:
                    held[1] += ended * p
                    longer = found.setdefault(prefix + ch, [0.0, 0.0])
                    longer[1] += blank * p
                else:
                    longer = found.setdefault(prefix + ch, [0.0, 0.0])
                    longer[1] += (blank + ended) * p
        beams = {k: (v[0], v[1]) for k, v in sorted(found.items(), key=lambda x: -sum(x[1]))[:24]}
    for text, (blank, ended) in sorted(beams.items(), key=lambda x: -sum(x[1])):
        if text and blank + ended >= POSSIBLE / 10:
            yield text, blank + ended
