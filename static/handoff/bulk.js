/*
Handing off several drafts. The boxes of a page are ticked together without loading it again, and
a selection that is being handed off goes on by itself. Without this script links and buttons do.
*/
"use strict";

(() => {
    const all = document.querySelector("[data-pick-all]");
    const boxes = [...document.querySelectorAll("[data-pick]")];
    if (all && boxes.length) {
        all.addEventListener("click", (event) => {
            event.preventDefault();
            const tick = boxes.some((box) => !box.checked);
            for (const box of boxes) {
                box.checked = tick;
            }
            count();
        });
        for (const box of boxes) {
            box.addEventListener("change", count);
        }
        count();
    }

    function count() {
        const ticked = boxes.filter((box) => box.checked).length;
        document.querySelector("[data-picked]").textContent = ticked ? `${ticked} selected` : "";
    }

    const form = document.querySelector("form[data-go-on]");
    if (form) {
        form.requestSubmit();
    }
})();
