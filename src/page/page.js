"use strict";
// Draws the page from its data. The state is the fragment of the address, so that the browser's own back, forward and bookmarks work.
// Text is only ever set as text: no name in the data becomes markup.
const data = JSON.parse(document.getElementById("data").textContent);
const ROW = 48, EXTRA = 8, PRINTED = 2000;
const VIEWS = [["overview", "Overview"], ["accounts", "Accounts"], ["people", "People"], ["findings", "Findings"]];
const WORD = { 1: "covered", 0: "not covered", "-1": "not known" };
const TONE = { 1: "good", 0: "bad", "-1": "unsure" };
const MARK = { 1: "✓ yes", 0: "✗ no", "-1": "? unknown" };

const $ = (id) => document.getElementById(id);
const SVG = "http://www.w3.org/2000/svg";
function make(name, attributes = {}, ...children) {
  const element = name.startsWith("svg:") ? document.createElementNS(SVG, name.slice(4)) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) if (value !== null && value !== undefined && value !== false) element.setAttribute(key, value === true ? "" : value);
  element.append(...children.flat().filter((c) => c !== null && c !== undefined));
  return element;
}
const day = (moment) => (moment ? moment.replace("T00:00:00Z", "") : "an unknown day");
const plural = (n, noun) => `${n} ${noun}${n === 1 ? "" : "s"}`;

// the state
const parse = () => new URLSearchParams(location.hash.slice(1));
let state = parse();
const has = (name) => state.get(name);
function address(changes) {
  const next = new URLSearchParams(state);
  for (const [key, value] of Object.entries(changes)) value === null || value === "" ? next.delete(key) : next.set(key, value);
  return "#" + next.toString();
}
const view = () => (VIEWS.some(([v]) => v === has("view")) ? has("view") : "overview");
const kind = () => { const at = data.kinds.findIndex((k) => k[0] === has("kind")); return at < 0 ? data.kind : at; };

// accounts: [number, name, node, role, state, phi, designated, definition, rows by kind]
const accounts = data.accounts ?? [], nodes = data.nodes ?? [], access = data.access ?? { principals: [], asked: [], answers: [], vectors: [] };
const byNumber = new Map(accounts.map((a) => [a[0], a]));
const coverage = (account) => account[8][kind()]?.[0] ?? 0;
const called = (account) => (account[1] ? `${account[1]} (${account[0]})` : account[0]);
// the name gives way where there is no room, and the number never
const cell = (name, number) => [make("span", { class: "name" }, name ?? number), ...(name ? [" ", make("span", { class: "number" }, `(${number})`)] : [])];
const accountCell = (number) => make("span", { class: "account", title: place(number) }, cell(byNumber.get(number)?.[1], number));
const place = (number) => (byNumber.has(number) ? called(byNumber.get(number)) : number);
const haystack = new Map(accounts.map((a) => [a, `${a[0]} ${a[1] ?? ""}`.toLowerCase()]));
const within = (node, wanted) => { for (let at = node; at !== null && at !== undefined; at = nodes[at][2]) if (nodes[at][0] === wanted) return true; return false; };
function wantedAccounts() {
  const text = (has("q") ?? "").toLowerCase(), cover = has("coverage"), phi = has("phi"), unit = has("unit");
  const facts = { yes: 1, no: 0, unknown: -1 };
  return accounts.filter((a) =>
    (!text || haystack.get(a).includes(text)) &&
    (!cover || (cover === "not-yes" ? coverage(a) !== 1 : coverage(a) === facts[cover])) &&
    (!phi || (phi === "not-no" ? a[5] !== 0 : a[5] === facts[phi])) &&
    (!unit || (unit === "none" ? a[2] === null : within(a[2], unit))));
}

// people: [arn, account, kind, name, people, vector]
const title = (p) => (p[4].length ? p[4].join(", ") : p[2] === "root user" ? "the root user" : p[3]);
const answers = access.vectors.map((v) => new Map(v));
const answerOf = (p, asked) => { const at = answers[p[5]].get(asked); return at === undefined ? null : access.answers[at]; };
const peopleText = new Map(access.principals.map((p) => [p, `${p[0]} ${p[3]} ${p[4].join(" ")} ${place(p[1])}`.toLowerCase()]));
function columns() {
  const of = data.kinds[kind()]?.[0];
  return access.asked.map((q, at) => [q, at]).filter(([q]) => q[3] === null || q[3] === of);
}
function wantedPeople(shown) {
  const text = (has("q") ?? "").toLowerCase(), operation = has("operation"), decision = { yes: 1, no: 0, unknown: -1 }[has("answer")];
  return access.principals.filter((p) => {
    if (text && !peopleText.get(p).includes(text)) return false;
    if (decision === undefined && !operation) return true;
    return shown.some(([q, at]) => {
      if (operation && q[1] !== operation) return false;
      const answer = answerOf(p, at);
      return answer && (decision === undefined || answer[0] === decision);
    });
  });
}

// filters: each is a parameter of the address
function select(name, label, options) {
  const control = make("select", { name, id: `f-${name}` }, options.map(([value, words]) => make("option", { value, selected: (has(name) ?? "") === value }, words)));
  control.addEventListener("change", () => { location.hash = address({ [name]: control.value }); });
  return make("label", { for: `f-${name}` }, label, control);
}
function search(label) {
  const control = make("input", { type: "search", name: "q", id: "f-q", value: has("q") ?? "", autocomplete: "off" });
  control.addEventListener("input", () => { history.replaceState(null, "", address({ q: control.value })); state = parse(); draw(false); });
  return make("label", { for: "f-q" }, label, control);
}
const kinds = () => select("kind", "Agreement", data.kinds.map((k, at) => [at === data.kind ? "" : k[0], k[2]]));
const facts = [["", "any"], ["yes", "yes"], ["no", "no"], ["unknown", "not known"]];
function filters() {
  const form = $("filters"), now = view();
  const units = [["", "anywhere"], ...nodes.map((n) => [n[0], n[1]]), ["none", "in no organization"]];
  const operations = [...new Set(access.asked.map((q) => q[1]))].map((o) => [o, o.replaceAll("-", " ")]);
  const all = {
    overview: () => [kinds()],
    accounts: () => [search("Account, by name or number"), kinds(), select("coverage", "Covered", [...facts, ["not-yes", "no, or not known"]]), select("phi", "Holds PHI", [...facts, ["not-no", "yes, or not known"]]), select("unit", "Where", units)],
    people: () => [search("Who, by name, account or ARN"), kinds(), select("operation", "What", [["", "any operation"], ...operations]), select("answer", "Answer", facts)],
    findings: () => [select("severity", "Severity", [["", "any"], ["error", "error"], ["warning", "warning"], ["info", "info"]]), select("code", "Code", [["", "any"], ...[...new Set(data.findings.map((f) => f[1]))].sort().map((c) => [c, c])])],
  };
  form.replaceChildren(...all[now]());
}
$("filters").addEventListener("submit", (event) => event.preventDefault());

// rows are drawn as they come into view
let redraw = null;
function table(label, head, template, rows, cells) {
  const grid = make("div", { class: "grid", role: "rowgroup" });
  const header = make("div", { class: "row head", role: "row", "aria-rowindex": 1 }, head.map((h) => make("span", { role: "columnheader" }, h)));
  const box = make("div", { class: "scroll", role: "table", "aria-label": label, "aria-rowcount": rows.length + 1, tabindex: 0 }, make("div", { role: "rowgroup", class: "top" }, header), grid);
  header.style.gridTemplateColumns = template;
  grid.style.height = `${rows.length * ROW}px`;
  let shown = [-1, -1];
  const line = (at) => {
    const row = make("div", { class: "row at", role: "row", "aria-rowindex": at + 2 }, cells(rows[at]).map((c) => make("span", { role: "cell" }, c)));
    row.style.gridTemplateColumns = template;
    row.style.top = `${at * ROW}px`;
    return row;
  };
  redraw = (all) => {
    const first = all ? 0 : Math.max(0, Math.floor(box.scrollTop / ROW) - EXTRA);
    const last = all ? Math.min(rows.length, PRINTED) : Math.min(rows.length, Math.ceil((box.scrollTop + (box.clientHeight || 800)) / ROW) + EXTRA);
    if (!all && first === shown[0] && last === shown[1]) return;
    const focused = grid.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    shown = [first, last];
    const lines = [];
    for (let at = first; at < last; at += 1) lines.push(line(at));
    grid.replaceChildren(...lines);
    if (focused) [...grid.querySelectorAll("a")].find((a) => a.getAttribute("href") === focused)?.focus({ preventScroll: true });
  };
  box.addEventListener("scroll", () => requestAnimationFrame(() => redraw?.(false)), { passive: true });
  return box;
}
const tag = (words, tone) => make("span", { class: `tag ${tone ?? ""}` }, words);

const DRAW = {
  overview(content) {
    content.append(make("h2", {}, `Where the ${data.kinds[kind()]?.[1] ?? "agreement"} is in force`), key(), map());
    content.append(make("h2", {}, "Who can end this coverage"), ...enders());
    if (data.others.length) content.append(make("h2", {}, "Perhaps others, who are not listed"), make("ul", {}, data.others.map((o) => make("li", {}, o))));
    if (data.gaps.length) content.append(make("h2", {}, "What was not collected"), make("ul", {}, data.gaps.map((g) => make("li", {}, `${g[0]} (${g[1]}): aws ${g[2]}`))));
    content.append(make("h2", {}, "What is wrong"));
    const worst = data.findings.filter((f) => f[0] !== "info").slice(0, 8);
    content.append(...(worst.length ? worst.map(finding) : [make("p", {}, "Nothing was found.")]));
    if (data.findings.length > worst.length) content.append(make("p", {}, make("a", { href: "#view=findings" }, `All ${plural(data.findings.length, "finding")}`)));
    return `${plural(accounts.length, "account")}, ${plural(access.principals.length, "principal")}, ${plural(data.findings.length, "finding")}`;
  },
  accounts(content) {
    const rows = wantedAccounts();
    content.append(table("Accounts", ["Account", "Covered", "By", "Since", "PHI", "Where"], "minmax(16rem,2fr) 7rem 8rem 7rem 6rem minmax(8rem,1fr)", rows, (a) => {
      const row = a[8][kind()] ?? [0];
      return [make("a", { class: "account", title: called(a), href: address({ account: a[0], who: null }) }, cell(a[1], a[0])), tag(WORD[row[0]], TONE[row[0]]), row[2] ?? "–", row[3] ? day(row[3]).slice(0, 10) : row[1] ? "not known" : "–", { 1: "yes", 0: "no", "-1": "not known" }[a[5]], a[2] === null ? "no organization" : nodes[a[2]][1]];
    }));
    return `${rows.length} of ${plural(accounts.length, "account")}`;
  },
  people(content) {
    const shown = columns(), rows = wantedPeople(shown);
    const head = ["Who", "Account", ...shown.map(([q]) => `${q[0]}${q[2] ? ` (${q[2]})` : ""}`)];
    content.append(table("People by operations", head, `minmax(11rem,1.4fr) minmax(16rem,1fr) repeat(${shown.length},6.5rem)`, rows, (p) => {
      const index = access.principals.indexOf(p);
      return [make("span", { title: p[0] }, title(p)), accountCell(p[1]), ...shown.map(([q, at]) => {
        const answer = answerOf(p, at);
        return answer ? make("a", { class: `cell ${TONE[answer[0]]}`, href: address({ who: `${index}.${at}`, account: null }), "aria-label": `${title(p)}, ${q[0]}: ${MARK[answer[0]].slice(2)}` }, MARK[answer[0]]) : make("span", { class: "cell none" }, "–");
      })];
    }));
    return `${rows.length} of ${plural(access.principals.length, "principal")}`;
  },
  findings(content) {
    const rows = data.findings.filter((f) => (!has("severity") || f[0] === has("severity")) && (!has("code") || f[1] === has("code")));
    content.append(...rows.slice(0, 1000).map(finding));
    if (rows.length > 1000) content.append(make("p", {}, `${rows.length - 1000} more: filter by code`));
    return `${rows.length} of ${plural(data.findings.length, "finding")}`;
  },
};
function finding(f) {
  const number = /\d{12}/.exec(f[2])?.[0];
  const about = number && byNumber.has(number) ? make("a", { href: address({ account: number, who: null }) }, f[2]) : f[2];
  return make("article", { class: `finding ${f[0]}` }, make("p", {}, make("strong", {}, about), ` ${f[3]}.`), make("p", {}, `What to do: ${f[4]}.`), make("p", { class: "quiet" }, `${f[0]} · ${f[1]} · ${f[5]}`));
}

function key() {
  const square = (c, words) => make("li", {}, make("svg:svg", { viewBox: "0 0 10 10", "aria-hidden": "true" }, mark(c, 0, 0, 10)), words);
  return make("ul", { class: "key" }, square(1, "covered"), square(0, "not covered"), square(-1, "not known"));
}
// told apart by shape as well as by colour: a square, a cross-cut square, a circle
function mark(c, x, y, size) {
  if (c === -1) return make("svg:circle", { class: "cu", cx: x + size / 2, cy: y + size / 2, r: size / 2 });
  if (c === 1) return make("svg:rect", { class: "c1", x, y, width: size, height: size, rx: size / 5 });
  return make("svg:path", { class: "c0", d: `M${x} ${y}h${size}v${size}h${-size}z M${x + size * 0.35} ${y + size * 0.35}v${size * 0.3}h${size * 0.3}v${-size * 0.3}z`, "fill-rule": "evenodd" });
}
function map() {
  const here = new Map();
  for (const account of accounts) here.set(account[2], [...(here.get(account[2]) ?? []), account]);
  const few = accounts.length <= 300;
  const squares = (list) => {
    const size = list.length > 600 ? 8 : few ? 18 : 12, step = size + 4, across = Math.max(10, Math.floor(1200 / step));
    const width = Math.min(list.length, across) * step, height = Math.ceil(list.length / across) * step;
    const of = (c) => list.filter((a) => coverage(a) === c).length;
    const words = `${of(1)} covered, ${of(0)} not covered, ${of(-1)} not known`;
    const drawn = make("svg:svg", few ? { viewBox: `0 0 ${width} ${height}`, width, height } : { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": words });
    list.forEach((account, at) => {
      const shape = mark(coverage(account), (at % across) * step, Math.floor(at / across) * step, size);
      const label = `${called(account)}: ${WORD[coverage(account)]}`;
      // a link for each while there are few; of many, the table has the links
      if (few) drawn.append(make("svg:a", { href: address({ account: account[0], who: null }), "aria-label": label }, shape));
      else { shape.dataset.account = account[0]; drawn.append(shape); }
      shape.append(make("svg:title", {}, label));
    });
    if (!few) drawn.addEventListener("click", (event) => { const number = event.target.dataset?.account; if (number) location.hash = address({ account: number, who: null }); });
    return [drawn, words];
  };
  const unit = (id, name, index) => {
    const [drawn, words] = here.has(index) ? squares(here.get(index)) : [null, null];
    const below = nodes.map((n, at) => [n, at]).filter(([n]) => index !== null && n[2] === index);
    return make("section", { class: "unit", "aria-label": name }, make("h3", {}, `${name} `, make("span", {}, words ?? "")), drawn, below.map(([n, at]) => unit(n[0], n[1], at)));
  };
  const roots = nodes.map((n, at) => [n, at]).filter(([n]) => n[2] === null).map(([n, at]) => unit(n[0], `Organization ${n[1]}`, at));
  if (here.has(null)) roots.push(unit("none", "In no organization", null));
  return make("div", { class: "map" }, roots);
}

// details of an account or of an answer
let open = "";
function detail() {
  const panel = $("detail"), account = byNumber.get(has("account")), who = has("who")?.split(".").map(Number);
  const principal = who && access.principals[who[0]];
  const asked = who && access.asked[who[1]];
  if (!account && !(principal && asked && answerOf(principal, who[1]))) { panel.hidden = true; open = ""; return; }
  const close = make("a", { class: "close", href: address({ account: null, who: null }) }, "Close");
  panel.replaceChildren(close, ...(account ? ofAccount(account) : ofAnswer(principal, asked, answerOf(principal, who[1]))));
  panel.hidden = false;
  const now = [has("account"), has("who"), kind()].join();
  if (now !== open) panel.focus({ preventScroll: true });
  open = now;
}
const list = (pairs) => make("dl", {}, pairs.filter(([, v]) => v !== null && v !== undefined && v !== "" && v.length !== 0).flatMap(([k, v]) => [make("dt", {}, k), ...[v].flat().map((text) => make("dd", {}, text))]));
function ofAccount(a) {
  const fact = { 1: "yes", 0: "no", "-1": "not known" };
  const parts = [make("h2", {}, called(a)), list([["Organization", a[2] === null ? "none" : path(a[2])], ["Role", a[3]], ["State", a[4].toLowerCase()], ["Holds PHI", fact[a[5]]], ["Designated", fact[a[6]]], ["Meets the definition, as attested", fact[a[7]]]])];
  a[8].forEach((row, at) => {
    if (!row) return;
    parts.push(make("h3", {}, data.kinds[at][2]), tag(WORD[row[0]], TONE[row[0]]), list([["Governed by", row[1]], ["Scope", row[2]], ["Since", row[1] ? day(row[3]) : null], ["Superseded", row[4]], ["Also in force", row[5]], ["Not known", row[6]], ["Assuming", row[7]]]), timeline(a, at));
  });
  const own = access.principals.filter((p) => p[1] === a[0]);
  parts.push(make("p", {}, make("a", { href: "#" + new URLSearchParams({ view: "people", q: a[0] }) }, `${plural(own.length, "principal")} of this account`)));
  const about = data.findings.filter((f) => f[2].includes(a[0]));
  if (about.length) parts.push(make("h3", {}, "Findings"), ...about.map(finding));
  return parts;
}
// endings: [kind, operation, scope, in account, what comes of it, accounts, who can, who perhaps can and why, why nobody who is listed can]
function enders() {
  if (!data.endings) return [make("p", {}, "Not asked of so many accounts: countersign who-can end-coverage DIR --account NUMBER answers for some.")];
  const ways = data.endings.filter((w) => w[0] === data.kinds[kind()]?.[0]), ways_of = ways.filter((w) => !w[8]);
  const row = (w) => make("li", {}, make("b", {}, w[1]), ` in ${place(w[3])}${w[2] ? `, for the ${w[2]}` : ""} (${plural(w[5].length, "account")}: ${w[4]})`, w[6].length ? make("p", {}, `Can: ${w[6].join(", ")}`) : null, ...w[7].map((who) => make("p", {}, `Perhaps: ${who}`)), w[8] ? make("p", {}, `Nobody ${w[8]}`) : null);
  const none = ways.filter((w) => w[8]);
  return [ways_of.length ? make("ul", { class: "ways" }, ways_of.map(row)) : make("p", {}, ways.length ? "Nobody who is listed." : "Nothing is covered by it, or it was not asked."), none.length ? make("h3", {}, `Ways that nobody who is listed can go: ${none.length}`) : null, none.length ? make("ul", { class: "ways" }, none.map(row)) : null, ...data.departing.map((what) => make("p", {}, `${what}.`)), ...data.endingOthers.map((who) => make("p", {}, `Possibly others, not listed: ${who}.`)), make("p", {}, `Not followed: ${data.notFollowed.join("; ")}.`)].filter(Boolean);
}
const path = (node) => (nodes[node][2] === null ? nodes[node][1] : `${path(nodes[node][2])} / ${nodes[node][1]}`);
function ofAnswer(p, q, answer) {
  const word = { 1: "Yes", 0: "No", "-1": "Unknown" }[answer[0]];
  const can = { 1: "can", 0: "cannot", "-1": "perhaps can" }[answer[0]];
  return [
    make("h2", {}, `${word}: ${title(p)} ${can} ${q[0]}`),
    make("p", {}, tag(word, TONE[answer[0]]), ` in ${place(p[1])}${q[2] ? `, for the scope ${q[2]}` : ""}`),
    answer[1] ? make("blockquote", {}, make("p", {}, `“${answer[1]}”`), answer[2] ? make("p", {}, answer[2]) : null) : null,
    list([["Reason", answer[3]], ["Why", answer[4]], ["Depends", answer[5]], ["Would change it", answer[6]], ["Only", answer[8]], ["Through", p[3]], ["Principal", p[0]], ["Rules", answer[7]]]),
  ].filter(Boolean);
}
// history: rows of intervals [coverage, from, until, governing, scope, superseded, why not known, began with], and by account their places
const intervals = (account, at) => data.history?.rows[data.history.accounts[account[0]]?.[at]] ?? [];
const BAR = { organization: "bar-org", account: "bar-own", offline: "bar-off" };
function timeline(account, at) {
  const all = intervals(account, at).filter((i) => i[0] !== 0 || i[1]), end = Date.parse(data.at), time = (m) => (m ? Date.parse(m) : null);
  if (!all.some((i) => i[0] !== 0)) return null;
  const edges = all.flatMap((i) => [time(i[1]), time(i[2])]).filter((t) => t !== null), first = Math.min(...edges, end), span = Math.max(end - first, 864e5);
  const x = (t) => 10 + (460 * (Math.min(Math.max(t, first), end) - first)) / span;
  const told = (i) => `${day(i[1])} to ${i[2] ? day(i[2]) : "today"}: ${WORD[i[0]]}${i[4] ? ` by the ${i[4]} agreement ${i[3]}` : ""}`;
  const drawn = make("svg:svg", { class: "timeline", viewBox: "0 0 480 44", role: "img", "aria-label": all.map(told).join("; ") });
  for (const i of all) {
    const from = x(time(i[1]) ?? first), until = x(time(i[2]) ?? end);
    drawn.append(make("svg:rect", { class: i[0] === 1 ? BAR[i[4]] ?? "bar-org" : i[0] === 0 ? "bar-gap" : "bar-unknown", x: from, y: i[0] === 0 ? 13 : 8, width: Math.max(until - from, 2), height: i[0] === 0 ? 2 : 12, rx: 2 }));
  }
  drawn.append(make("svg:text", { class: "quiet", x: 10, y: 38 }, new Date(first).toISOString().slice(0, 10)), make("svg:text", { class: "quiet", x: 470, y: 38, "text-anchor": "end" }, data.at.slice(0, 10)));
  const row = (i) => make("li", {}, make("b", {}, WORD[i[0]]), ` from ${i[1] ? day(i[1]) : "the beginning"}${i[2] ? ` until ${day(i[2])}` : ""}`, i[4] ? `, by the ${i[4]} agreement ${i[3]}` : "", i[5].length ? `; superseded: ${i[5].join(", ")}` : "", i[8].length ? `; also in force: ${i[8].join(", ")}` : "", i[6] ? `: ${i[6]}` : "", i[7].length ? make("small", {}, i[7].join("; ")) : null);
  return make("div", {}, drawn, make("ul", { class: "edges" }, all.map(row)));
}

// drawing
let drawn = null;
function draw(controls) {
  const now = view();
  $("views").replaceChildren(...VIEWS.map(([id, words]) => make("li", {}, make("a", { href: "#" + new URLSearchParams({ view: id, ...(has("kind") ? { kind: has("kind") } : {}) }), "aria-current": now === id ? "page" : false }, words))));
  if (controls) filters();
  const wanted = new URLSearchParams(state);
  for (const name of ["account", "who"]) wanted.delete(name);
  if (drawn !== wanted.toString()) {
    drawn = wanted.toString();
    redraw = null;
    const content = make("div", { id: "content" });
    $("status").textContent = DRAW[now](content);
    $("content").replaceWith(content);
    redraw?.(false);
  }
  detail();
}
addEventListener("hashchange", () => { const before = [view(), has("kind")].join(); state = parse(); draw(before !== [view(), has("kind")].join() || document.activeElement?.id !== "f-q"); });
addEventListener("resize", () => redraw?.(false));
addEventListener("beforeprint", () => redraw?.(true));
addEventListener("afterprint", () => redraw?.(false));
addEventListener("keydown", (event) => { if (event.key === "Escape" && !$("detail").hidden) location.hash = address({ account: null, who: null }); });
if (data.accounts) { draw(true); document.documentElement.dataset.ready = "yes"; performance.mark("ready"); }
