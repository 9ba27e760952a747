// The simulated phones: shows each as its person sees and hears it, and does what that person does.

const place = document.querySelector("[data-phones]");
const at = (path) => `${place.dataset.phones}/${path}`.replace("./", "");
const cards = new Map();

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

async function act(number, action, value = "") {
  const card = cards.get(number);
  try {
    const answer = await fetch(at("do"), {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ phone: number, action, value }),
    });
    const told = await answer.json();
    card.problem.textContent = told.error ?? "";
    if (!told.error) show(told);
  } catch {
    card.problem.textContent = "The line can't be reached.";
  }
}

function build(phone, dial) {
  const button = (label, kind, action, value) => {
    const made = element("button", { type: "button", class: kind }, label);
    made.addEventListener("click", () => act(phone.number, action, value?.()));
    return made;
  };
  const number = element("select", { "aria-label": `Number that ${phone.name} calls` });
  for (const each of dial) number.append(element("option", { value: each.number }, each.name));
  const keys = [..."123456789*0#"].map((key) => button(key, "key", "press", () => key));
  const card = {
    state: element("p", { class: "state", "aria-live": "polite" }),
    said: element("ol", { class: "said", "aria-label": `What ${phone.name} hears`, tabindex: "0" }),
    problem: element("p", { class: "problem", role: "alert" }),
    call: button("Call", "go", "call", () => number.value),
    answer: button("Answer", "go", "answer"),
    decline: button("Decline", "stop", "decline"),
    end: button("Hang up", "stop", "hang_up"),
    number, count: -1,
  };
  card.idle = element("div", { class: "line" }, number, card.call);
  card.rings = element("div", { class: "line" }, card.answer, card.decline);
  card.talks = element("div", { class: "talks" }, element("div", { class: "keys" }, ...keys), card.end);
  card.root = element(
    "section", { class: "phone", "aria-label": phone.name },
    element("h2", {}, phone.name), element("p", { class: "number" }, phone.number),
    card.state, card.said,
    card.idle, card.rings, card.talks, card.problem,
  );
  card.root.addEventListener("keydown", (event) => {
    if (/^[0-9*#]$/.test(event.key) && !card.talks.hidden && !event.ctrlKey && !event.metaKey) {
      act(phone.number, "press", event.key);
    }
  });
  return card;
}

function describe(phone) {
  if (phone.ringing) return `Ringing: ${phone.caller_id}`;
  if (phone.with.length) return `Talking with ${phone.with.join(", ")}`;
  if (phone.in_call) return phone.listening ? "In a call; keys are heard" : "In a call";
  return "";
}

function show({ phones, dial }) {
  if (!cards.size) place.replaceChildren();
  for (const phone of phones) {
    if (!cards.has(phone.number)) {
      cards.set(phone.number, build(phone, dial));
      place.append(cards.get(phone.number).root);
    }
    const card = cards.get(phone.number);
    const state = describe(phone);
    if (card.state.textContent !== state) card.state.textContent = state;
    card.root.dataset.ringing = phone.ringing;
    card.idle.hidden = phone.in_call || phone.ringing;
    card.rings.hidden = !phone.ringing;
    card.talks.hidden = !phone.in_call;
    card.said.hidden = !phone.heard.length;
    if (card.count !== phone.count) {
      card.count = phone.count;
      const said = phone.heard.filter((each) => each.text);
      card.said.replaceChildren(
        ...said.map((each) => element("li", { lang: each.language || "en" }, each.text)),
      );
      card.said.scrollTop = card.said.scrollHeight;
    }
  }
}

async function look() {
  try {
    show(await (await fetch(at("state"))).json());
  } catch {
    for (const card of cards.values()) card.state.textContent = "The line can't be reached.";
  }
  setTimeout(look, 400);
}

look();
