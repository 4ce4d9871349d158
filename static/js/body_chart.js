// The body chart beside its list: a press on the picture ticks the list, and the picture shows what is ticked. Without
// this script the list does it alone.

const chart = document.querySelector("[data-body-chart]");
const boxes = new Map([...document.querySelectorAll("input[name=regions]")].map((box) => [box.value, box]));

function show() {
  for (const region of chart.querySelectorAll("[data-region]")) {
    region.classList.toggle("is-chosen", boxes.get(region.dataset.region).checked);
  }
}

chart.addEventListener("click", (event) => {
  const box = boxes.get(event.target.closest("[data-region]")?.dataset.region);
  if (!box) return;
  box.checked = !box.checked;
  if (box.checked) box.closest("details").open = true;
  show();
});
for (const box of boxes.values()) box.addEventListener("change", show);
show();
