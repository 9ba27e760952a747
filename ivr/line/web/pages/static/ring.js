// Rings while a card rings. A browser lets a page sound only after somebody has touched it, so there
// is a switch; what it was set to is remembered, and one call can be silenced by itself.

const sound = document.querySelector("[data-sound]");
let context;
let silenced = null;

const on = () => localStorage.getItem("ring") === "on";

function label() {
  sound.hidden = false;
  sound.textContent = on() ? sound.dataset.on : sound.dataset.off;
  sound.setAttribute("aria-pressed", String(on()));
}

function tone(seconds) {
  const volume = context.createGain();
  volume.gain.value = 0.08;
  volume.connect(context.destination);
  for (const pitch of [440, 480]) {
    const made = new OscillatorNode(context, { frequency: pitch });
    made.connect(volume);
    made.start();
    made.stop(context.currentTime + seconds);
  }
}

function ring() {
  const card = document.querySelector("[data-ringing]");
  const button = card?.querySelector("[data-silence]");
  const key = card?.querySelector("[name=leg]")?.value ?? null;
  document.title = document.title.replace(/^☎ /, "");
  if (card) document.title = `☎ ${document.title}`;
  if (button) button.hidden = !on() || silenced === key;
  if (card && on() && silenced !== key && context?.state === "running") tone(1.2);
}

sound.addEventListener("click", async () => {
  localStorage.setItem("ring", on() ? "off" : "on");
  if (on()) {
    context ??= new AudioContext();
    await context.resume();
    tone(0.3);
  }
  label();
});

document.addEventListener("click", (event) => {
  if (on() && !context) context = new AudioContext();  // allowed now that somebody has clicked
  if (!event.target.closest("[data-silence]")) return;
  silenced = document.querySelector("[data-ringing] [name=leg]")?.value ?? null;
  ring();
});

document.addEventListener("changed", ring);
label();
ring();
setInterval(ring, 3000);
