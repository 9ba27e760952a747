// The simulated phones: each as the person who holds it sees and hears it, with what they can do.

import { hush, isAloud, key as keyTone, ring, setAloud, speak, audio } from "./sound.js";
import { Talk } from "./talk.js";
import { t } from "./words.js";

const place = document.querySelector("[data-phones]");
const only = place.dataset.only;
const called = JSON.parse(place.dataset.names ?? "{}");  // the page's own names for them, if any
const cards = new Map();
const client = sessionStorage.getItem("phones") ?? crypto.randomUUID();
sessionStorage.setItem("phones", client);
const HABITS = { ring: "ring", answer: "answers", busy: "busy", decline: "declines", unreachable: "unreachable",
  voicemail: "voicemail" };
let mark = "";
let current = only ?? "";  // the phone that was used last: the one that is read aloud
let all = false;
let silenced = false;

const at = (path) => `${place.dataset.phones.replace(/\/$/, "")}/${path}`;

function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

function button(label, kind, does) {
  const node = element("button", { type: "button", class: kind }, label);
  node.addEventListener("click", does);
  return node;
}

async function post(path, body) {
  return fetch(at(path), {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
  });
}

const talk = new Talk(
  (from, to, letter) => post("signal", { client, from, to, letter }),
  (mine, other, level) => cards.get(mine)?.hears(other, level),
);

async function act(number, action, value = "") {
  const card = cards.get(number);
  current = number;
  if (["press", "hang_up", "say"].includes(action)) hush();
  try {
    const answer = await post("do", { phone: number, action, value, client });
    const state = await answer.json();
    card.problem.textContent = state.error ?? "";
    if (!state.error) show(state);
    return !state.error;
  } catch {
    card.problem.textContent = t("lost");
    return false;
  }
}

function keypad(phone) {
  const keys = element("div", { class: "keys", role: "group", "aria-label": t("keypad", { name: nameOf(phone) }) });
  for (const each of "123456789*0#") {
    keys.append(button(each, "key", () => press(phone.number, each)));
  }
  return keys;
}

function press(number, pressed) {
  keyTone(pressed);
  act(number, "press", pressed);
}

class Card {
  constructor(phone, dial) {
    const { number } = phone, name = nameOf(phone);
    this.number = number;
    this.count = -1;
    this.dials = element("select", { "aria-label": t("dials", { name }) });
    for (const each of dial) this.dials.append(element("option", { value: each.number }, each.name));
    const own = dial.find((each) => each.language === document.documentElement.lang);
    if (own) this.dials.value = own.number;
    this.state = element("p", { class: "state", role: "status" });
    this.said = element("ol", { class: "said", "aria-label": t("hears", { name }), tabindex: "0" });
    this.problem = element("p", { class: "problem", role: "alert" });
    this.idle = element("div", { class: "line" }, this.dials, button(t("call"), "go", () => act(number, "call", this.dials.value)));
    this.rings = element(
      "div", { class: "line" }, button(t("answer"), "go", () => act(number, "answer")),
      button(t("decline"), "stop", () => act(number, "decline")),
    );
    this.talks = element("div", { class: "talks" }, keypad(phone), button(t("end"), "stop", () => act(number, "hang_up")));
    this.text = this.sentence(phone);
    this.meters = element("div", { class: "meters" });
    this.hand = button(t("hand"), "quiet", () => this.takeOrDrop());
    this.habits = element("select", {});
    for (const [value, label] of Object.entries(HABITS)) this.habits.append(element("option", { value }, t(label)));
    this.habits.addEventListener("change", () => act(number, "will", this.habits.value));
    this.foot = element("div", { class: "foot" }, element("label", {}, `${t("habit")} `, this.habits), this.hand);
    this.root = element(
      "section", { class: "phone", "aria-label": name },
      element("div", { class: "head" }, element("h2", {}, name), element("p", { class: "number" }, number)),
      this.state, this.meters, this.said, this.idle, this.rings, this.talks, this.text, this.problem, this.foot,
    );
    this.root.addEventListener("focusin", () => { current = number; });
    this.root.addEventListener("keydown", (event) => {
      const typing = event.target.matches("input, select");
      if (/^[0-9*#]$/.test(event.key) && !typing && !this.talks.hidden && !event.ctrlKey && !event.metaKey) {
        press(number, event.key);
      }
    });
  }

  sentence(phone) {
    const { number } = phone, name = nameOf(phone);
    const text = element("input", { "aria-label": `${name}: ${t("says")}`, placeholder: t("says"), maxlength: "500", autocomplete: "off" });
    const form = element("form", { class: "line" }, text, element("button", { class: "quiet" }, t("say")));
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (text.value.trim() && await act(number, "say", text.value.trim())) text.value = "";
    });
    return form;
  }

  async takeOrDrop() {
    if (this.inHand) {
      await act(this.number, "put_down");
      if (![...cards.values()].some((card) => card.inHand)) talk.letGo();
      return;
    }
    const microphone = await talk.microphone();
    if (await act(this.number, "take") && !microphone) this.problem.textContent = t("nomic");
  }

  hears(other, level) {
    let meter = this.meters.querySelector(`[data-from="${other}"]`);
    if (level === null) {
      meter?.remove();
      return;
    }
    if (!meter) {
      const who = names.get(other) ?? other;
      meter = element("meter", { "data-from": other, min: "0", max: "1", "aria-label": t("sound", { who }) });
      this.meters.append(meter);
    }
    meter.value = level;
  }

  show(phone) {
    const state = describe(phone);
    if (this.state.textContent !== state) this.state.textContent = state;
    this.inHand = phone.hand === client;
    this.root.dataset.rings = phone.ringing;
    this.root.dataset.current = current === this.number;
    this.idle.hidden = phone.in_call || phone.ringing;
    this.rings.hidden = !phone.ringing;
    this.talks.hidden = !phone.in_call;
    this.text.hidden = !phone.in_call;
    this.said.hidden = !phone.heard.length;
    this.hand.textContent = this.inHand ? t("drop") : t("hand");
    this.hand.setAttribute("aria-pressed", String(this.inHand));
    if (document.activeElement !== this.habits) this.habits.value = phone.habit;
    if (this.count !== phone.count) this.listen(phone);
  }

  listen(phone) {
    const fresh = this.count < 0 ? [] : phone.heard.slice(-Math.max(0, phone.count - this.count));
    this.count = phone.count;
    const bubbles = phone.heard.map(bubble).filter(Boolean);
    this.said.replaceChildren(...bubbles);
    this.said.scrollTop = this.said.scrollHeight;
    if (phone.number !== current) return;
    for (const each of fresh) {
      if (each.kind === "say") speak(each.text, each.language);
      if (each.kind === "person" && !this.meters.children.length) speak(each.text, "");
    }
  }
}

function bubble({ kind, text, language, by }) {
  if (kind === "say") return element("li", { lang: language || "en" }, text);
  if (kind === "person") return element("li", { class: "person" }, element("strong", {}, `${names.get(by) ?? by}: `), text);
  if (kind === "play") return element("li", {}, `♪ ${text.split("/").pop()}`);
  if (kind === "tones") return element("li", {}, t("tones", { text }));
  if (kind === "tone") return element("li", {}, t("beep"));
  return kind === "music" ? element("li", {}, t("music")) : null;
}

function describe(phone) {
  const held = phone.hand === client ? t("inhand") : phone.hand ? t("elsewhere") : "";
  return [doing(phone), held].filter(Boolean).join(" · ");
}

function doing(phone) {
  if (phone.ringing) return t("ringing", { who: phone.caller_id || t("withheld") });
  if (phone.with.length) return t("talking", { who: phone.with.map(nameOf).join("; ") });
  if (phone.in_call) return phone.listening ? t("listening") : t("incall");
  return t("idle");
}

const nameOf = ({ number, name }) => called[number] ?? name;
const names = new Map();
const bar = element("div", { class: "bar" });
const aloud = button("", "quiet", () => {
  setAloud(!isAloud());
  label();
});
const more = button("", "quiet", () => {
  all = !all;
  label();
});
const hushRing = button(t("silence"), "quiet", () => { silenced = true; label(); });

function label() {
  aloud.textContent = isAloud() ? t("aloud") : t("silent");
  aloud.setAttribute("aria-pressed", String(isAloud()));
  const hidden = [...cards.values()].slice(first);
  more.hidden = Boolean(only) || !hidden.length;
  more.textContent = all ? t("fewer") : t("more", { count: hidden.length });
  more.setAttribute("aria-expanded", String(all));
  hidden.forEach((card) => { card.root.hidden = !all && card.root.dataset.rings !== "true" && card.talks.hidden; });
  const rings = [...cards.values()].some((card) => card.root.dataset.rings === "true");
  if (!rings) silenced = false;
  hushRing.hidden = !(rings && isAloud() && !silenced);
}

let first = 4;

function show(state) {
  const shown = state.phones.filter((each) => !only || each.number === only);
  first = only ? 1 : state.first;
  if (!cards.size) place.replaceChildren();
  for (const phone of state.phones) names.set(phone.number, nameOf(phone));
  for (const phone of shown) {
    if (!cards.has(phone.number)) {
      const card = new Card(phone, state.dial);
      cards.set(phone.number, card);
      place.append(card.root);
    }
    cards.get(phone.number).show(phone);
  }
  connect(state.phones);
  label();
}

// The phones I hold hear the phones that others hold, as long as the two are connected.
function connect(phones) {
  const hands = new Map(phones.map((each) => [each.number, each.hand]));
  const pairs = [];
  for (const phone of phones.filter((each) => each.hand === client)) {
    for (const { number } of phone.with) {
      if (hands.get(number) && hands.get(number) !== client) pairs.push([phone.number, number]);
    }
  }
  talk.update(pairs);
}

async function look() {
  try {
    const answer = await fetch(at(`state?client=${client}&after=${mark}`));
    if (answer.status === 200) {
      const state = await answer.json();
      mark = state.mark;
      show(state);
      for (const letter of state.letters) await talk.receive(letter);
    } else if (answer.status !== 304) {
      throw new Error(String(answer.status));
    }
    place.classList.remove("lost");
  } catch {
    place.classList.add("lost");
    for (const card of cards.values()) card.state.textContent = t("lost");
    mark = "";
  }
  setTimeout(look, 400);
}

bar.append(aloud, more, hushRing);
place.before(bar);
document.addEventListener("pointerdown", () => { if (isAloud()) audio(); }, { once: true });
setInterval(() => {
  const rings = [...cards.values()].some((card) => !card.root.hidden && card.root.dataset.rings === "true");
  if (rings && !silenced) ring();
}, 3000);
label();
look();
