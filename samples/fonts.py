"""TrueType subsets of a Chinese typeface, for PDFs that embed what they show.

reportlab embeds TrueType outlines only, the typeface at hand (Noto Sans CJK, SIL Open Font
Licence) has CFF ones. So the glyphs of one document are drawn, turned into quadratic curves
and put into a small font of their own. The result depends on nothing but the characters
asked for: the same document gives the same bytes, whatever else is generated.
"""

from __future__ import annotations

import functools
import io
from importlib import resources
from typing import Any

TYPEFACE_PACKAGE = "cvttf_NotoSansCJK_Regular"
TYPEFACE_FILE = "NotoSansCJKtc-Regular.otf"
FAMILY = "SampleSans"

_CURVE_ERROR = 2.0
"""Largest distance between the cubic outline and its quadratic stand-in, in 1/1000 em."""

_EPOCH = 3_786_912_000
"""2024-01-01 in seconds since 1904: a fixed date keeps the bytes the same."""


class MissingGlyphError(ValueError):
    """The typeface has no glyph for a character that a document wants to print."""


@functools.lru_cache(maxsize=1)
def _typeface() -> tuple[Any, Any, dict[int, str], dict[str, str]]:
    try:
        from fontTools.ttLib import TTFont

        path = resources.files(TYPEFACE_PACKAGE) / TYPEFACE_FILE
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"{error.name} is missing: generating sample PDFs needs the extra 'samples' "
            "(serving the committed ones does not)"
        ) from error
    font = TTFont(io.BytesIO(path.read_bytes()), lazy=True)
    return font, font.getGlyphSet(), font.getBestCmap(), _mainland_forms(font)


def _mainland_forms(font: Any) -> dict[str, str]:
    """Glyphs as mainland China prints them (OpenType ``locl`` for ZHS), by default glyph.

    The default forms are Taiwanese: a full stop in the middle of its square would look odd
    in a county budget.
    """
    table = font["GSUB"].table
    wanted: set[int] = set()
    for script in table.ScriptList.ScriptRecord:
        for language in script.Script.LangSysRecord:
            if language.LangSysTag == "ZHS ":
                wanted.update(language.LangSys.FeatureIndex)
    lookups = {
        lookup
        for index in wanted
        if table.FeatureList.FeatureRecord[index].FeatureTag == "locl"
        for lookup in table.FeatureList.FeatureRecord[index].Feature.LookupListIndex
    }
    forms: dict[str, str] = {}
    for index in sorted(lookups):
        for subtable in table.LookupList.Lookup[index].SubTable:
            forms.update(getattr(getattr(subtable, "ExtSubTable", subtable), "mapping", {}))
    return forms


@functools.lru_cache(maxsize=8192)
def _outline(glyph_name: str) -> tuple[Any, int]:
    from fontTools.pens.cu2quPen import Cu2QuPen
    from fontTools.pens.ttGlyphPen import TTGlyphPen

    _, glyphs, _, _ = _typeface()
    pen = TTGlyphPen(None)
    glyphs[glyph_name].draw(Cu2QuPen(pen, _CURVE_ERROR, reverse_direction=True))
    return pen.glyph(dropImpliedOnCurves=True), round(glyphs[glyph_name].width)


def subset(characters: set[str]) -> bytes:
    """A TrueType font with the glyphs of ``characters`` and nothing else.

    Raises ``MissingGlyphError`` naming the characters that cannot be printed.
    """
    from fontTools.fontBuilder import FontBuilder

    font, _, cmap, forms = _typeface()
    wanted = sorted({*characters, " "})
    missing = [c for c in wanted if ord(c) not in cmap]
    if missing:
        raise MissingGlyphError(f"no glyph for {missing!r} in {TYPEFACE_FILE}")
    names = {c: forms.get(cmap[ord(c)], cmap[ord(c)]) for c in wanted}
    order = [".notdef", *dict.fromkeys(names.values())]
    glyf, metrics = {}, {}
    for name in order:
        outline, width = _outline(name)
        glyf[name] = outline
        metrics[name] = (width, 0)
    builder = FontBuilder(unitsPerEm=font["head"].unitsPerEm, isTTF=True)
    builder.setupGlyphOrder(order)
    builder.setupCharacterMap({ord(c): name for c, name in names.items()})
    builder.setupGlyf(glyf)
    metrics = {n: (w, getattr(builder.font["glyf"][n], "xMin", 0)) for n, (w, _) in metrics.items()}
    builder.setupHorizontalMetrics(metrics)
    builder.setupHorizontalHeader(ascent=880, descent=-120)
    builder.setupNameTable({"familyName": FAMILY, "styleName": "Regular", "psName": FAMILY})
    builder.setupOS2(sTypoAscender=880, sTypoDescender=-120, usWinAscent=880, usWinDescent=120)
    builder.setupPost(keepGlyphNames=False)
    builder.updateHead(created=_EPOCH, modified=_EPOCH)
    builder.font.recalcTimestamp = False
    out = io.BytesIO()
    builder.save(out)
    return out.getvalue()
