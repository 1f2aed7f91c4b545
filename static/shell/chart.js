/*
Draws the lines of metric tiles. A canvas carries data-chart, the id of a JSON script element:
{labels: [...], values: [number or null, ...], low: [...], high: [...], target: number,
 target_label: "target above 70 %", min: number, max: number, unit: "%"}
or two series beside each other, as bars or as lines:
{kind: "bar" or "line", labels: [...], pairs: [{label: "expected", values: [...]}, {...}]}
Colours are those of the style sheet's tokens, so both themes look right, and print is light.
*/
"use strict";

(() => {
    const drawn = new Map();

    function token(name) {
        return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
    }

    function draw(canvas) {
        const source = document.getElementById(canvas.dataset.chart);
        if (!source || typeof Chart === "undefined") {
            return;
        }
        const data = JSON.parse(source.textContent);
        drawn.get(canvas)?.destroy();
        const old = Chart.getChart(canvas);
        if (old) {
            old.destroy();
        }
        const settings = data.pairs
            ? { type: data.kind, data: pairs(data), options: pairOptions(data) }
            : { type: "line", data: sets(data), options: options(data), plugins: [targetLabel(data)] };
        drawn.set(canvas, new Chart(canvas, settings));
    }

    /* Words beside the target line, for a dashed line alone says nothing. */
    function targetLabel(data) {
        return {
            id: "targetLabel",
            afterDatasetsDraw(chart) {
                if (data.target === undefined || data.target === null || !data.target_label) {
                    return;
                }
                const { ctx, chartArea, scales } = chart;
                const line = scales.y.getPixelForValue(data.target);
                const isLow = line + 14 > chartArea.bottom;
                ctx.save();
                ctx.font = "11px Inter";
                ctx.fillStyle = token("--muted");
                ctx.textAlign = "right";
                ctx.fillText(data.target_label, chartArea.right, isLow ? line - 4 : line + 12);
                ctx.restore();
            },
        };
    }

    /* What was expected is dashed or pale, and what was received in the colour of data. */
    function pairs(data) {
        const looks = [
            { borderColor: token("--muted"), backgroundColor: token("--line-2"), borderDash: [4, 3] },
            { borderColor: token("--primary"), backgroundColor: token("--primary") },
        ];
        const common = { borderWidth: data.kind === "line" ? 2 : 1, pointRadius: 2, pointHitRadius: 12, tension: 0 };
        const datasets = data.pairs.map((one, index) => ({
            ...common,
            ...looks[index],
            label: one.label,
            data: one.values,
        }));
        return { labels: data.labels, datasets };
    }

    function sets(data) {
        const line = token("--primary");
        const last = data.values.length - 1;
        const plain = { pointRadius: 0, pointHitRadius: 0, borderWidth: 0, tension: 0 };
        const found = [
            {
                label: "value",
                data: data.values,
                borderColor: line,
                backgroundColor: line,
                borderWidth: 2,
                tension: 0,
                spanGaps: false,
                pointRadius: data.values.map((_, index) => (index === last ? 3.5 : 0)),
                pointHitRadius: 12,
            },
        ];
        if (data.low && data.high) {
            const band = token("--primary-edge") + "55";
            found.push({ ...plain, label: "low", data: data.low });
            found.push({ ...plain, label: "high", data: data.high, fill: "-1", backgroundColor: band });
        }
        if (data.target !== undefined && data.target !== null) {
            found.push({
                ...plain,
                label: data.target_label || "target",
                data: data.values.map(() => data.target),
                borderColor: token("--muted"),
                borderDash: [4, 3],
                borderWidth: 1.5,
            });
        }
        return { labels: data.labels, datasets: found };
    }

    function options(data) {
        const unit = data.unit || "";
        const text = { color: token("--muted"), font: { family: "Inter", size: 11 } };
        return {
            animation: false,
            responsive: true,
            maintainAspectRatio: false,
            interaction: { mode: "index", intersect: false },
            layout: { padding: { right: 4 } },
            scales: {
                x: { display: true, grid: { display: false }, border: { display: false }, ticks: { ...text, maxTicksLimit: 4, maxRotation: 0 } },
                y: {
                    display: true,
                    beginAtZero: false,
                    min: data.min,
                    max: data.max,
                    grid: { color: token("--line") },
                    border: { display: false },
                    ticks: { ...text, maxTicksLimit: 4, callback: (value) => `${value}${unit}` },
                },
            },
            plugins: {
                legend: { display: false },
                tooltip: {
                    filter: (item) => item.dataset.label !== "low" && item.dataset.label !== "high",
                    callbacks: { label: (item) => `${item.dataset.label}: ${item.formattedValue}${unit}` },
                },
            },
        };
    }

    /* Bars are named one by one, lines by their weeks as far as there is room. */
    function pairOptions(data) {
        const found = options({ ...data, min: 0 });
        if (data.kind === "bar") {
            Object.assign(found.scales.x.ticks, { maxTicksLimit: data.labels.length, maxRotation: 60, autoSkip: false });
        } else {
            found.scales.x.ticks.maxTicksLimit = 13;
        }
        return found;
    }

    function drawAll() {
        document.querySelectorAll("canvas[data-chart]").forEach(draw);
    }

    document.addEventListener("DOMContentLoaded", () => {
        drawAll();
        // A canvas keeps the font it was drawn with, so it is drawn again when ours is there.
        document.fonts.load("11px Inter").then(drawAll);
        new MutationObserver(drawAll).observe(document.documentElement, {
            attributes: true,
            attributeFilter: ["class"],
        });
    });
    document.addEventListener("live:swapped", drawAll);
})();
