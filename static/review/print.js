/* The print button. Paper is light: the dark colours are taken off while the page is printed. */
"use strict";

(() => {
    const root = document.documentElement;
    let wasDark = false;

    window.addEventListener("beforeprint", () => {
        wasDark = root.classList.contains("dark");
        root.classList.remove("dark");
    });
    window.addEventListener("afterprint", () => {
        root.classList.toggle("dark", wasDark);
    });
    document.addEventListener("DOMContentLoaded", () => {
        for (const button of document.querySelectorAll("[data-print]")) {
            button.hidden = false;
            button.addEventListener("click", () => window.print());
        }
    });
})();
