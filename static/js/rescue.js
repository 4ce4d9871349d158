// Times that are held while a rescue is looked at go when its page is left; without this script, after ten minutes.

const form = document.querySelector("[data-leave]")?.form;
let stays = false;

if (form) {
  // A form of this page that is sent leads back to it, or leaves by itself.
  document.addEventListener("submit", () => (stays = true));
  addEventListener("pagehide", () => {
    const sent = new FormData();
    sent.set("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
    sent.set("leave", "1");
    if (!stays) navigator.sendBeacon(location.href, sent);
  });
}
