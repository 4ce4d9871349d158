// Beside each Preview button stands one that shows the page as wide as a phone. The form itself does the rest.
addEventListener("DOMContentLoaded", () => {
  for (const button of document.querySelectorAll("[name=_preview][data-phone]")) {
    const phone = button.cloneNode();
    phone.textContent = button.dataset.phone;
    phone.setAttribute("formtarget", "preview-phone");
    phone.addEventListener("click", () => { open("", "preview-phone", "popup,width=390,height=844"); });
    button.after(phone);
  }
});
