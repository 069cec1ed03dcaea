"use strict";
// Nothing on these pages needs this script: it counts the time down, tells the end on this device's clock, goes on when
// the time is up (without a script, the page's own refresh does), and keeps a form from being sent twice.
const language = document.documentElement.lang;
const began = performance.now();
const clock = document.querySelector("time[data-seconds]");
if (clock && Number(clock.dataset.seconds) < 7200) {
  const end = began + 1000 * Number(clock.dataset.seconds);
  const count = (number, unit) =>
    new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "long" }).format(number);
  const tick = () => {
    const left = Math.max(0, Math.ceil((end - performance.now()) / 1000));
    const minutes = Math.floor(left / 60), seconds = left % 60;
    const parts = [];
    if (minutes) parts.push(count(minutes, "minute"));
    if (seconds || !minutes) parts.push(count(seconds, "second"));
    clock.textContent = parts.join(" ");
    clock.parentElement.classList.toggle("soon", left <= 30);
    if (left) setTimeout(tick, 250);
  };
  tick();
}
const until = document.querySelector("[data-until]");
if (until) {
  const here = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  until.textContent = until.dataset.here.replace("{clock}", here.format(new Date(until.dataset.until)));
}
if (document.body.dataset.refresh) {
  const due = began + 1000 * Number(document.body.dataset.refresh);
  // A device that slept asks again when it wakes: timers stand still in the meantime.
  const look = () => performance.now() >= due ? location.replace(location.pathname) : setTimeout(look, 500);
  look();
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
