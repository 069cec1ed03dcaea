"use strict";
// Nothing on these pages needs this script: it counts the time down and keeps a form from being sent twice.
const clock = document.querySelector("time[data-seconds]");
if (clock && Number(clock.dataset.seconds) < 7200) {
  const end = performance.now() + 1000 * Number(clock.dataset.seconds);
  const tick = () => {
    const left = Math.max(0, Math.ceil((end - performance.now()) / 1000));
    const minutes = Math.floor(left / 60), seconds = left % 60;
    const parts = [];
    if (minutes) parts.push(minutes + (minutes === 1 ? " minute" : " minutes"));
    if (seconds || !minutes) parts.push(seconds + (seconds === 1 ? " second" : " seconds"));
    clock.textContent = parts.join(" ");
    if (left) setTimeout(tick, 250);
  };
  tick();
}
for (const form of document.forms) {
  let sentAt = -Infinity;
  form.addEventListener("submit", (event) => {
    if (performance.now() - sentAt < 5000) event.preventDefault();
    else { sentAt = performance.now(); form.setAttribute("aria-busy", "true"); }
  });
}
const problem = document.querySelector(".problems");
if (problem) problem.focus();
