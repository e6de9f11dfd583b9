"""Sphinx's configuration of the site; `workflow/scripts/build_docs.py` writes what it reads."""

from docutils.nodes import NodeVisitor, SkipNode, math, math_block
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
html_css_files = ["site.css"]
html_js_files = ["from_disk.js"]
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False
html_use_index = False
html_domain_indices = False
# Sphinx's own renderers load a script from the network, or need LaTeX.
html_math_renderer = "mathml"


def write_inline(visitor: NodeVisitor, node: math) -> None:
    """Write a formula inside a line as MathML, which browsers show by themselves."""
    visitor.body.append(tex2mathml(node.astext(), as_block=False))
    raise SkipNode


def write_block(visitor: NodeVisitor, node: math_block) -> None:
    """Write a formula on its own line as MathML."""
    visitor.body.append(tex2mathml(node.astext(), as_block=True))
    raise SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the renderer of formulas."""
    app.add_html_math_renderer("mathml", (write_inline, None), (write_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
