"use strict";
// The theme makes each button that copies code a landmark without a name; it is none.
new MutationObserver(() => {
  for (const buttons of document.querySelectorAll("nav.md-code__nav:not([role])"))
    buttons.setAttribute("role", "none");
}).observe(document.documentElement, { childList: true, subtree: true });
