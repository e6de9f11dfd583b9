"use strict";

// Only in the page that watch.py serves: exchanges the section on the runs in progress, and loads the
// whole page again when the report of the finished runs was rewritten.
const SECONDS = 3;

async function follow() {
  const shown = document.getElementById("in-progress");
  try {
    const answer = await fetch("in-progress");
    const text = await answer.text();
    if (answer.ok) {
      const fresh = document.createRange().createContextualFragment(text).firstElementChild;
      if (fresh.dataset.report !== shown.dataset.report) {
        location.reload();
        return;
      }
      shown.replaceWith(fresh);
    }
  } catch {
    document.getElementById("in-progress-state").textContent =
      "watch.py has ended: this page does not change any more.";
  }
  setTimeout(follow, 1000 * SECONDS);
}

setTimeout(follow, 1000 * SECONDS);
