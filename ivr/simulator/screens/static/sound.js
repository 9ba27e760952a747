// Key tones, ringing, and reading aloud. A browser lets a page play sound only after the first click
// or key; nothing is read aloud until that is switched on.

const ROWS = [697, 770, 852, 941];
const COLUMNS = [1209, 1336, 1477];
const KEYS = "123456789*0#";
let context;
let aloud = localStorage.getItem("aloud") === "on";

export const isAloud = () => aloud;

export function audio() {
  context ??= new AudioContext();
  if (context.state === "suspended") context.resume();
  return context;
}

function play(pitches, seconds, volume) {
  const output = audio();
  const gain = new GainNode(output, { gain: volume });
  gain.connect(output.destination);
  for (const frequency of pitches) {
    const tone = new OscillatorNode(output, { frequency });
    tone.connect(gain);
    tone.start();
    tone.stop(output.currentTime + seconds);
  }
}

// The two frequencies of a key (ITU-T Q.23), for a quarter of a second.
export function key(pressed) {
  const place = KEYS.indexOf(pressed);
  play([ROWS[Math.trunc(place / 3)], COLUMNS[place % 3]], 0.2, 0.06);
}

export function ring() {
  if (aloud && context?.state === "running") play([440, 480], 0.9, 0.05);
}

export function setAloud(on) {
  aloud = on;
  localStorage.setItem("aloud", on ? "on" : "off");
  if (on) audio();
  else hush();
}

export function hush() {
  window.speechSynthesis?.cancel();
}

export function speak(text, language) {
  if (!aloud || !window.speechSynthesis) return;
  const utterance = new SpeechSynthesisUtterance(text);
  if (language) utterance.lang = language;
  window.speechSynthesis.speak(utterance);
}
