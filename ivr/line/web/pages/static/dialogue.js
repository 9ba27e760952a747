// Plays a call's lines in their time: those that haven't come yet are hidden. Without this file all
// of them are there. Nothing is spoken unless that is ticked.

const lines = [...document.querySelectorAll("#dialogue > li")];
const player = document.querySelector("#player");
const [play, speed, aloud] = ["#play", "#speed", "#aloud"].map((id) => document.querySelector(id));
const LONGEST = 10;  // seconds of nothing that anybody wants to sit through, at any speed
let next = lines.length;
let timer = 0;

function speak(line) {
  if (!aloud.checked || !window.speechSynthesis) return;
  for (const part of line.querySelectorAll("p > span")) {
    const said = new SpeechSynthesisUtterance(part.textContent);
    if (part.lang) said.lang = part.lang;
    window.speechSynthesis.speak(said);
  }
}

function show() {
  for (const line of lines) line.classList.remove("now");
  const line = lines[next];
  line.hidden = false;
  line.classList.add("now");
  line.scrollIntoView({ block: "nearest" });
  speak(line);
  next += 1;
  wait();
}

function wait() {
  if (next >= lines.length) return stop();
  const at = (line) => Number(line.dataset.at);
  const pause = next ? Math.min(LONGEST, at(lines[next]) - at(lines[next - 1])) : 0;
  timer = setTimeout(show, Math.max(600, pause * 1000 / Number(speed.value)));
}

function stop() {
  clearTimeout(timer);
  timer = 0;
  window.speechSynthesis?.cancel();
  play.textContent = player.dataset.play;
}

play.addEventListener("click", () => {
  if (timer) return stop();
  if (next >= lines.length) {
    next = 0;
    for (const line of lines) line.hidden = true;
  }
  play.textContent = player.dataset.pause;
  wait();
});
aloud.addEventListener("change", () => { if (!aloud.checked) window.speechSynthesis?.cancel(); });

player.hidden = lines.length === 0;
