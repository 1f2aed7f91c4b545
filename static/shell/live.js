/*
Keeps the regions of a page that carry data-live up to date: the page is loaded again every
minute in the background and the regions, found by their id, are swapped. While a region holds an
element with data-live-soon, which tells of work going on, every two seconds. Focus and an open
dialog are left alone. A screen reader is told only of badges whose state has changed.
*/
"use strict";

(() => {
    const EVERY_MS = 60_000;
    const SOON_MS = 2_000;
    const STALE_AFTER_MS = 90_000;
    let lastContact = Date.now();
    let lastContactAt = clock();

    function clock() {
        return new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false });
    }

    function regions() {
        return [...document.querySelectorAll("[data-live][id]")];
    }

    async function refresh() {
        if (document.hidden || document.querySelector("dialog[open]")) {
            return;
        }
        try {
            const response = await fetch(window.location.href, { credentials: "same-origin" });
            if (!response.ok || response.redirected) {
                return;
            }
            const page = new DOMParser().parseFromString(await response.text(), "text/html");
            regions().forEach((region) => swap(region, page.getElementById(region.id)));
            lastContact = Date.now();
            lastContactAt = clock();
            document.querySelector("[data-stale]")?.remove();
        } catch {
            // No contact: the note about it appears by itself once it lasts.
        }
    }

    function swap(region, fresh) {
        const hasMenu = region.querySelector("details[data-menu][open]") !== null;
        const isInUse =
            hasMenu || (region.contains(document.activeElement) && document.activeElement.matches("input, select, textarea"));
        if (!fresh || isInUse || region.innerHTML === fresh.innerHTML) {
            return;
        }
        const before = states(region);
        const row = region.contains(document.activeElement) ? document.activeElement.closest("[data-row]") : null;
        const focused = document.activeElement?.id || row?.querySelector("[data-open]")?.id;
        region.replaceChildren(...fresh.childNodes);
        if (focused) {
            document.getElementById(focused)?.focus();
        }
        announce(before, states(region));
        document.dispatchEvent(new CustomEvent("live:swapped", { detail: region }));
    }

    function states(region) {
        const found = new Map();
        for (const badge of region.querySelectorAll("[data-clock]")) {
            found.set(badge.dataset.clock, { state: badge.dataset.state, label: badge.textContent.trim() });
        }
        return found;
    }

    function announce(before, after) {
        const place = document.querySelector("[data-announce]");
        const changed = [...after].filter(([id, now]) => before.has(id) && before.get(id).state !== now.state);
        if (place && changed.length) {
            place.textContent = changed.map(([, now]) => now.label).join(". ");
        }
    }

    function scheduleNext() {
        const isSoon = document.querySelector("[data-live] [data-live-soon]") !== null;
        window.setTimeout(() => refresh().finally(scheduleNext), isSoon ? SOON_MS : EVERY_MS);
    }

    function tellWhenStale() {
        if (Date.now() - lastContact < STALE_AFTER_MS || document.hidden || document.querySelector("[data-stale]")) {
            return;
        }
        const note = document.createElement("div");
        note.className = "note note-soon";
        note.dataset.stale = "";
        note.setAttribute("role", "status");
        const says = document.createElement("p");
        const since = document.createElement("b");
        since.textContent = `Not up to date since ${lastContactAt}. `;
        const again = document.createElement("a");
        again.href = window.location.href;
        again.textContent = "Load again";
        says.append(since, "Due times are right; new handoffs may be missing. ", again);
        note.append(says);
        document.querySelector("main")?.prepend(note);
    }

    document.addEventListener("DOMContentLoaded", () => {
        if (regions().length) {
            scheduleNext();
            window.setInterval(tellWhenStale, 10_000);
            document.addEventListener("visibilitychange", () => {
                if (!document.hidden && Date.now() - lastContact > EVERY_MS) {
                    refresh();
                }
            });
        }
    });
})();
