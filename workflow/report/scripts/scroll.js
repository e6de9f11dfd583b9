"use strict";
// Marks tables that are wider than their box, so that the style sheet can say that they scroll.
for (const box of document.querySelectorAll(".scroll")) {
  const sizes = new ResizeObserver(() => {
    box.classList.toggle("sideways", box.scrollWidth > box.clientWidth + 1);
  });
  sizes.observe(box);
  sizes.observe(box.querySelector("table"));
}
