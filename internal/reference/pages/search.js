// Narrows the contents to what is typed into the search box. Without it the
// box asks the server.
"use strict";
const box = document.querySelector("input[type=search]");
const entries = [...document.querySelectorAll("nav [data-find]")];
const parts = [...document.querySelectorAll("nav details")];
const opened = new Set(parts.filter((part) => part.open));

box.addEventListener("input", () => {
  const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const entry of entries) {
    entry.hidden = !words.every((word) => entry.dataset.find.includes(word));
  }
  for (const part of parts) {
    const some = part.querySelector("[data-find]:not([hidden])") !== null;
    part.hidden = !some;
    part.open = words.length > 0 ? some : opened.has(part);
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key === "/" && document.activeElement !== box) {
    event.preventDefault();
    box.focus();
  }
});
