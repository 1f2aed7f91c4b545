/* Moves and removes the lines of the form editor in place; without it the buttons load the page. */
"use strict";

(() => {
    const list = document.querySelector("[data-rows]");
    if (!list) {
        return;
    }
    let isChanged = false;

    function move(row, isUp) {
        const other = isUp ? row.previousElementSibling : row.nextElementSibling;
        const first = isUp && other === list.firstElementChild ? row : !isUp && row === list.firstElementChild ? other : null;
        // The first line is always a section.
        if (!other || (first && !first.classList.contains("editor-section"))) {
            return;
        }
        if (isUp) {
            other.before(row);
        } else {
            other.after(row);
        }
    }

    list.addEventListener("click", (event) => {
        const button = event.target.closest("button[data-move]");
        if (!button) {
            return;
        }
        event.preventDefault();
        isChanged = true;
        move(button.closest("[data-row]"), button.dataset.move === "up");
        button.focus();
    });
    document.addEventListener("input", () => {
        isChanged = true;
    });
    document.addEventListener("submit", () => {
        isChanged = false;
    });
    window.addEventListener("beforeunload", (event) => {
        if (isChanged) {
            event.preventDefault();
        }
    });
})();
