/**
 * Tells the numbers under the pointer, and by the arrow keys, of each chart of the page. The charts themselves are drawn
 * by the server as SVG, coloured by the style sheet: they need no script.
 */

const tip = document.getElementById("kpi-tip");

for (const chart of document.querySelectorAll<HTMLElement>("[data-kpi-chart]")) follow(chart);

function follow(chart: HTMLElement): void {
  const marks = [...chart.querySelectorAll<SVGGElement>("[data-tip]")];
  let at = -1;

  function show(place: number): void {
    marks[at]?.classList.remove("told");
    at = place;
    const mark = marks[at];
    if (!tip || !mark) return hide();
    mark.classList.add("told");
    tip.textContent = mark.dataset["tip"] ?? "";
    tip.hidden = false;
    beside(mark, tip);
  }

  function hide(): void {
    marks[at]?.classList.remove("told");
    at = -1;
    if (tip) tip.hidden = true;
  }

  chart.addEventListener("pointermove", (event) => {
    const over = event.target instanceof Element ? event.target.closest<SVGGElement>("[data-tip]") : null;
    const place = over ? marks.indexOf(over) : -1;
    if (place >= 0 && place !== at) show(place);
  });
  chart.addEventListener("pointerleave", hide);
  chart.addEventListener("blur", hide);
  chart.addEventListener("keydown", (event) => {
    if (event.key === "Escape") return hide();
    const steps: Record<string, number> = {
      ArrowRight: at + 1,
      ArrowLeft: at < 0 ? marks.length - 1 : at - 1,
    };
    const wanted = { ...steps, Home: 0, End: marks.length - 1 }[event.key];
    if (wanted === undefined) return;
    event.preventDefault();
    show(Math.max(0, Math.min(marks.length - 1, wanted)));
  });
}

/** Above the mark, and always inside the window. */
function beside(mark: SVGGElement, told: HTMLElement): void {
  const place = mark.getBoundingClientRect();
  const box = told.getBoundingClientRect();
  const left = Math.max(
    8,
    Math.min(innerWidth - box.width - 8, place.left + place.width / 2 - box.width / 2),
  );
  told.style.left = `${String(left)}px`;
  told.style.top = `${String(Math.max(8, place.top - box.height - 8))}px`;
}
