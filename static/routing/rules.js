/*
Makes the rules quicker to edit; without it every button does the same by loading the page.

data-move moves a rule up or down its list at once. Of the comparisons only those are offered that
the chosen fact can be asked, and the value suggests what is known for the fact.
*/
"use strict";

(() => {
    function number(list) {
        [...list.children].forEach((rule, index) => {
            for (const place of rule.querySelectorAll("[data-number]")) {
                place.textContent = String(index + 1);
            }
            const order = rule.querySelector("input[name$='-ORDER']");
            if (order) {
                order.value = String(index + 1);
            }
        });
    }

    function move(button) {
        const rule = button.closest("[data-rule]");
        const list = rule?.parentElement;
        if (!list?.matches("[data-rules]")) {
            return false;
        }
        if (button.dataset.move === "up" && rule.previousElementSibling) {
            list.insertBefore(rule, rule.previousElementSibling);
        } else if (button.dataset.move === "down" && rule.nextElementSibling) {
            list.insertBefore(rule.nextElementSibling, rule);
        }
        number(list);
        button.focus();
        rule.scrollIntoView({ block: "nearest" });
        const place = [...list.children].indexOf(rule) + 1;
        const told = document.querySelector("[data-moved]");
        if (told) {
            told.textContent = `Rule ${place} of ${list.children.length}`;
        }
        button.dispatchEvent(new Event("change", { bubbles: true }));
        return true;
    }

    function fit(row) {
        const fact = row.querySelector("select[name$='-fact']");
        const op = row.querySelector("select[name$='-op']");
        const value = row.querySelector("input[name$='-value']");
        if (!fact || !op || !value) {
            return;
        }
        const kind = fact.selectedOptions[0]?.dataset.kind ?? "";
        for (const option of op.options) {
            const fits = !kind || option.dataset.kinds.split(" ").includes(kind);
            option.hidden = option.disabled = !fits && !option.selected;
        }
        const own = document.getElementById(`rule-values-${fact.value}`);
        value.setAttribute("list", own ? own.id : kind === "number" ? "" : "rule-values");
        value.inputMode = kind === "number" ? "numeric" : "text";
        row.classList.toggle("rule-row-plain", ["known", "unknown"].includes(op.value));
    }

    document.addEventListener("click", (event) => {
        const button = event.target.closest("[data-move]");
        if (button && move(button)) {
            event.preventDefault();
        }
    });
    document.addEventListener("change", (event) => {
        const row = event.target.closest("[data-row]");
        if (row) {
            fit(row);
        }
    });
    for (const row of document.querySelectorAll("[data-rules] [data-row]")) {
        fit(row);
    }
})();
