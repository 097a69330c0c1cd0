"""Workbooks for tests: good ones by the library, and hostile ones by hand."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

import xlsxwriter

HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PARTS = {
    "[Content_Types].xml": f'{HEAD}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="xml" ContentType="application/xml"/></Types>',
    "_rels/.rels": f'{HEAD}<Relationships xmlns="{RELATIONS}"><Relationship Id="rId1" Type="{OFFICE}/officeDocument" '
    'Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'{HEAD}<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>'
    '<sheet name="文章" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'{HEAD}<Relationships xmlns="{RELATIONS}"><Relationship Id="rId1" '
    f'Type="{OFFICE}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
}


def text_cell(place: str, text: str) -> str:
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


def sheet_part(*cells: str) -> str:
    """Write a sheet whose cells each stand in a row of their own."""
    rows = "".join(f"<row>{cell}</row>" for cell in cells)
    return f'{HEAD}<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'


def by_hand(sheet: str, parts: Mapping[str, str | bytes] | None = None, *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Write a workbook with one sheet, and with other parts or other ones than usual."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", method) as archive:
        for name, text in {**PARTS, "xl/worksheets/sheet1.xml": sheet, **(parts or {})}.items():
            archive.writestr(name, text)
    return written.getvalue()


def workbook(*sheets: tuple[str, Sequence[Sequence[Any]]], hidden: str = "") -> bytes:
    """Write sheets, each a name and its rows; times and numbers become such cells, formulas begin with ``=``."""
    written = io.BytesIO()
    book = xlsxwriter.Workbook(written, {"in_memory": True})
    formats = {
        date: book.add_format({"num_format": "yyyy-mm-dd"}),
        datetime: book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
        time: book.add_format({"num_format": "hh:mm:ss"}),
    }
    for name, rows in sheets:
        sheet = book.add_worksheet(name)
        if name == hidden:
            sheet.hide()
        for row, values in enumerate(rows):
            for column, value in enumerate(values):
                if type(value) in formats:
                    sheet.write_datetime(row, column, value, formats[type(value)])
                elif value is not None:
                    sheet.write(row, column, value)
    book.close()
    return written.getvalue()
