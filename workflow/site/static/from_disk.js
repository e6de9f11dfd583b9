// A browser may not read other files of a page that it opened from disk. The search then shows the
// titles of the pages that it found, without the lines around the word.
if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
