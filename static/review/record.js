/* Ctrl and Enter save a miss and go to the next one, wherever the focus is. */
"use strict";

document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !document.querySelector("dialog[open]")) {
        const form = document.querySelector("form[data-walk]");
        if (form) {
            event.preventDefault();
            form.requestSubmit();
        }
    }
});
