// Charts: drawn from the table that stands below them, so that both say the same.

const COLOURS = ["#0f766e", "#f08a3c", "#3b6fb6", "#b0457b", "#7a8c1e", "#6b5bb5", "#8a949c"];

// What adds up stands on one another; what does not, as people of smaller circles in larger ones, goes beside.
const BAR = { type: "bar", stack: "all", barMaxWidth: 36 };
const LINE = { type: "line", symbolSize: 6 };

function read(table) {
  const heads = [...table.querySelectorAll("thead th")].slice(1);
  const rows = [...table.querySelectorAll("tbody tr")];
  const number = (cell) => Number(cell.textContent.replaceAll(/[^\d.-]/g, ""));
  return {
    days: rows.map((row) => row.querySelector("th").dataset.short),
    series: heads
      .map((head, place) => ({ head, place }))
      .filter(({ head }) => !("total" in head.dataset))
      .map(({ head, place }) => ({
        name: head.textContent.trim(),
        data: rows.map((row) => number(row.querySelectorAll("td")[place])),
      })),
  };
}

for (const box of document.querySelectorAll("[data-chart-of]")) {
  const { days, series } = read(document.getElementById(box.dataset.chartOf));
  const chart = window.echarts.init(box, null, { renderer: "canvas" });
  chart.setOption({
    animation: !window.matchMedia("(prefers-reduced-motion: reduce)").matches,
    color: COLOURS,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
    grid: { left: 8, right: 8, top: 16, bottom: window.innerWidth < 600 ? 72 : 40, containLabel: true },
    legend: { bottom: 0, type: "plain", itemWidth: 12, itemHeight: 12 },
    // A tooltip of HTML would need styles in the markup, which the page's policy forbids.
    tooltip: { trigger: "axis", renderMode: "richText", axisPointer: { type: "shadow" } },
    xAxis: { type: "category", data: days, axisTick: { show: false }, axisLabel: { color: "#47525f" } },
    yAxis: { type: "value", minInterval: 1, axisLabel: { color: "#47525f" } },
    series: series.map((one) => ({ ...one, ...(box.dataset.chartKind === "line" ? LINE : BAR) })),
  });
  new ResizeObserver(() => chart.resize()).observe(box);
}
