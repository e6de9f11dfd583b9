"""The pages of the site beside the reports, as Markdown that Sphinx reads."""
