"""Settings of the documentation site; scripts/site.py builds it."""

project = "Flowproof"
extensions = ["myst_parser", "sphinx_click"]
html_theme = "furo"
html_title = "Flowproof"
html_copy_source = False
html_show_sphinx = False
myst_heading_anchors = 3
nitpicky = True
