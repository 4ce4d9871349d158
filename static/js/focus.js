// One presses on the point of a picture that must stay in sight, and its two numbers are typed. The numbers can be
// typed without this as well, and move the mark.
addEventListener("DOMContentLoaded", () => {
  const across = document.querySelector("input[name=focal_x]");
  const down = document.querySelector("input[name=focal_y]");
  if (!across || !down) return;
  const upload = document.querySelector("input[name=upload]");
  let place = document.querySelector("[data-focus]");
  const mark = document.createElement("span");
  mark.className = "focus__mark";
  const draw = () => {
    mark.style.left = `${across.value}%`;
    mark.style.top = `${down.value}%`;
  };
  const start = () => {
    place.append(mark);
    place.addEventListener("click", (event) => {
      const box = place.querySelector("img").getBoundingClientRect();
      const percent = (from, length) => Math.min(100, Math.max(0, Math.round((from / length) * 100)));
      across.value = percent(event.clientX - box.left, box.width);
      down.value = percent(event.clientY - box.top, box.height);
      draw();
    });
    draw();
  };
  across.addEventListener("input", draw);
  down.addEventListener("input", draw);
  if (place) start();
  if (!upload) return;

  // What is missing is asked for before the file is sent; one that came with a refused form is kept.
  const form = upload.form;
  const alt = form.elements.alt;
  const decoration = form.elements.is_decorative;
  form.noValidate = false;
  upload.required = !form.elements.kept;
  if (alt) {
    const ask = () => { alt.required = !decoration.checked; };
    decoration.addEventListener("change", ask);
    ask();
  }
  upload.addEventListener("change", () => {
    const [file] = upload.files;
    upload.setCustomValidity(file?.size > Number(upload.dataset.most) ? upload.dataset.tooLarge : "");
    if (!upload.reportValidity() || !file) return;
    const reader = new FileReader();
    reader.addEventListener("load", () => {
      const image = new Image();
      image.alt = "";
      image.src = reader.result;
      if (!place) {
        place = document.createElement("div");
        place.className = "focus";
        place.dataset.focus = "";
        upload.after(place);
        place.append(image);
        start();
      } else {
        place.querySelector("img").replaceWith(image);
      }
    });
    reader.readAsDataURL(file);
  });
});
