/* SPDX-License-Identifier: EUPL-1.2 */
/* page.cjs URL SHOTS - the citizens' page in a real browser: judged by axe-core, used by keyboard
 * alone, without JavaScript, narrow, dark, and on another page by its script tag.  Prints TAP. */
"use strict";
const http = require("http");
const { chromium } = require("playwright-core");
const axe = require("axe-core");
const [, , url, shots] = process.argv;
const question = "Wie hoch ist die Hundesteuer für den ersten Hund?";
let number = 0;
let bad = 0;

function result(name, good, why) {
    console.log((good ? "ok " : "not ok ") + ++number + " - " + name);
    if (!good && why)
        console.log("# " + String(why).split("\n").join("\n# "));
    bad += good ? 0 : 1;
}

/* What axe finds against WCAG 2.1 A and AA and its own best practices. */
async function judge(page, name) {
    await page.evaluate(axe.source); /* the page's own policy lets no script in */
    const found = await page.evaluate(() => window.axe.run(document, {
        runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]
    }));
    result(name, found.violations.length === 0 && found.passes.length > 10,
        found.violations.map((v) => v.id + ": " + v.nodes.map((n) => n.html).join(" | ")).join("\n"));
}

async function shoot(page, name) {
    if (shots)
        await page.screenshot({ path: shots + "/" + name + ".png", fullPage: true });
}

async function focused(page) {
    return page.evaluate(() => document.activeElement.id || document.activeElement.className ||
        document.activeElement.tagName);
}

async function withKeyboard(browser) {
    const context = await browser.newContext();
    const page = await context.newPage();
    const visited = [];
    await page.goto(url + "/citizen");
    await judge(page, "axe finds nothing on the empty page");
    await shoot(page, "empty");
    for (let i = 0; i < 3; i++) {
        await page.keyboard.press("Tab");
        visited.push(await focused(page));
        if (visited[i] === "question")
            await page.keyboard.type(question);
    }
    result("Tab goes from the skip link to the question to the button",
        visited.join() === "skip,question,BUTTON", visited.join());
    await page.keyboard.press("Enter");
    await page.waitForSelector("#answer blockquote");
    result("Enter asks, and the answer is there with its source",
        (await page.textContent("#answer")).includes("96 Euro") &&
        (await page.textContent("#answer cite")).includes("Quelle"));
    result("and has the focus", (await focused(page)) === "answer", await focused(page));
    await page.waitForFunction(() => document.activeElement.id === "answer");
    result("it is announced politely",
        (await page.getAttribute("#answer", "aria-live")) === "polite");
    await judge(page, "axe finds nothing on the answer");
    await shoot(page, "answer");
    await page.fill("#question", "Meine IBAN ist DE89370400440532013000. Was kostet Fliegen zum Neptun?");
    await page.click("#hoheit-citizen button");
    await page.waitForSelector(".personal");
    await judge(page, "axe finds nothing where personal data is pointed out and a person offered");
    await shoot(page, "handover");
    await page.fill("#question", "Was kostet das?");
    await page.click("#hoheit-citizen button");
    await page.waitForSelector(".choices");
    await judge(page, "axe finds nothing on choices, which what was not answered does not hinder");
    await shoot(page, "choices");
    result("no cookie is set and nothing is stored",
        (await context.cookies()).length === 0 &&
        (await page.evaluate(() => localStorage.length + sessionStorage.length)) === 0);
    await context.close();
}

async function withoutScripts(browser) {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    await page.goto(url + "/citizen");
    await page.fill("#question", question);
    await Promise.all([page.waitForNavigation(), page.click("button")]);
    result("without JavaScript the form answers", (await page.textContent("#answer")).includes("96 Euro"));
    await context.close();
}

async function narrow(browser) {
    const context = await browser.newContext({ viewport: { width: 320, height: 640 }, colorScheme: "dark" });
    const page = await context.newPage();
    await page.goto(url + "/citizen?question=" + encodeURIComponent(question));
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    result("at 320 pixels nothing is wider than the page", wide <= 320, wide);
    await judge(page, "axe finds nothing in the dark");
    await shoot(page, "narrow");
    await context.close();
}

/* A page of somebody else's: another origin, and the script tag. */
function town() {
    const server = http.createServer((request, reply) => {
        reply.setHeader("content-type", "text/html; charset=utf-8");
        reply.end("<!DOCTYPE html><html lang=de><title>Stadt</title><h1>Stadt</h1>" +
            "<script src=\"" + url + "/citizen/citizen.js\"></script></html>");
    });
    return new Promise((done) => server.listen(0, "127.0.0.1", () => done(server)));
}

async function elsewhere(browser) {
    const server = await town();
    const page = await browser.newPage();
    await page.goto("http://127.0.0.1:" + server.address().port + "/");
    const frame = page.frameLocator("iframe[title]");
    await frame.locator("#question").fill(question);
    await frame.locator("button").first().click();
    await frame.locator("#answer blockquote").first().waitFor();
    result("one script tag puts it on another page",
        (await frame.locator("#answer").textContent()).includes("96 Euro"));
    await shoot(page, "elsewhere");
    result("which gets no cookie either", (await page.context().cookies()).length === 0);
    await page.close();
    server.close();
}

(async function () {
    const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox"] });
    for (const part of [withKeyboard, withoutScripts, narrow, elsewhere])
        try {
            await part(browser);
        } catch (e) {
            result(part.name, false, e.message);
        }
    await browser.close();
    console.log("1.." + number);
    process.exitCode = bad ? 1 : 0;
})();
