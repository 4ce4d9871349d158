// Presses that a log-in keeps on the phone (presses.js) don't stay behind it: who logs out is asked, and they are deleted.

const form = document.getElementById("logout-form");
const kept = () => Object.keys(localStorage).filter((name) => name.startsWith("massagerx-presses-"));

form?.addEventListener("submit", (event) => {
  const waits = kept().some((name) => localStorage.getItem(name) !== "[]");
  if (waits && !confirm(form.dataset.unsent)) event.preventDefault();
  else for (const name of kept()) localStorage.removeItem(name);
});
