// A browser may not read other files of a page that it opened from disk. The search then shows the
// titles of the pages that it found, without the lines around the word.
if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;

// What Sphinx and Furo leave out for readers without a mouse or a screen.
function set(selector, name, value) {
  for (const element of document.querySelectorAll(selector)) element.setAttribute(name, value);
}
document.addEventListener("DOMContentLoaded", () => {
  set(".caption[role=heading]", "aria-level", "2");
  set("aside.sidebar-drawer", "aria-label", "Site");
  set("aside.toc-drawer", "aria-label", "On this page");
  set("dt.sig dl", "role", "none");
  for (const wide of document.querySelectorAll("table.docutils, pre")) {
    if (wide.scrollWidth > wide.clientWidth) wide.tabIndex = 0;
  }
});
