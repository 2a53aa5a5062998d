"""Budgets as spreadsheets and Word files for tests: the same forms that a PDF holds."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any
from xml.sax.saxutils import escape

from parsers.document import ParsedDocument, Table


def merged_of(table: Table) -> list[tuple[int, int, int, int]]:
    return [s for s in table.spans if s[2] > 1 or s[3] > 1]


def xlsx(
    document: ParsedDocument, *, borders: bool = True, numbers: bool = True, cover: str = ""
) -> bytes:
    """A workbook with a sheet a form; amounts as numbers with two decimals shown."""
    import openpyxl
    from openpyxl.styles import Border, Side

    book = openpyxl.Workbook()
    book.remove(book.active)
    line = Side(style="thin")
    if cover:
        sheet = book.create_sheet("封面")
        for row, text in enumerate(cover.split("\n"), start=3):
            sheet.cell(row, 2, text)
    for table in document.tables:
        sheet = book.create_sheet(f"{table.id}表")
        first, body = _head(table)
        for r, texts in enumerate(first, start=1):
            for c, text in texts:
                sheet.cell(r, c, text)
        sheet.merge_cells(start_row=2, start_column=1, end_row=2, end_column=table.ncols)
        top = len(first) + 1
        for r, row in enumerate(table.header, start=top):
            for c, text in enumerate(row, start=1):
                sheet.cell(r, c, text or None)
        for r, c, down, right in merged_of(table):
            sheet.merge_cells(
                start_row=top + r,
                start_column=c + 1,
                end_row=top + r + down - 1,
                end_column=c + right,
            )
        for r, row in enumerate(body, start=top + len(table.header)):
            for c, cell in enumerate(row, start=1):
                place = sheet.cell(r, c)
                if cell.amount is not None and numbers:
                    place.value = float(cell.amount)
                    places = -int(cell.amount.as_tuple().exponent)
                    grouped = "#,##0" if "," in cell.text else "0"
                    place.number_format = grouped + ("." + "0" * places if places > 0 else "")
                elif cell.text.isdigit() and numbers:
                    place.value = int(cell.text)
                elif cell.text:
                    place.value = cell.text
        if borders:
            for r in range(top, top + len(table.header) + len(body)):
                for c in range(1, table.ncols + 1):
                    sheet.cell(r, c).border = Border(left=line, right=line, top=line, bottom=line)
        if table.note:
            sheet.cell(top + len(table.header) + len(body), 1, table.note)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def xls(document: ParsedDocument) -> bytes:
    """The same as Excel 97–2003."""
    import xlwt

    book = xlwt.Workbook(encoding="utf-8")
    ruled = xlwt.Borders()
    ruled.left = ruled.right = ruled.top = ruled.bottom = xlwt.Borders.THIN
    styles: dict[str, Any] = {}

    def style(shown: str) -> Any:
        if shown not in styles:
            styles[shown] = xlwt.XFStyle()
            styles[shown].borders = ruled
            styles[shown].num_format_str = shown
        return styles[shown]

    for table in document.tables:
        sheet = book.add_sheet(f"{table.id}表")
        first, body = _head(table)
        for r, texts in enumerate(first):
            for c, text in texts:
                if r == 1:
                    sheet.write_merge(1, 1, 0, table.ncols - 1, text)
                else:
                    sheet.write(r, c - 1, text)
        top = len(first)
        merged = {(r, c): (down, right) for r, c, down, right in merged_of(table)}
        covered = {
            (r + i, c + j)
            for (r, c), (down, right) in merged.items()
            for i in range(down)
            for j in range(right)
        } - set(merged)
        for r, row in enumerate(table.header):
            for c, text in enumerate(row):
                if (r, c) in merged:
                    down, right = merged[r, c]
                    sheet.write_merge(
                        top + r, top + r + down - 1, c, c + right - 1, text, style("General")
                    )
                elif (r, c) not in covered:
                    sheet.write(top + r, c, text, style("General"))
        for r, row in enumerate(body, start=top + len(table.header)):
            for c, cell in enumerate(row):
                if cell.amount is not None:
                    places = -int(cell.amount.as_tuple().exponent)
                    shown = "#,##0" if "," in cell.text else "0"
                    shown += "." + "0" * places if places > 0 else ""
                    sheet.write(r, c, float(cell.amount), style(shown))
                else:
                    sheet.write(r, c, cell.text, style("General"))
        if table.note:
            sheet.write(top + len(table.header) + len(body), 0, table.note)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _head(table: Table) -> tuple[list[list[tuple[int, str]]], list[list[Any]]]:
    third = [(c, t) for c, t in ((1, table.owner), (table.ncols, table.unit)) if t]
    rows = [[(1, table.label)] if table.label else [], [(1, table.title)], third]
    return rows, table.cells


# -- Word --------------------------------------------------------------------------------
_NS = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def paragraph(text: str, *, properties: str = "", before: str = "") -> str:
    runs = "<w:r><w:tab/></w:r>".join(
        f'<w:r><w:t xml:space="preserve">{escape(t)}</w:t></w:r>' for t in text.split("\t")
    )
    return f"<w:p><w:pPr>{properties}</w:pPr>{before}{runs}</w:p>"


PAGE_BREAK = '<w:p><w:r><w:br w:type="page"/></w:r></w:p>'


def word_table(
    rows: Sequence[Sequence[str]], spans: Iterable[tuple[int, int, int, int]] = ()
) -> str:
    across = {(r, c): right for r, c, _, right in spans}
    down = {(r, c): d for r, c, d, _ in spans if d > 1}
    covered = {
        (r + i, c + j): (i, j)
        for r, c, d, right in spans
        for i in range(d)
        for j in range(right)
        if (i, j) != (0, 0)
    }
    out = []
    for r, row in enumerate(rows):
        cells = []
        for c, text in enumerate(row):
            i, j = covered.get((r, c), (0, 0))
            if j:
                continue
            span = across.get((r - i, c), 1)
            inside = f'<w:gridSpan w:val="{span}"/>' if span > 1 else ""
            if i:
                inside += "<w:vMerge/>"
            elif (r, c) in down:
                inside += '<w:vMerge w:val="restart"/>'
            cells.append(f"<w:tc><w:tcPr>{inside}</w:tcPr>{paragraph('' if i else text)}</w:tc>")
        out.append(f"<w:tr>{''.join(cells)}</w:tr>")
    return f"<w:tbl>{''.join(out)}</w:tbl>"


def docx_of(*blocks: str, numbering: str = "") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr(
            "[Content_Types].xml",
            '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/'
            'content-types"><Default Extension="xml" ContentType="application/xml"/></Types>',
        )
        package.writestr(
            "word/document.xml",
            f'<?xml version="1.0" encoding="UTF-8"?><w:document {_NS}><w:body>'
            f"{''.join(blocks)}</w:body></w:document>",
        )
        if numbering:
            package.writestr(
                "word/numbering.xml",
                f'<?xml version="1.0" encoding="UTF-8"?><w:numbering {_NS}>{numbering}'
                "</w:numbering>",
            )
    return out.getvalue()


def docx(document: ParsedDocument, *, cover: Sequence[str] = (), text: Sequence[str] = ()) -> bytes:
    """A Word file: cover, a page a form, then the paragraphs of ``text``."""
    blocks = [paragraph(t, properties='<w:jc w:val="center"/>') for t in cover]
    for table in document.tables:
        blocks.append(PAGE_BREAK)
        if table.label:
            blocks.append(paragraph(table.label))
        blocks.append(paragraph(table.title, properties='<w:jc w:val="center"/>'))
        blocks.append(paragraph("\t".join(t for t in (table.owner, table.unit) if t)))
        blocks.append(word_table([*table.header, *table.body], table.spans))
        if table.note:
            blocks.append(paragraph(table.note))
    if text:
        blocks.append(PAGE_BREAK)
    blocks += [paragraph(t) for t in text]
    return docx_of(*blocks)


def amounts(document: ParsedDocument) -> dict[tuple[str, int, int], Decimal | None]:
    return {
        (t.id, r, c): cell.amount
        for t in document.tables
        for r, row in enumerate(t.cells)
        for c, cell in enumerate(row)
    }
