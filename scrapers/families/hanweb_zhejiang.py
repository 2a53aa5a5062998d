"""Hanweb as Zhejiang's portals run it: lists as in jpaas, files in ``var sPdfUrl="…"`` (several
joined by ``#``) or behind ``onclick="location.href=encodeURI('../../filedown?…')"``."""

from __future__ import annotations

import re

from scrapers.families.hanweb_jpaas import HanwebJpaas


class HanwebZhejiang(HanwebJpaas):
    name = "hanweb_zhejiang"
    title = "大汉（浙江）"
    label = "hanweb_zj"

    def detect(self, html: str, url: str) -> int:
        if re.search(r"\bvar\s+sPdfUrl\b", html):
            return 95
        return 70 if "zjzwMD" in html and "/cms_files/" in html else 0


FAMILY = HanwebZhejiang()
