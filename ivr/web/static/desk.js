// Who waits, who talks, what is owed: asked for each second, drawn only when something has changed.

const lost = document.querySelector("#lost");
let latest = -1;
let calls = [];
let asked = 0;

function line(text, kind = "") {
  const made = document.createElement("p");
  made.textContent = text;
  made.className = kind;
  return made;
}

function card(first, lines, kind) {
  const made = document.createElement("li");
  made.className = kind;
  const head = document.createElement("div");
  head.className = "first";
  for (const text of first) head.append(Object.assign(document.createElement("span"), { textContent: text }));
  made.append(head, ...lines.filter((each) => each.textContent));
  return made;
}

function clock(seconds) {
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

function drawCalls() {
  const passed = Math.floor((Date.now() - asked) / 1000);
  const cards = calls.map((call) => card(
    [call.caller, `${call.waiting_for ? `waits for ${call.waiting_for}` : call.step}, ${clock(call.seconds + passed)}`],
    [
      line(call.keyed ? `Keyed ${call.keyed}${call.case ? `: ${call.case}` : ""}` : "No case number yet"),
      line(call.people.map((each) => `${each.name}, ${each.state}`).join("; ")),
      line([call.language, call.wish && `wants ${call.wish}`].filter(Boolean).join(" · "), "quiet"),
    ],
    call.waiting_for ? "waiting" : "",
  ));
  fill("#calls", cards, "Nobody is calling.");
}

function fill(place, cards, nothing) {
  const empty = Object.assign(document.createElement("li"), { className: "empty", textContent: nothing });
  document.querySelector(place).replaceChildren(...(cards.length ? cards : [empty]));
}

function drawUndelivered(notices) {
  const cards = notices.map((each) => card(
    [each.to, each.what],
    [line([each.case && `case ${each.case}`, each.why].filter(Boolean).join(" · "), "quiet")],
  ));
  fill("#undelivered", cards, "Everybody was told.");
}

function drawOwed(owed) {
  const cards = owed.map((each) => card(
    [each.number, `${each.state === "overdue" ? "overdue since" : "before"} ${new Date(each.due).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })}`],
    [
      line([each.owner && `owed by ${each.owner}`, each.case && `case ${each.case}`].filter(Boolean).join(" · ")),
      line(each.tries ? `tried ${each.tries} times${each.unanswered ? `, the customer didn't answer ${each.unanswered}` : ""}` : "not tried yet"),
      line(`reference ${each.reference} · ${each.why}`, "quiet"),
    ],
    each.state,
  ));
  fill("#owed", cards, "Nobody is owed a call.");
}

async function look() {
  try {
    const answer = await fetch(`changes?after=${latest}`);
    lost.hidden = true;
    if (answer.status === 200) {
      const told = await answer.json();
      [latest, calls, asked] = [told.latest, told.calls, Date.now()];
      drawOwed(told.owed);
      drawUndelivered(told.undelivered);
      drawCalls();
    }
  } catch {
    lost.hidden = false;
  }
  setTimeout(look, 1000);
}

look();
