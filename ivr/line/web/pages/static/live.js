// Keeps a page as the server has it. Each second it asks whether anything has changed; if so, the
// page is fetched again and every [data-live] part of it is brought up to date in place: what has
// the focus, what is being typed and what is folded open stay as they are. Forms inside are sent
// without leaving the page. A page works without this file, only not by itself.

const lost = document.querySelector("#lost");
const changes = document.body.dataset.changes;
let latest = document.body.dataset.latest ?? "";
let busy = false;

function sameKind(one, other) {
  return one.nodeType === other.nodeType && one.nodeName === other.nodeName
    && (one.id ?? "") === (other.id ?? "") && one.dataset?.key === other.dataset?.key;
}

function attributes(from, to) {
  for (const { name } of [...from.attributes]) {
    const open = name === "open" && from.nodeName === "DETAILS";
    if (!to.hasAttribute(name) && !open) from.removeAttribute(name);
  }
  for (const { name, value } of to.attributes) {
    if (from.getAttribute(name) !== value) from.setAttribute(name, value);
  }
}

function typed(field) {
  if (!(field instanceof HTMLElement) || !("form" in field) || field.type === "hidden") return false;
  const chosen = field.type === "radio" || field.type === "checkbox";
  if (field.nodeName === "SELECT") return [...field.options].some((each) => each.selected !== each.defaultSelected);
  return chosen ? field.checked !== field.defaultChecked : field.value !== field.defaultValue;
}

function morph(from, to) {
  if (from.nodeType !== Node.ELEMENT_NODE) {
    if (from.data !== to.data) from.data = to.data;
    return;
  }
  if (from.hasAttribute("data-keep") || typed(from) || from === document.activeElement && "value" in from && from.nodeName !== "BUTTON") return;
  attributes(from, to);
  if (from.nodeName === "INPUT" && !typed(from)) from.value = to.value;
  children(from, to);
}

function children(from, to) {
  let at = from.firstChild;
  for (const wanted of [...to.childNodes]) {
    let found = at;
    while (found && !sameKind(found, wanted)) found = found.nextSibling;
    if (found) {
      while (at !== found) {
        const gone = at;
        at = at.nextSibling;
        gone.remove();
      }
      at = found.nextSibling;
      morph(found, wanted);
    } else {
      from.insertBefore(wanted, at);
    }
  }
  while (at) {
    const gone = at;
    at = at.nextSibling;
    gone.remove();
  }
}

const said = document.querySelector("#said");
const card = () => document.querySelector("#card [data-key]")?.dataset.key;
let ends;

// What was done is said for a few seconds, and for as long as somebody points at it.
function endLater() {
  clearTimeout(ends);
  ends = setTimeout(() => {
    for (const each of said.querySelectorAll(".done:not(:hover, :focus-within)")) each.remove();
    if (said.querySelector(".done")) endLater();
  }, 6000);
}

// Why something couldn't be done is said until something else is sent, or the call is another one.
function show(text, sent) {
  const fresh = new DOMParser().parseFromString(text, "text/html");
  const before = card();
  for (const part of document.querySelectorAll("[data-live]")) {
    const now = fresh.getElementById(part.id);
    const silent = part.id === "said" && !sent && !now?.children.length;
    if (now && !silent) morph(part, document.importNode(now, true));
  }
  if (!sent && card() !== before) said.replaceChildren();
  if (said.querySelector(".done")) endLater();
  latest = fresh.body.dataset.latest ?? latest;
  document.dispatchEvent(new CustomEvent("changed"));
}

async function refresh() {
  const answer = await fetch(location.href, { headers: { "X-Live": "1" } });
  if (answer.redirected && new URL(answer.url).pathname.startsWith("/sign-in")) location.reload();
  else if (answer.ok) show(await answer.text());
}

async function look() {
  try {
    const answer = await fetch(`${changes}?after=${encodeURIComponent(latest)}`);
    if (answer.status === 401 || answer.status === 403) location.reload();
    if (answer.status === 200 && !busy) await refresh();
    if (answer.status >= 500) throw new Error("the server is in trouble");
    lost.hidden = true;
  } catch {
    lost.hidden = false;
  }
  setTimeout(look, 1000);
}

async function send(form, button) {
  const data = new FormData(form, button);
  busy = true;
  if (button) button.disabled = true;
  try {
    const answer = await fetch(button?.hasAttribute("formaction") ? button.formAction : form.action, {
      method: "POST", body: new URLSearchParams(data), headers: { "X-Live": "1" },
    });
    if (answer.ok) {  // sent: what was typed is the server's now
      form.reset();
      for (const folded of document.querySelectorAll("details[open]")) {
        if (folded.contains(form) && !folded.hasAttribute("data-stays")) folded.open = false;
      }
    }
    show(await answer.text(), true);
    document.querySelector("#said [role]")?.scrollIntoView({ block: "nearest" });
  } catch {
    lost.hidden = false;
  } finally {
    busy = false;
    if (button) button.disabled = false;
  }
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || !form.closest("[data-live]")) return;
  event.preventDefault();
  send(form, event.submitter);
});

// Times that count by themselves: <time data-since="…"> up, <time data-until="…"> down.
function clock(seconds) {
  const whole = Math.abs(Math.trunc(seconds));
  const [hours, minutes] = [Math.trunc(whole / 3600), Math.trunc(whole / 60) % 60];
  const rest = `${String(minutes).padStart(hours ? 2 : 1, "0")}:${String(whole % 60).padStart(2, "0")}`;
  return `${seconds < 0 ? "-" : ""}${hours ? `${hours}:` : ""}${rest}`;
}

// The line's clock may not be the browser's.
const ahead = Date.parse(document.body.dataset.now ?? "") - Date.now() || 0;

function tick() {
  const now = Date.now() + ahead;
  for (const each of document.querySelectorAll("time[data-since], time[data-until]")) {
    const { since, until } = each.dataset;
    const text = since ? clock((now - Date.parse(since)) / 1000) : clock((Date.parse(until) - now) / 1000);
    if (each.textContent !== text) each.textContent = text;
    if (until) each.classList.toggle("wrong", Date.parse(until) < now);
  }
}

if (changes) look();
if (said.querySelector(".done")) endLater();
tick();
setInterval(tick, 1000);
document.addEventListener("changed", tick);

export { clock, refresh };
