"use strict";
// A table or a formula that is wider than the window scrolls within itself; the keyboard reaches it.
const reach = () => {
  for (const frame of document.querySelectorAll(".md-typeset__scrollwrap, .formula, figure.drawn")) {
    if (frame.scrollWidth > frame.clientWidth) frame.tabIndex = 0;
    else frame.removeAttribute("tabindex");
  }
};
addEventListener("load", reach);
addEventListener("resize", reach);
