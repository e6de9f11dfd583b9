"""A parsed page, for tests of its content."""

from html.parser import HTMLParser

VOID = {
    "meta",
    "img",
    "polyline",
    "link",
    "br",
    "input",
    "path",
    "use",
    "circle",
    "line",
    "rect",
    "image",
    "ellipse",
}


class Page(HTMLParser):
    """Collects what the tests need: elements with their attributes, texts, and nesting."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.open, self.texts, self.unbalanced = [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        if tag not in VOID and (not self.open or self.open.pop() != tag):
            self.unbalanced.append(tag)

    def handle_data(self, data):
        self.texts.append((self.open[-1] if self.open else "", data))

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def visible(self):
        words = " ".join(text for tag, text in self.texts if tag not in ("style", "script"))
        return " ".join(words.split())
