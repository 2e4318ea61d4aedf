/* SPDX-License-Identifier: EUPL-1.2 */
/* On the page itself: answers without loading it anew.  On any other page, by one script tag: puts
 * the page there in a frame.  Without it the form works as it is. */
(function () {
    "use strict";
    var script = document.currentScript;
    var form = document.getElementById("hoheit-citizen");
    var answer = document.getElementById("answer");
    function embed() {
        var frame = document.createElement("iframe");
        frame.src = new URL("/citizen", script.src).href;
        frame.title = "Frage an die Behörde";
        frame.style.cssText = "width:100%;min-height:40rem;border:0";
        script.insertAdjacentElement("afterend", frame);
    }
    async function ask(event) {
        var button = form.querySelector("button");
        event.preventDefault();
        if (button.getAttribute("aria-disabled") === "true")
            return;
        button.setAttribute("aria-disabled", "true");
        try {
            var reply = await fetch("/citizen?part=answer", {
                method: "POST",
                body: new URLSearchParams(new FormData(form))
            });
            if (!reply.ok)
                throw new Error(String(reply.status));
            answer.innerHTML = await reply.text(); /* escaped by the server */
            answer.focus();
        } catch (e) {
            form.submit();
        }
        button.removeAttribute("aria-disabled");
    }
    if (form && answer)
        form.addEventListener("submit", ask);
    else if (script)
        embed();
})();
