"use strict";
// A table that is wider than the window scrolls within itself; the keyboard reaches it, too.
addEventListener("load", () => {
  for (const frame of document.querySelectorAll(".md-typeset__scrollwrap")) frame.tabIndex = 0;
});
