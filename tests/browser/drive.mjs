// Opens the pages, and does what a reader does: searches, filters, opens an account, follows a reason, goes back, prints.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const folder = process.argv[2], many = Number(process.env.ACCOUNTS ?? 5000);
const axe = readFileSync(new URL("./node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox"] });
let steps = 0;

async function opened(name, { width, scheme }) {
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: scheme });
  const page = await context.newPage();
  const wrong = [];
  page.on("pageerror", (error) => wrong.push(`script error: ${error.message}`));
  page.on("console", (message) => { if (message.type() === "error") wrong.push(`console: ${message.text()}`); });
  page.on("request", (request) => { if (!/^(file|data|about|blob):/.test(request.url()) || (request.url().startsWith("file:") && !request.url().includes(`${name}.html`))) wrong.push(`request: ${request.url()}`); });
  const url = pathToFileURL(`${folder}/${name}.html`).href;
  await page.goto(url);
  await page.waitForSelector("html[data-ready=yes]");
  // from the moment that the page was asked for, by the browser's own clock
  const ready = Math.round(await page.evaluate(() => performance.getEntriesByName("ready")[0].startTime));
  return { page, url, ready, wrong, done: async () => { assert.deepEqual(wrong, [], `${name} ${width} ${scheme}`); await context.close(); } };
}

async function step(what, act) {
  try { await act(); steps += 1; } catch (error) { error.message = `${what}: ${error.message}`; throw error; }
}

/** axe runs by the protocol of the debugger, which the content-security policy of the page does not bind. */
async function accessible(page, what) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  const serious = violations.filter((v) => ["serious", "critical"].includes(v.impact));
  const told = serious.map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => n.html).join(" ")}`);
  assert.deepEqual(told, [], what);
}

/** No part of the page is wider than the window: what is wide scrolls in its own box. */
async function fits(page, what) {
  const [scroll, inner] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(scroll <= inner, `${what}: ${scroll} > ${inner}`);
}

for (const width of [400, 1400]) {
  for (const scheme of ["light", "dark"]) {
    const at = `${width} ${scheme}`;
    const { page, done } = await opened("hospital", { width, scheme });
    const status = () => page.textContent("#status");
    await step(`overview ${at}`, async () => {
      assert.match(await page.textContent("header"), /4 of 5 accounts are covered by the BAA/);
      await fits(page, at);
      await accessible(page, `overview ${at}`);
      await page.screenshot({ path: `${folder}/overview-${width}-${scheme}.png` });
    });
    await step(`search ${at}`, async () => {
      await page.click("nav >> text=Accounts");
      await page.fill("#f-q", "wards");
      await page.waitForFunction(() => document.getElementById("status").textContent === "1 of 5 accounts");
      assert.match(page.url(), /q=wards/);
    });
    await step(`the address is the state ${at}`, async () => {
      await page.reload();
      await page.waitForSelector("html[data-ready=yes]");
      assert.equal(await status(), "1 of 5 accounts");
      assert.equal(await page.inputValue("#f-q"), "wards");
    });
    await step(`an account ${at}`, async () => {
      await page.click("#content a >> text=wards");
      await page.waitForSelector("#detail:not([hidden])");
      const detail = await page.textContent("#detail");
      assert.match(detail, /customer-agreement-OrgBaa0123456789/);
      assert.ok(await page.$("#detail svg.timeline rect.bar-org"));
      await accessible(page, `account ${at}`);
      await page.screenshot({ path: `${folder}/account-${width}-${scheme}.png` });
      await page.keyboard.press("Escape");
      await page.waitForSelector("#detail", { state: "hidden" });
    });
    await step(`filters ${at}`, async () => {
      await page.fill("#f-q", "");
      await page.selectOption("#f-coverage", "not-yes");
      await page.selectOption("#f-phi", "not-no");
      await page.waitForFunction(() => document.getElementById("status").textContent === "1 of 5 accounts");
      assert.match(await page.textContent("#content"), /former-clinic/);
    });
    await step(`a reason ${at}`, async () => {
      await page.click("nav >> text=People");
      await page.fill("#f-q", "maria");
      await page.selectOption("#f-operation", "accept-agreement");
      await page.click('#content a.cell.bad[aria-label*="accept the BAA"] >> nth=0');
      await page.waitForSelector("#detail:not([hidden])");
      assert.match(await page.textContent("#detail"), /No: maria cannot accept the BAA/);
      await accessible(page, `people ${at}`);
      await page.screenshot({ path: `${folder}/people-${width}-${scheme}.png` });
    });
    await step(`back ${at}`, async () => {
      await page.goBack();
      await page.waitForSelector("#detail", { state: "hidden" });
      assert.match(page.url(), /view=people/);
    });
    await step(`findings ${at}`, async () => {
      await page.click("nav >> text=Findings");
      await page.selectOption("#f-severity", "error");
      await page.waitForFunction(() => /^2 of /.test(document.getElementById("status").textContent));
      await accessible(page, `findings ${at}`);
      await fits(page, `findings ${at}`);
    });
    await step(`print ${at}`, async () => {
      const pdf = await page.pdf({ path: `${folder}/hospital.pdf` });
      assert.ok(pdf.length > 10_000);
    });
    await step(`keyboard ${at}`, async () => {
      await page.click("nav >> text=Accounts");
      await page.focus("#f-unit");
      for (let n = 0; n < 3; n += 1) await page.keyboard.press("Tab");
      assert.ok(await page.evaluate(() => document.activeElement.closest("#content") !== null), "the rows are reached by the keyboard");
    });
    await done();
  }
}

for (const width of [400, 1400]) {
  const { page, ready, done } = await opened("large", { width, scheme: "light" });
  await step(`${many} accounts at ${width}: ready`, async () => {
    assert.ok(ready <= 2000, `ready after ${ready} ms`);
    await fits(page, `large ${width}`);
    await page.screenshot({ path: `${folder}/large-${width}.png` });
  });
  await step(`${many} accounts at ${width}: filters`, async () => {
    await page.click("nav >> text=Accounts");
    await page.waitForFunction((n) => document.getElementById("status").textContent === `${n} of ${n} accounts`, many);
    assert.ok((await page.$$("#content .row")).length < 100, "only rows in view are drawn");
    const took = await page.evaluate(async () => {
      const times = [];
      for (const hash of ["#view=accounts&coverage=no", "#view=accounts&q=account-49", "#view=accounts&phi=yes&coverage=not-yes", "#view=people&answer=yes&operation=accept-agreement"]) {
        const start = performance.now();
        location.hash = hash;
        await new Promise((resolve) => addEventListener("hashchange", resolve, { once: true }));
        times.push(Math.round(performance.now() - start));
      }
      return times;
    });
    assert.ok(Math.max(...took) <= 100, `filters took ${took.join(", ")} ms`);
    console.log(`${many} accounts at ${width}: ready in ${ready} ms, filters in ${took.join(", ")} ms`);
  });
  await step(`${many} accounts at ${width}: scrolling`, async () => {
    await page.goto(page.url().replace(/#.*/, "#view=accounts"));
    await page.waitForFunction((n) => document.getElementById("status").textContent === `${n} of ${n} accounts`, many);
    const far = Math.floor(many * 0.8);
    await page.evaluate((row) => { document.querySelector(".scroll").scrollTop = row * 48; }, far);
    // the name and the number are elements of their own, with a blank between: what is read and copied is one text
    const link = page.locator("#content a.account").filter({ hasText: `(${100000000000 + far})` });
    await link.waitFor();
    assert.equal(await link.textContent(), `account-${far} (${100000000000 + far})`);
    await accessible(page, "large accounts");
  });
  await done();
}

await browser.close();
console.log(`${steps} steps passed`);
