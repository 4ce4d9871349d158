// Times that are held while a rescue is looked at go when its page is left; without this script, after ten minutes.

const form = document.querySelector("[data-leave]")?.form;

if (form) {
  addEventListener("pagehide", () => {
    const sent = new FormData();
    // What the page that comes next has held anew stays: it says another `held`.
    for (const name of ["csrfmiddlewaretoken", "held"]) sent.set(name, form.elements[name].value);
    sent.set("leave", "1");
    navigator.sendBeacon(location.href, sent);
  });
}
