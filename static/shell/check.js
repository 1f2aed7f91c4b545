/*
Shows what would become of a form while it is being filled in.

A form carries data-check="address". After a pause in typing it is posted there, where nothing is
written, and the element [data-checked] of the answer takes the place of the form's own.
*/
"use strict";

(() => {
    const PAUSE_MS = 400;
    let waiting = 0;
    let asked = null;

    async function check(form) {
        asked?.abort();
        asked = new AbortController();
        try {
            const response = await fetch(form.dataset.check, {
                method: "POST",
                body: new FormData(form),
                credentials: "same-origin",
                signal: asked.signal,
            });
            const page = new DOMParser().parseFromString(await response.text(), "text/html");
            const fresh = page.querySelector("[data-checked]");
            const place = form.querySelector("[data-checked]");
            if (response.ok && fresh && place && place.innerHTML !== fresh.innerHTML) {
                place.replaceChildren(...fresh.childNodes);
            }
        } catch {
            // Saving says the same again; without contact nothing is said before.
        }
    }

    function checkSoon(event) {
        const form = event.target.closest?.("form[data-check]");
        if (form) {
            window.clearTimeout(waiting);
            waiting = window.setTimeout(() => check(form), PAUSE_MS);
        }
    }

    function checkNow(within) {
        const form = within.querySelector("form[data-check]");
        if (form) {
            check(form);
        }
    }

    document.addEventListener("input", checkSoon);
    document.addEventListener("change", checkSoon);
    document.addEventListener("dialog:shown", (event) => checkNow(event.detail));
    document.addEventListener("DOMContentLoaded", () => checkNow(document));
})();
