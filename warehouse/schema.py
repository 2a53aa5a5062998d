"""The raw tables (原始层), declared once: the Parquet schema and the DuckDB DDL come from here.

Raw rows say what was read, before anybody gives it a meaning. Money stays in the printed unit
beside its exact text; ``amount`` is NULL where nothing was printed (blank ≠ 0 ≠ 0.00).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyarrow as pa

__all__ = ["BATCH", "DECIDED", "FETCH", "LANDED", "RAW", "SEEN", "STEP", "Column", "RawTable"]

_ARROW: dict[str, Any] = {
    "varchar": pa.string(),
    "varchar[]": pa.list_(pa.string()),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
    "decimal(20,6)": pa.decimal128(20, 6),
    "decimal(20,2)": pa.decimal128(20, 2),
    "decimal(8,2)": pa.decimal128(8, 2),
}


@dataclass(frozen=True)
class Column:
    name: str
    type: str
    comment: str


@dataclass(frozen=True)
class RawTable:
    """One raw table. ``columns`` in order; types are DuckDB's names."""

    name: str
    comment: str
    columns: tuple[Column, ...]

    @property
    def arrow(self) -> Any:
        return pa.schema([(c.name, _ARROW[c.type]) for c in self.columns])

    @property
    def names(self) -> list[str]:
        return [c.name for c in self.columns]

    def ddl(self) -> str:
        """``create table if not exists`` with comments, for the schema ``raw``."""
        body = ", ".join(f'"{c.name}" {c.type}' for c in self.columns)
        return f"create table if not exists raw.{self.name} ({body})"

    def comments(self) -> list[str]:
        def quoted(text: str) -> str:
            return "'" + text.replace("'", "''") + "'"

        return [f"comment on table raw.{self.name} is {quoted(self.comment)}"] + [
            f'comment on column raw.{self.name}."{c.name}" is {quoted(c.comment)}'
            for c in self.columns
        ]


def _table(name: str, comment: str, *columns: tuple[str, str, str]) -> RawTable:
    return RawTable(name, comment, tuple(Column(*c) for c in columns))


_RECORD = (
    ("batch_id", "varchar", "落地批次 batch that landed the row"),
    ("record_key", "varchar", "解析记录键 file, parser, catalogue and decisions versions, hashed"),
    ("file_sha256", "varchar", "原件指纹 SHA-256 of the file"),
)
_DOCUMENT = (*_RECORD, ("document_id", "varchar", "文本标识 document"))
_BOX = (
    ("x0", "double", "左边界 left, PDF points from the top left of the visible page"),
    ("top", "double", "上边界 top"),
    ("x1", "double", "右边界 right"),
    ("bottom", "double", "下边界 bottom"),
)

LANDED: tuple[RawTable, ...] = (
    _table(
        "raw_parse_outcome",
        "解析结果 one row a parse record, failures included",
        *_RECORD,
        ("parser_version", "integer", "解析程序版本 parser version"),
        ("catalogue_version", "varchar", "勾稽关系目录版本 catalogue version"),
        ("decisions_version", "varchar", "人工复核决定版本 version of the reviewed decisions"),
        ("outcome", "varchar", "解析结论 parsed, unknown_template, damaged, …"),
        ("problem_code", "varchar", "问题代码 code of the problem"),
        ("problem_what", "varchar", "问题 what is wrong"),
        ("problem_where", "varchar", "位置 where"),
        ("problem_remedy", "varchar", "处理办法 what a person can do"),
        ("document_count", "integer", "文本数 documents in the file"),
        ("content_sha256", "varchar", "内容指纹 hash of the record without its times"),
        ("parsed_at", "timestamp", "解析时间 (UTC) when the file was read"),
        ("seconds", "double", "耗时（秒） duration of the reading"),
    ),
    _table(
        "raw_document",
        "公开文本 one row a document in a parse record",
        *_DOCUMENT,
        ("parser_version", "integer", "解析程序版本 parser version"),
        ("county", "varchar", "县（市、区） county as printed"),
        ("department", "varchar", "部门（单位）名称 body named on the cover"),
        ("subtitle", "varchar", "副标题 subtitle"),
        ("fiscal_year", "integer", "预算年度 fiscal year on the cover"),
        ("phase", "varchar", "阶段 budget, adjusted, final_account, other"),
        ("scope", "varchar", "口径 department, unit_own, unit, unknown"),
        ("template", "varchar", "版式 template recognised"),
        ("page_count", "integer", "页数 pages"),
        ("text_layer", "varchar", "文字层 yes, no, partial"),
        ("watermark", "boolean", "水印 a watermark was taken out"),
        ("verdict_status", "varchar", "判定 verdict of the reading, NULL where not judged"),
        ("verdict_reasons", "varchar[]", "判定理由 reasons of the verdict"),
        ("cells_sha256", "varchar", "表格内容指纹 hash of all printed cells of the forms"),
        ("content_sha256", "varchar", "全文内容指纹 hash of cells, narrated figures and targets"),
    ),
    _table(
        "raw_table",
        "预算公开表 one row a form in a document",
        *_DOCUMENT,
        ("form", "varchar", "表号 T01…T13"),
        ("title", "varchar", "表名 title as printed"),
        ("label", "varchar", "公开表编号 printed form number, wrong ones kept"),
        ("owner", "varchar", "部门名称行 owner line as printed"),
        ("unit_printed", "varchar", "金额单位 unit line as printed"),
        ("factor", "decimal(8,2)", "折算系数 元 for one printed unit"),
        ("step", "decimal(20,6)", "末位单位 printed step, in printed units"),
        ("template", "varchar", "表样 form variant taken"),
        ("columns", "varchar[]", "栏目 group/leaf path of each column"),
        ("row_count", "integer", "行数 body rows"),
        ("amount_count", "integer", "金额个数 numbers in the body, counted before landing"),
        ("amount_sum", "decimal(20,6)", "金额合计 their sum, in printed units"),
        ("is_empty", "boolean", "空表 no amount in the form"),
        ("note", "varchar", "表注 note under the form"),
        ("pages", "varchar", "页码 pages, joined with commas"),
    ),
    _table(
        "raw_row",
        "表行 one row a body row of a form",
        *_DOCUMENT,
        ("form", "varchar", "表号 form"),
        ("row_index", "integer", "行序 0-based index of the body row"),
        (
            "row_kind",
            "varchar",
            "行类 total, class, section, item, organisation, unit, project, line",
        ),
        ("row_label", "varchar", "行名 printed label without blanks (expenditure side)"),
        ("row_code", "varchar", "科目编码 code as printed"),
        ("income_kind", "varchar", "收入方行类 kind of the left half of T01, T04, T09"),
        ("income_label", "varchar", "收入方行名 label of the left half"),
        ("parent_index", "integer", "上级行序 index of the row this row is a part of"),
        ("unit_name", "varchar", "预算单位 unit a project of T12 or T13 is of"),
    ),
    _table(
        "raw_cell",
        "表格单元 one row a body cell, blank ones included",
        *_DOCUMENT,
        ("form", "varchar", "表号 form"),
        ("row_index", "integer", "行序 0-based body row"),
        ("column_index", "integer", "列序 0-based column"),
        ("column_path", "varchar", "栏目 group/leaf path of the column"),
        ("text", "varchar", "原文 exactly as printed, '' where blank"),
        ("amount", "decimal(20,6)", "金额（印刷单位） NULL where no number is printed"),
        ("page", "integer", "页码 1-based page"),
        *_BOX,
        ("source", "varchar", "读取方式 text, ocr, repaired"),
        ("confidence", "double", "识别可信度 confidence of recognition"),
        ("sheet", "varchar", "工作表 sheet, for spreadsheets"),
        ("reference", "varchar", "单元格地址 cell reference, for spreadsheets"),
    ),
    _table(
        "raw_identity_instance",
        "勾稽关系实例 one row a bound identity",
        *_DOCUMENT,
        ("catalogue_version", "varchar", "勾稽关系目录版本 catalogue version"),
        ("identity", "varchar", "勾稽关系 identity"),
        ("instance", "varchar", "实例 what it was bound to"),
        ("severity", "varchar", "性质 hard 应当相等, soft 请说明"),
        ("relation", "varchar", "关系 =, <= or >="),
        ("outcome", "varchar", "结果 exact, rounding, violated, not_applicable"),
        ("left_yuan", "decimal(20,6)", "左方（元） left side"),
        ("right_yuan", "decimal(20,6)", "右方（元） right side"),
        ("difference_yuan", "decimal(20,6)", "差额（元） left − right"),
        ("tolerance_yuan", "decimal(20,6)", "允许尾差（元） allowed rounding difference"),
        ("addends", "integer", "加数个数 non-blank rounded parts"),
        ("pages", "varchar", "页码 pages, joined with commas"),
        ("unit", "varchar", "计量单位 元 where left and right are money, else %, 个, 人 …"),
        ("statement_1", "varchar", "表述一 first statement"),
        ("statement_2", "varchar", "表述二 second statement"),
        ("statement_1_en", "varchar", "表述一（英文） first statement in English"),
        ("statement_2_en", "varchar", "表述二（英文） second statement in English"),
    ),
    _table(
        "raw_identity_term",
        "勾稽关系项 one row a signed figure of a bound identity",
        *_DOCUMENT,
        ("identity", "varchar", "勾稽关系 identity"),
        ("instance", "varchar", "实例 instance"),
        ("term_index", "integer", "项序 0-based index of the term"),
        ("side", "varchar", "方 L or R"),
        ("sign", "integer", "符号 1 or -1"),
        ("form", "varchar", "表号 T01…T13, N, P<n>, O, A"),
        ("row_index", "integer", "行序 body row"),
        ("column_index", "integer", "列序 column"),
        ("key", "varchar", "键 narrative path or field name"),
        ("value_yuan", "decimal(20,6)", "数值（元） NULL where blank"),
    ),
    _table(
        "raw_narrative_figure",
        "预算情况说明数字 one row a narrated figure under its standard name",
        *_DOCUMENT,
        ("position", "integer", "次序 0-based position"),
        ("path", "varchar", "标准名 standard name"),
        ("text", "varchar", "原文 as printed"),
        ("value", "decimal(20,6)", "数值（印刷单位） value in the printed unit"),
        ("unit", "varchar", "单位 万元, 元, %, …"),
        ("page", "integer", "页码 page"),
        *_BOX,
        ("sentence_index", "integer", "句序 index of the sentence"),
    ),
    _table(
        "raw_sentence",
        "预算情况说明句子 one row a sentence of part 3",
        *_DOCUMENT,
        ("position", "integer", "次序 0-based position"),
        ("section", "varchar", "部分 section"),
        ("sub", "varchar", "小节 subsection"),
        ("sentence", "varchar", "句子 sentence"),
        ("amounts", "varchar", "数字 figures in it, JSON"),
        ("page", "integer", "页码 page"),
    ),
    _table(
        "raw_performance",
        "绩效目标表 one row a performance target table, as JSON",
        *_DOCUMENT,
        ("position", "integer", "次序 0-based position"),
        ("kind", "varchar", "类别 project 项目支出, overall 整体支出"),
        ("payload", "varchar", "内容 labelled fields, funding lines, goals, indicators (JSON)"),
    ),
    _table(
        "raw_attribute",
        "采购、人员、资产 one row a labelled figure of procurement, staff or assets",
        *_DOCUMENT,
        ("kind", "varchar", "类别 asset, procurement, staff"),
        ("path", "varchar", "名称 path of the field"),
        ("text", "varchar", "原文 value as printed"),
    ),
    _table(
        "raw_reason",
        "增减变动原因 one row a reason given",
        *_DOCUMENT,
        ("position", "integer", "次序 0-based position"),
        ("topic", "varchar", "事项 topic"),
        ("direction", "varchar", "方向 direction"),
        ("amount", "decimal(20,6)", "金额 amount, as printed"),
        ("text", "varchar", "原文 text"),
        ("page", "integer", "页码 page"),
    ),
    _table(
        "raw_generic_table",
        "其他表格 one row a table that no form claims",
        *_DOCUMENT,
        ("position", "integer", "次序 0-based position"),
        ("title", "varchar", "表名 title"),
        ("unit_printed", "varchar", "金额单位 unit"),
        ("page", "integer", "页码 first page"),
        ("grid", "varchar", "内容 rows of texts, JSON"),
    ),
    _table(
        "raw_warning",
        "读取提示 one row a thing that was odd while reading",
        *_DOCUMENT,
        ("position", "integer", "次序 0-based position"),
        ("code", "varchar", "代码 code"),
        ("message", "varchar", "说明 message"),
        ("page", "integer", "页码 page"),
        ("location", "varchar", "位置 where"),
    ),
    _table(
        "raw_dropped",
        "已去除的个人信息 where personal data stood, never what it said",
        *_DOCUMENT,
        ("position", "integer", "次序 0-based position"),
        ("kind", "varchar", "类别 person, phone, email, id_number"),
        ("page", "integer", "页码 page"),
        *_BOX,
    ),
)

FETCH = _table(
    "raw_fetch",
    "抓取记录 one row a fetch",
    ("fetch_id", "varchar", "抓取标识 hash of the whole row"),
    ("fetched_at", "timestamp", "抓取时间 (UTC)"),
    ("run_id", "varchar", "作业编号 run"),
    ("site", "varchar", "站点 site"),
    ("county_code", "varchar", "行政区划代码 county code"),
    ("county", "varchar", "县（市、区） county"),
    ("role", "varchar", "角色 robots, listing, article, attachment, local"),
    ("url", "varchar", "网址 address asked for"),
    ("final_url", "varchar", "最终网址 address after redirects"),
    ("listing_url", "varchar", "栏目页 listing page"),
    ("article_url", "varchar", "文章页 article page"),
    ("article_title", "varchar", "文章标题 title of the article"),
    ("link_text", "varchar", "链接文字 text of the link"),
    ("column_holds", "varchar", "栏目内容 what the column holds"),
    ("column_scope", "varchar", "栏目口径 scope of the column"),
    ("status", "integer", "HTTP 状态 status"),
    ("outcome", "varchar", "抓取结论 outcome"),
    ("reason", "varchar", "原因 what, where, remedy"),
    ("sha256", "varchar", "原件指纹 SHA-256 of the bytes"),
    ("media_type", "varchar", "媒体类型 media type"),
    ("size", "bigint", "字节数 bytes"),
    ("file_name", "varchar", "文件名 file name"),
    ("etag", "varchar", "ETag"),
    ("last_modified", "varchar", "Last-Modified"),
    ("published_on", "date", "发布日期 date of publication shown on the page"),
    ("duration_ms", "integer", "耗时（毫秒） duration"),
    ("parent_sha256", "varchar", "压缩包指纹 archive the file was taken out of"),
    ("member_path", "varchar", "包内路径 path inside that archive"),
)

STEP = _table(
    "raw_step",
    "作业步骤 one row a step of a night",
    ("step_id", "varchar", "步骤标识 hash of step, run and time"),
    ("step", "varchar", "步骤 crawl_host, parse_batch, load, build, publish, tell, …"),
    ("run_id", "varchar", "作业编号 run"),
    ("started_at", "timestamp", "开始时间 (UTC)"),
    ("seconds", "double", "耗时（秒） duration"),
    ("is_success", "boolean", "是否成功 success"),
    ("new_files", "bigint", "新文件数 files not seen before (close_crawl)"),
    ("documents", "bigint", "读取文件数 files read (parse_batch)"),
    ("findings_new", "bigint", "新核对提示 findings not seen before (tell)"),
)

DECIDED: tuple[RawTable, ...] = (
    _table(
        "raw_organisation_link",
        "机构关联决定 reviewed links of bodies",
        ("county_code", "varchar", "行政区划代码 county code"),
        ("name", "varchar", "名称（原文） name as printed"),
        ("same_as", "varchar", "同一机构 another name of the same body"),
        ("predecessor", "varchar", "前身 body it came from"),
        ("change_kind", "varchar", "变动类别 renamed, merged, split"),
        ("since", "integer", "起始年度 year from which"),
    ),
    _table(
        "raw_acknowledgement",
        "核对提示处理决定 reviewed findings",
        ("finding_id", "varchar", "提示标识 finding"),
        ("content_id", "varchar", "内容标识 what the finding said when it was decided"),
        ("status", "varchar", "处理状态 acknowledged, resolved"),
        ("reason", "varchar", "理由 reason"),
        ("decided_on", "date", "决定日期 date of the decision"),
    ),
)

SEEN = _table(
    "raw_finding_seen",
    "核对提示台账 findings as the ledger knows them, taken over as it stands",
    ("finding_id", "varchar", "提示标识 finding"),
    ("first_seen_at", "timestamp", "首次发现时间 first told or recorded (UTC)"),
    ("last_seen_at", "timestamp", "最近发现时间 last night on which it was found (UTC)"),
)

RAW: tuple[RawTable, ...] = (*LANDED, FETCH, STEP, *DECIDED, SEEN)

# raw.raw_batch, which the loader itself keeps
BATCH: dict[str, str] = {
    "batch_id": "落地批次 batch",
    "sequence": "次序 order of the commits",
    "committed_at": "提交时间 committed (UTC)",
    "record_count": "记录数 parse records in it",
}
