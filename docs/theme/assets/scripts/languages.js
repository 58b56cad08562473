"use strict";
// The other language opens at the same place of the page, and with the same settings.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[hreflang]");
  if (link) link.hash = location.hash;
});
