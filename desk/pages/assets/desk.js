// Everything works without this; it makes the Design System's parts livelier.
import { initAll } from "./govuk-frontend.js";

document.body.classList.add("js-enabled", "govuk-frontend-supported");
initAll();

// Ticking all, or none, of those that wait for an answer; what others have taken on is ticked one by one.
for (const box of document.querySelectorAll("[data-ticks-all]")) {
  const ticked = () => [...document.querySelectorAll(`input[name="${box.dataset.ticksAll}"][data-waits]`)];
  box.closest("[hidden]")?.removeAttribute("hidden");
  box.addEventListener("change", () => ticked().forEach((one) => { one.checked = box.checked; }));
}
