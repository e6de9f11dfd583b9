"""Sphinx's configuration of the site; build_docs.py writes what it reads."""

from typing import Any

from docutils.nodes import NodeVisitor, SkipNode, document, math, math_block
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx

project = "Plan2Explore, MBPO and SAC"
html_title = project
language = "en"
# The second writes .nojekyll: GitHub Pages would leave out folders such as _static.
extensions = ["myst_parser", "sphinx.ext.githubpages"]

# Headings get GitHub's anchors, so that a link works on GitHub and here.
myst_heading_anchors = 6
myst_enable_extensions = ["attrs_block", "colon_fence", "dollarmath"]

# A signature that does not fit has one argument a line. Shapes are strings in its annotations.
python_maximum_signature_line_length = 88
python_use_unqualified_type_names = True
add_module_names = False
toc_object_entries_show_parents = "hide"

html_theme = "furo"
html_static_path = ["static"]
templates_path = ["templates"]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False
html_use_index = False
html_domain_indices = False
# Sphinx's own renderers load a script from the network, or need LaTeX.
html_math_renderer = "mathml"

shared: dict[int, str] = {}


def write_inline(visitor: NodeVisitor, node: math) -> None:
    """Write a formula inside a line as MathML, which browsers show by themselves."""
    visitor.body.append(tex2mathml(node.astext(), as_block=False))
    raise SkipNode


def write_block(visitor: NodeVisitor, node: math_block) -> None:
    """Write a formula on its own line as MathML."""
    visitor.body.append(tex2mathml(node.astext(), as_block=True))
    raise SkipNode


def share_navigation(
    app: Sphinx, page: str, template: str, context: dict[str, Any], tree: document | None
) -> None:
    """Make the navigation of the pages of files once a depth, which saves a third of the time.

    They are not in it themselves, so it depends on nothing but the way up to the first page.
    """
    navigation = context["toctree"]
    if page.startswith("source/"):
        depth = page.count("/")
        context["toctree"] = lambda **options: (
            shared.get(depth) or shared.setdefault(depth, navigation(**options))
        )


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the renderer of formulas, and the navigation before Furo asks for it."""
    app.connect("html-page-context", share_navigation, priority=400)
    app.add_html_math_renderer("mathml", (write_inline, None), (write_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
