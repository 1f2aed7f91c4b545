/* Pages outside the shell take over the colours that were chosen inside it. */
"use strict";

(() => {
    let theme = "auto";
    try {
        theme = JSON.parse(localStorage.getItem("adminTheme")) || "auto";
    } catch {
        // Nothing was chosen, or storage is closed: the system decides.
    }
    const isDark = theme === "dark" || (theme === "auto" && window.matchMedia("(prefers-color-scheme: dark)").matches);
    document.documentElement.classList.toggle("dark", isDark);
})();
