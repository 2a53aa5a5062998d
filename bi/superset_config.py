"""Superset's settings; everything that is secret or of this machine comes from the environment."""

import os
from pathlib import Path

# half loaded at this point, and what is asked of it stands above the half
from superset.config import TALISMAN_CONFIG as _AS_SHIPPED

HOME = Path(os.environ["BUDGETS_BI_HOME"])

SECRET_KEY = os.environ["SUPERSET_SECRET_KEY"]
SQLALCHEMY_DATABASE_URI = f"sqlite:///{HOME / 'superset.db'}"
BABEL_DEFAULT_LOCALE = "zh"
LANGUAGES = {
    "zh": {"flag": "cn", "name": "简体中文"},
    "en": {"flag": "us", "name": "English"},
}
# Nobody is let in unseen, and a page of another site cannot show ours in a frame.
PUBLIC_ROLE_LIKE = None
WTF_CSRF_ENABLED = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
TALISMAN_ENABLED = True
# No page fetches anything from anywhere else: as shipped, each calls home for a pixel.
TALISMAN_CONFIG = {
    **_AS_SHIPPED,
    "content_security_policy": {
        name: [v for v in values if v[0] == "'" or v[-1] == ":"]
        if isinstance(values, list)
        else values
        for name, values in _AS_SHIPPED["content_security_policy"].items()
    },
}
# Answers are kept for a minute only: a new publication shows without anybody's doing.
DATA_CACHE_CONFIG = {"CACHE_TYPE": "SimpleCache", "CACHE_DEFAULT_TIMEOUT": 60}
CACHE_CONFIG = {"CACHE_TYPE": "SimpleCache", "CACHE_DEFAULT_TIMEOUT": 300}
FILTER_STATE_CACHE_CONFIG = {"CACHE_TYPE": "SimpleCache", "CACHE_DEFAULT_TIMEOUT": 86400}
EXPLORE_FORM_DATA_CACHE_CONFIG = {"CACHE_TYPE": "SimpleCache", "CACHE_DEFAULT_TIMEOUT": 86400}
RATELIMIT_STORAGE_URI = "memory://"
# A text of the warehouse that begins with = + - @ is a text, also in a spreadsheet.
CSV_EXPORT = {"encoding": "utf-8-sig"}
FEATURE_FLAGS = {"DASHBOARD_NATIVE_FILTERS": True, "ENABLE_TEMPLATE_PROCESSING": False}
D3_FORMAT = {"decimal": ".", "thousands": ",", "grouping": [3], "currency": ["", " 万元"]}
