/* The frame's own behaviour: menu, colours, account menu, help on keys. */
"use strict";

(() => {
    const KEYS_ATTRIBUTE = "data-key";
    const wide = window.matchMedia("(min-width: 1101px)");

    function toggleSidebar() {
        const name = wide.matches ? "side-closed" : "side-open";
        const isOn = document.body.classList.toggle(name);
        if (wide.matches) {
            localStorage.setItem("side-closed", isOn ? "1" : "");
        }
        tellSidebar();
        if (!wide.matches && isOn) {
            document.querySelector("#nav-sidebar a").focus();
        }
    }

    function tellSidebar() {
        const classes = document.body.classList;
        const isOpen = wide.matches ? !classes.contains("side-closed") : classes.contains("side-open");
        for (const button of document.querySelectorAll("button[data-toggle-sidebar]")) {
            button.setAttribute("aria-expanded", String(isOpen));
        }
    }

    function chooseTheme(theme) {
        // Unfold keeps the choice; the shell only offers it in its own menu.
        Alpine.$data(document.documentElement).switchTheme(theme);
        tellTheme(theme);
    }

    function tellTheme(theme) {
        for (const button of document.querySelectorAll("[data-theme]")) {
            button.setAttribute("aria-pressed", String(button.dataset.theme === theme));
        }
    }

    function keptTheme() {
        try {
            return JSON.parse(localStorage.getItem("adminTheme")) || "auto";
        } catch {
            return "auto";
        }
    }

    function closeMenus(except) {
        for (const menu of document.querySelectorAll("details[data-menu][open]")) {
            if (menu !== except) {
                menu.open = false;
            }
        }
    }

    function isTyping(target) {
        return target.closest("input, select, textarea, [contenteditable], dialog") !== null;
    }

    /*
    A page offers keys by data-key="a" data-key-name="Accept" on a link or button. Within an
    element with data-row they belong to that row: j and k move from row to row, by the focus on
    each row's data-open, so that Enter opens it and what has the focus is always seen.
    */
    function pressKey(event) {
        if (event.key === "Escape") {
            closeMenus(null);
            document.body.classList.remove("side-open");
            tellSidebar();
            return;
        }
        if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) {
            return;
        }
        if (localStorage.getItem("keys") === "off" && event.key !== "?") {
            return;
        }
        if (event.key === "?") {
            showKeys();
            return;
        }
        if (event.key === "j" || event.key === "k") {
            moveRow(event.key === "j" ? 1 : -1);
            return;
        }
        const target = keyTarget(CSS.escape(event.key));
        if (target) {
            event.preventDefault();
            useTarget(target);
        }
    }

    function rows() {
        return [...document.querySelectorAll("[data-row]")];
    }

    function currentRow() {
        return document.activeElement?.closest("[data-row]") || null;
    }

    function moveRow(by) {
        const all = rows();
        const at = all.indexOf(currentRow());
        const next = at < 0 ? all[0] : all[Math.min(Math.max(at + by, 0), all.length - 1)];
        next?.querySelector("[data-open]")?.focus();
    }

    /* Without a row in focus the key of a row only leads to the first one: nothing is done yet. */
    function keyTarget(key) {
        const own = currentRow()?.querySelector(`[${KEYS_ATTRIBUTE}="${key}"]`);
        const free = document.querySelector(`[${KEYS_ATTRIBUTE}="${key}"]:not([data-row] *)`);
        const isOfRows = !currentRow() && document.querySelector(`[data-row] [${KEYS_ATTRIBUTE}="${key}"]`);
        return own || free || (isOfRows ? rows()[0].querySelector("[data-open]") : null);
    }

    function useTarget(target) {
        if (target.matches("input, [data-open]")) {
            target.focus();
        } else {
            target.click();
        }
    }

    function showKeys() {
        const host = document.querySelector("[data-dialog-host]");
        if (!host || host.open) {
            return;
        }
        const template = document.createElement("div");
        template.className = "dialog-content";
        const head = document.createElement("div");
        head.className = "dialog-head";
        const title = document.createElement("h2");
        title.id = "dialog-title";
        title.textContent = "Keys on this page";
        head.append(title);
        const body = document.createElement("div");
        body.className = "dialog-body";
        const list = document.createElement("dl");
        list.className = "facts facts-narrow";
        body.append(list);
        for (const [key, name] of offeredKeys()) {
            const term = document.createElement("dt");
            const cap = document.createElement("kbd");
            cap.textContent = key;
            term.append(cap);
            const says = document.createElement("dd");
            says.textContent = name;
            list.append(term, says);
        }
        const foot = document.createElement("div");
        foot.className = "dialog-foot";
        const toggle = document.createElement("button");
        toggle.type = "button";
        toggle.className = "button";
        const tell = () => {
            const isOff = localStorage.getItem("keys") === "off";
            toggle.textContent = isOff ? "Switch single keys on" : "Switch single keys off";
        };
        toggle.addEventListener("click", () => {
            const isOff = localStorage.getItem("keys") === "off";
            localStorage.setItem("keys", isOff ? "on" : "off");
            tell();
        });
        tell();
        const close = document.createElement("button");
        close.type = "button";
        close.className = "button button-primary";
        close.textContent = "Close";
        close.addEventListener("click", () => host.close());
        foot.append(toggle, close);
        template.append(head, body, foot);
        host.replaceChildren(template);
        host.showModal();
    }

    function offeredKeys() {
        const keys = new Map([
            ["?", "Show the keys"],
            ["Esc", "Close"],
        ]);
        if (rows().length) {
            keys.set("j", "Next row").set("k", "Row before").set("Enter", "Open the row");
        }
        for (const element of document.querySelectorAll(`[${KEYS_ATTRIBUTE}]`)) {
            keys.set(element.getAttribute(KEYS_ATTRIBUTE), element.dataset.keyName || element.textContent.trim());
        }
        return keys;
    }

    document.addEventListener("click", (event) => {
        if (event.target.closest("[data-toggle-sidebar]")) {
            toggleSidebar();
        }
        const theme = event.target.closest("[data-theme]");
        if (theme) {
            chooseTheme(theme.dataset.theme);
        }
        closeMenus(event.target.closest("details[data-menu]"));
    });
    document.addEventListener("keydown", pressKey);
    document.addEventListener("DOMContentLoaded", () => {
        if (localStorage.getItem("side-closed")) {
            document.body.classList.add("side-closed");
        }
        tellSidebar();
        tellTheme(keptTheme());
        wide.addEventListener("change", tellSidebar);
    });
})();
