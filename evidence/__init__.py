"""The evidence site (证据站): a page behind every published number.

Static files, no server: overview, counties, bodies, documents, findings, identities. It shows what
is published (``marts`` and ``quality`` of the published copy) in the layout of the original, and
behind each number the page of the original with that number outlined.

:func:`evidence.site.build_site` writes it; what may be shown is decided in
:mod:`evidence.policy`.
"""
