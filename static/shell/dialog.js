/*
Shows a page that is a form as a dialog over the page it was opened from.

A link or button carries data-dialog="address". The page at the address holds an element
[data-dialog-content]; only that is shown. Its form is sent in the background: a refusal shows
again with its reasons, and after a success the browser goes where the server says. Without this
script the link opens the same page by itself.
*/
"use strict";

(() => {
    const HEADERS = { "X-Dialog": "1" };

    function host() {
        return document.querySelector("[data-dialog-host]");
    }

    async function open(address) {
        const response = await fetch(address, { headers: HEADERS, credentials: "same-origin" });
        if (!(await show(response))) {
            window.location.assign(address);
        }
    }

    /* True when the response was a dialog and is now shown. */
    async function show(response) {
        const next = response.headers.get("X-Location");
        if (next) {
            leave(next);
            return true;
        }
        const page = new DOMParser().parseFromString(await response.text(), "text/html");
        const content = page.querySelector("[data-dialog-content]");
        const refusal = page.querySelector("[data-refusal], main .note-late");
        if (!content && refusal && host().open) {
            for (const button of host().querySelectorAll("button")) {
                button.disabled = false;
            }
            notice(host(), document.importNode(refusal, true));
            return true;
        }
        if (!content) {
            return false;
        }
        content.className = "dialog-content";
        const dialog = host();
        dialog.replaceChildren(document.importNode(content, true));
        if (!dialog.open) {
            dialog.showModal();
        }
        const first =
            dialog.querySelector("[aria-invalid='true'], [autofocus]") ||
            dialog.querySelector(".dialog-body :is(input:not([type='hidden']), select, textarea)");
        if (first) {
            first.focus();
        }
        document.dispatchEvent(new CustomEvent("dialog:shown", { detail: dialog }));
        return true;
    }

    function leave(address) {
        const here = window.location;
        const target = new URL(address, here.href);
        if (target.pathname === here.pathname && target.search === here.search) {
            here.reload();
        } else {
            here.assign(target.href);
        }
    }

    async function send(form, submitter) {
        const body = new FormData(form, submitter);
        for (const button of form.querySelectorAll("button")) {
            button.disabled = true;
        }
        const address = submitter?.getAttribute("formaction") || form.getAttribute("action");
        const response = await fetch(address, {
            method: "POST",
            body,
            headers: HEADERS,
            credentials: "same-origin",
        });
        if (!(await show(response))) {
            showFailure();
        }
    }

    function showFailure() {
        const dialog = host();
        for (const button of dialog.querySelectorAll("button")) {
            button.disabled = false;
        }
        notice(dialog, note("This could not be sent. Load the page again and look before you try again."));
    }

    function note(text) {
        const element = document.createElement("p");
        element.className = "note note-late";
        element.setAttribute("role", "alert");
        element.textContent = text;
        return element;
    }

    function notice(dialog, element) {
        dialog.querySelector("[data-notice]")?.remove();
        element.dataset.notice = "";
        (dialog.querySelector(".dialog-body") || dialog).prepend(element);
    }

    document.addEventListener("click", (event) => {
        const opener = event.target.closest("[data-dialog]");
        const isPlain = !(event.ctrlKey || event.metaKey || event.shiftKey || event.button);
        if (opener && isPlain) {
            event.preventDefault();
            open(opener.dataset.dialog || opener.href);
        } else if (event.target.closest("dialog [data-dialog-close]")) {
            event.preventDefault();
            host().close();
        } else if (event.target === host()) {
            host().close();
        }
    });

    document.addEventListener("submit", (event) => {
        const form = event.target;
        if (form.closest("[data-dialog-host]") && form.method === "post") {
            event.preventDefault();
            send(form, event.submitter).catch(showFailure);
        }
    });
})();
