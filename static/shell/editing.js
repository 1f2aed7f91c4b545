/*
Makes a long form quicker to edit; without it every button does the same by loading the page.

data-add-row="rows" adds an empty row from the template row-<rows> to the list rows-<rows>. A form
with data-looks is sent in the background after each change, as by its button "look", and what the
answer holds under the ids of [data-drawn] takes the place of what is shown. Nothing is saved.
The rows of a list with data-ordered follow the answer's order once the focus has left the list.
*/
"use strict";

(() => {
    const WAIT_MS = 350;
    let timer;
    let latest = 0;

    function addRow(name) {
        const template = document.getElementById(`row-${name}`);
        const total = document.querySelector(`[name="${name}-TOTAL_FORMS"]`);
        const list = document.getElementById(`rows-${name}`);
        if (!template || !total || !list) {
            return false;
        }
        const holder = document.createElement("ul");
        holder.innerHTML = template.innerHTML.replaceAll("__prefix__", total.value);
        const row = holder.firstElementChild;
        list.append(row);
        total.value = String(Number(total.value) + 1);
        row.querySelector("input, select")?.focus();
        return true;
    }

    function reorder(list, page) {
        const fresh = page.getElementById(list.id);
        if (!fresh || list.contains(document.activeElement)) {
            return;
        }
        const rows = [...fresh.children].map((row) => {
            const name = row.querySelector("[name]")?.name;
            return list.querySelector(`[name="${name}"]`)?.closest("[data-row]");
        });
        if (rows.some((row, index) => row !== list.children[index])) {
            list.append(...rows.filter(Boolean));
        }
        delete list.dataset.edited;
    }

    async function look(form) {
        const number = ++latest;
        const body = new FormData(form);
        body.set("look", "1");
        try {
            const response = await fetch(window.location.href, { method: "POST", body, credentials: "same-origin" });
            if (!response.ok || number !== latest) {
                return;
            }
            const page = new DOMParser().parseFromString(await response.text(), "text/html");
            for (const drawn of document.querySelectorAll("[data-drawn][id]")) {
                const fresh = page.getElementById(drawn.id);
                if (fresh) {
                    drawn.replaceChildren(...document.importNode(fresh, true).childNodes);
                }
            }
            for (const list of document.querySelectorAll("[data-ordered][id]")) {
                reorder(list, page);
            }
        } catch {
            // No contact: what is drawn stays, and saving tells what is wrong.
        }
    }

    function lookSoon(event) {
        const form = event.target.closest("form[data-looks]");
        const list = event.target.closest("[data-ordered]");
        if (list) {
            list.dataset.edited = "";
        }
        if (form) {
            clearTimeout(timer);
            timer = setTimeout(() => look(form), WAIT_MS);
        }
    }

    // What a page that came back wants to be filled in next; a busy browser may pass over it.
    if (document.activeElement === document.body) {
        document.querySelector("form[data-looks] [autofocus]")?.focus();
    }

    document.addEventListener("click", (event) => {
        const adder = event.target.closest("[data-add-row]");
        if (adder && addRow(adder.dataset.addRow)) {
            event.preventDefault();
        }
    });
    document.addEventListener("focusout", (event) => {
        const list = event.target.closest("[data-ordered][data-edited]");
        if (list && !list.contains(event.relatedTarget)) {
            lookSoon(event);
        }
    });
    document.addEventListener("input", lookSoon);
    document.addEventListener("change", lookSoon);
})();
