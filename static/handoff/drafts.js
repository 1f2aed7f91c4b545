/*
The form of a handoff while it is written: what is asked, what is still missing, and saving.

A question says in its data attributes what it asks and when. What is missing is told at once
from what stands in the fields; whether it counts is the server's to say, and comes with every
save. A draft is saved on each pause in typing. Without this script the Save button does it.
*/
"use strict";

(() => {
    const form = document.querySelector("#draft");
    if (!form) {
        return;
    }
    const PAUSE_MS = 2_500;
    const RETRY_MS = 10_000;
    const WEIGHTS = { required: 2, recommended: 1, optional: 0 };
    const NAMED = 4;
    const questions = [...form.querySelectorAll("[data-question]")].map(question);
    const verdicts = new Map();
    let saved = contents();
    let saving = null;
    let timer = 0;
    let isStopped = !form.dataset.autosave;
    let isLeaving = false;
    let isPartly = false;

    /* What is asked */

    function question(element) {
        const key = element.dataset.question;
        return {
            key,
            element,
            ...element.dataset,
            isMarked: "marked" in element.dataset,
            rule: element.dataset.if ? JSON.parse(element.dataset.if) : null,
        };
    }

    function inputs(name) {
        const found = form.elements.namedItem(name);
        return found ? (found instanceof RadioNodeList ? [...found] : [found]) : [];
    }

    function values(name) {
        return inputs(name)
            .filter((input) => !["radio", "checkbox"].includes(input.type) || input.checked)
            .flatMap((input) => (input.tagName === "TEXTAREA" ? input.value.split("\n") : [input.value]))
            .map((value) => value.trim())
            .filter(Boolean);
    }

    function said(key) {
        return [...values(key), ...values(`${key}__state`)];
    }

    function halves(one) {
        if (verdicts.has(one.key) && verdicts.get(one.key).value === said(one.key).join("\n")) {
            return 0;
        }
        if (values(`${one.key}__state`).length) {
            return 1;
        }
        return values(one.key).length ? 2 : 0;
    }

    function holds(rule) {
        const answers = said(rule.field).map((value) => value.toLowerCase());
        if (rule.op === "filled") {
            return answers.length > 0;
        }
        return rule.values.some((value) => answers.includes(value.trim().toLowerCase()));
    }

    /* Who depends on whom is found in as many rounds as it takes: marked questions stand first. */
    function asked() {
        const keys = new Set();
        let before = -1;
        while (keys.size > before) {
            before = keys.size;
            for (const one of questions) {
                if (!one.rule || (keys.has(one.rule.field) && holds(one.rule))) {
                    keys.add(one.key);
                }
            }
        }
        for (const one of questions) {
            one.element.hidden = !keys.has(one.key);
        }
        return questions.filter((one) => keys.has(one.key));
    }

    /* What is still missing */

    function show() {
        const shown = asked();
        const total = shown.reduce((sum, one) => sum + 2 * WEIGHTS[one.need], 0);
        const filled = shown.reduce((sum, one) => sum + halves(one) * WEIGHTS[one.need], 0);
        const percent = total ? Math.floor((100 * filled) / total) : 100;
        const missing = shown.filter((one) => isMissing(one));
        const helpful = shown.filter((one) => one.need === "recommended" && !said(one.key).length && !one.isMarked);
        showMeter(percent, missing, helpful, total);
        showParts(shown);
        showStill(missing);
    }

    function isMissing(one) {
        const isWanted = one.need === "required" || one.isMarked;
        return !halves(one) && (isWanted || said(one.key).length > 0);
    }

    function showMeter(percent, missing, helpful, total) {
        const card = document.querySelector("[data-progress]");
        if (!card) {
            return;
        }
        card.querySelector("[data-percent]").textContent = `${percent} %`;
        card.querySelector(".bar-fill").setAttribute("width", `${percent}%`);
        const count = document.createElement(missing.length ? "b" : "span");
        count.textContent = missing.length ? `${missing.length} to answer` : "Ready to hand off";
        card.querySelector("[data-count]").replaceChildren(count);
        fill(card.querySelector("[data-missing]"), missing, (one) => line("error", one, words(one), ""));
        fill(card.querySelector("[data-helpful]"), helpful, (one) =>
            line("radio_button_unchecked", one, "", `+${Math.floor((200 * WEIGHTS[one.need]) / total)} %`),
        );
        card.querySelector("[data-helpful-title]").hidden = !helpful.length;
    }

    function words(one) {
        return halves(one) || !said(one.key).length ? one.help : verdicts.get(one.key).words;
    }

    function fill(list, entries, make) {
        list.hidden = !entries.length;
        list.replaceChildren(...entries.map(make));
    }

    function line(icon, one, after, right) {
        const item = document.createElement("li");
        const sign = document.createElement("span");
        sign.className = "icon";
        sign.setAttribute("aria-hidden", "true");
        sign.textContent = icon;
        const text = document.createElement("span");
        text.className = "grow";
        const link = document.createElement("a");
        link.className = "link";
        link.href = `#id_${one.key}`;
        link.textContent = one.label;
        text.append(link, after ? `: ${after}` : "");
        item.append(sign, text);
        if (right) {
            const more = document.createElement("span");
            more.className = "muted";
            more.textContent = right;
            item.append(more);
        }
        return item;
    }

    function showParts(shown) {
        for (const link of document.querySelectorAll("[data-part]")) {
            const wanted = shown.filter((one) => one.home === link.dataset.part && WEIGHTS[one.need]);
            const filled = wanted.filter((one) => halves(one)).length;
            const text = link.querySelector("span");
            const isComplete = filled === wanted.length;
            text.textContent = isComplete ? "complete" : `${filled} of ${wanted.length} filled`;
            text.classList.toggle("is-complete", isComplete);
        }
    }

    function showStill(missing) {
        const place = document.querySelector("[data-still]");
        const button = document.querySelector("[data-hand-off]");
        if (!place || !button) {
            return;
        }
        const named = missing.slice(0, NAMED).map((one) => lower(one.label));
        const rest = missing.length - named.length;
        const more = rest ? ` and ${rest} more` : "";
        place.textContent = missing.length ? `Still missing: ${named.join(", ")}${more}.` : "Ready to hand off.";
        place.classList.toggle("is-ready", !missing.length);
        button.classList.toggle("is-waiting", missing.length > 0);
    }

    function lower(text) {
        return /^[A-Z][a-z]/.test(text) ? text[0].toLowerCase() + text.slice(1) : text;
    }

    /* Saving */

    function contents() {
        const data = new FormData(form);
        for (const name of ["csrfmiddlewaretoken", "version"]) {
            data.delete(name);
        }
        return new URLSearchParams(data).toString();
    }

    function isDirty() {
        return contents() !== saved;
    }

    function changed(event) {
        show();
        window.clearTimeout(timer);
        if (!isStopped && isDirty()) {
            timer = window.setTimeout(save, event.type === "change" ? PAUSE_MS / 3 : PAUSE_MS);
        }
    }

    /* Without the names of contact and company a draft could not be found again. */
    function unnamed() {
        const first = (form.dataset.first || "").split(" ").filter(Boolean);
        return first.filter((key) => inputs(key).length && !values(key).length);
    }

    async function save() {
        window.clearTimeout(timer);
        if (saving) {
            await saving;
        }
        if (isStopped || isLeaving || !isDirty()) {
            return;
        }
        if (unnamed().length) {
            tell("Saved as soon as company and contact are named", "edit_note");
            return;
        }
        saving = send().finally(() => {
            saving = null;
        });
        await saving;
    }

    async function send() {
        const sent = contents();
        tell("Saving", "sync");
        let response;
        try {
            response = await fetch(form.dataset.autosave, {
                method: "POST",
                body: new URLSearchParams(new FormData(form)),
                credentials: "same-origin",
                headers: { Accept: "application/json" },
            });
        } catch {
            notSaved("no connection. What you typed stays here; trying again");
            return;
        }
        const isOurs = response.headers.get("Content-Type")?.startsWith("application/json");
        if (!isOurs) {
            notSaved(response.redirected ? "you are signed out. Sign in in another window; trying again" : "the server did not take it; trying again");
            return;
        }
        const answer = await response.json();
        if (response.ok) {
            saved = sent;
            keep(answer);
        } else if (response.status === 409) {
            conflict(answer);
        } else {
            tell(`Not saved: ${answer.problems[0]?.message || answer.message}`, "error", true);
        }
        judge(answer.progress);
    }

    function keep(answer) {
        setVersion(answer.version);
        // The buttons are named "action" too, which hides the property of that name.
        form.setAttribute("action", answer.edit);
        form.dataset.autosave = answer.autosave;
        delete form.dataset.first;
        if (window.location.pathname !== answer.edit) {
            window.history.replaceState(null, "", answer.edit);
        }
        notes().replaceChildren();
        isPartly = answer.problems.length > 0;
        if (isPartly) {
            tell(`Saved ${answer.saved}, all but one: ${answer.problems[0].message}`, "error", true);
        } else {
            tell(`Saved ${answer.saved}`, "cloud_done");
        }
        if (isDirty()) {
            timer = window.setTimeout(save, PAUSE_MS);
        }
    }

    function setVersion(version) {
        let input = form.elements.namedItem("version");
        if (!input) {
            input = document.createElement("input");
            input.type = "hidden";
            input.name = "version";
            form.append(input);
        }
        input.value = version;
    }

    function judge(progress) {
        verdicts.clear();
        for (const lack of progress?.missing || []) {
            if (!lack.is_empty) {
                verdicts.set(lack.key, { words: lack.words, value: said(lack.key).join("\n") });
            }
        }
        show();
    }

    function notSaved(why) {
        tell(`Not saved: ${why}`, "cloud_off", true);
        window.clearTimeout(timer);
        timer = window.setTimeout(save, RETRY_MS);
    }

    function tell(text, icon, isRefused = false) {
        const place = document.querySelector("[data-saved]");
        const sign = document.createElement("span");
        sign.className = "icon";
        sign.setAttribute("aria-hidden", "true");
        sign.textContent = icon;
        place.replaceChildren(sign, text);
        place.classList.toggle("is-refused", isRefused);
    }

    function notes() {
        return document.querySelector("[data-save-notes]");
    }

    /* Somebody else, or the same person in another window, was faster. */
    function conflict(answer) {
        isStopped = true;
        tell("Not saved", "error", true);
        const note = document.createElement("div");
        note.className = "note note-late";
        note.setAttribute("role", "alert");
        const says = document.createElement("p");
        says.className = "grow";
        const title = document.createElement("b");
        const isDraft = answer.current?.status === "draft";
        title.textContent = isDraft ? "This draft was changed in another window. " : "Not saved: ";
        says.append(title, `${answer.message.replace(" Nothing was changed.", "")} What you typed is still here. `);
        const load = document.createElement("a");
        load.href = form.getAttribute("action");
        load.textContent = isDraft ? "Load what is stored" : "Open the handoff";
        load.addEventListener("click", () => {
            isLeaving = true;
        });
        says.append(load);
        note.append(says);
        if (isDraft) {
            note.append(keepMine(answer.current.version));
        }
        notes().replaceChildren(note);
        note.scrollIntoView({ block: "nearest" });
    }

    function keepMine(version) {
        const button = document.createElement("button");
        button.type = "button";
        button.className = "button button-small";
        button.textContent = "Keep mine";
        button.addEventListener("click", () => {
            setVersion(version);
            isStopped = false;
            notes().replaceChildren();
            save();
        });
        return button;
    }

    /* Leaving, and keys */

    async function submit(event) {
        if (saving) {
            event.preventDefault();
            await saving;
            form.requestSubmit(event.submitter);
            return;
        }
        isLeaving = true;
        window.clearTimeout(timer);
    }

    function press(event) {
        if (!(event.ctrlKey || event.metaKey) || event.altKey || document.querySelector("dialog[open]")) {
            return;
        }
        if (event.key === "Enter") {
            event.preventDefault();
            document.querySelector("[data-hand-off]").click();
        } else if (event.key.toLowerCase() === "s") {
            event.preventDefault();
            save();
        }
    }

    function follow() {
        const links = new Map([...document.querySelectorAll("[data-part]")].map((link) => [link.hash.slice(1), link]));
        const seen = new IntersectionObserver(
            (entries) => {
                for (const entry of entries.filter((one) => one.isIntersecting)) {
                    links.forEach((link) => link.removeAttribute("aria-current"));
                    links.get(entry.target.getAttribute("aria-labelledby"))?.setAttribute("aria-current", "true");
                }
            },
            { rootMargin: "-20% 0px -70% 0px" },
        );
        form.querySelectorAll("section[aria-labelledby^='section-']").forEach((section) => seen.observe(section));
    }

    document.documentElement.classList.add("is-live");
    for (const item of document.querySelectorAll("[data-verdict]")) {
        verdicts.set(item.dataset.lack, { words: item.dataset.verdict, value: said(item.dataset.lack).join("\n") });
    }
    if ("unsaved" in form.dataset) {
        saved = "";
    }
    form.addEventListener("input", changed);
    form.addEventListener("change", changed);
    form.addEventListener("submit", submit);
    document.addEventListener("keydown", press);
    document.addEventListener("visibilitychange", () => document.hidden && save());
    window.addEventListener("beforeunload", (event) => {
        if (!isLeaving && form.dataset.autosave && (isPartly || isDirty())) {
            event.preventDefault();
        }
    });
    follow();
    show();
})();
