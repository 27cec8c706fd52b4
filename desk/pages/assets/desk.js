// Everything works without this; it makes the Design System's parts livelier.
import { initAll } from "./govuk-frontend.js";

document.body.classList.add("js-enabled", "govuk-frontend-supported");
initAll();

// Ticking all, or none, of those that wait for an answer; what others have taken on is ticked one by one.
document.addEventListener("change", ({ target: box }) => {
  if (!box.dataset.ticksAll) return;
  const ticked = document.querySelectorAll(`input[name="${box.dataset.ticksAll}"][data-waits]`);
  ticked.forEach((one) => { one.checked = box.checked; });
});
