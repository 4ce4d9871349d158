// Small comforts. Every page works without this file.

// A ZIP code is answered in place. When that fails, the form goes the ordinary way, and the page says what is wrong.
const check = document.querySelector("form[data-area-check]");
check?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const answer = check.parentElement.querySelector("[role=status]");
  const zip = check.elements.zip;
  const asked = new URLSearchParams(new FormData(check));
  check.setAttribute("aria-busy", "true");
  try {
    const response = await fetch(`${new URL(check.action).pathname}?${asked}`, { headers: { "X-Part": "area" } });
    if (!response.ok) throw new Error("no answer");
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    answer.replaceChildren(...page.body.childNodes);
    const wrong = answer.querySelector("[data-area-error]") !== null;
    zip.classList.toggle("is-invalid", wrong);
    if (wrong) {
      zip.setAttribute("aria-invalid", "true");
      zip.focus();
    } else {
      zip.removeAttribute("aria-invalid");
      answer.scrollIntoView({ block: "nearest" });
    }
  } catch {
    check.submit();
  } finally {
    check.removeAttribute("aria-busy");
  }
});

// A form that has been sent is not sent again by a second press. The button's name and value still go along, because
// it is marked after the browser has put the form together.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method === "dialog") return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  const button = event.submitter;
  setTimeout(() => button?.setAttribute("aria-busy", "true"));
});

// The back button may show the page as it was left: let it be sent anew.
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  for (const button of document.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy");
});

// The phone's menu closes with Escape and with a press beside it.
const menu = document.querySelector("[data-menu]");
if (menu) {
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
  document.addEventListener("click", (event) => {
    if (menu.open && !menu.contains(event.target)) menu.open = false;
  });
}

// Errors come first: browsers that ignore autofocus on a box are helped along.
document.querySelector(".error-summary")?.focus();
