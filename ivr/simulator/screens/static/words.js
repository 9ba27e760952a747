// What the phones say on the page, in the page's language.

const ALL = {
  en: {
    call: "Call", answer: "Answer", decline: "Decline", end: "Hang up", say: "Say", says: "Say something",
    dials: "Number that {name} calls", hears: "What {name} hears", habit: "When rung",
    ring: "rings", answers: "answers by itself", busy: "is busy", declines: "declines", unreachable: "can't be reached",
    voicemail: "has a voicemail",
    ringing: "Ringing: {who}", talking: "Talking with {who}", listening: "In a call; keys are heard", incall: "In a call",
    idle: "Idle", lost: "The phones can't be reached. Trying again …", hand: "Use my microphone", drop: "Stop my microphone", inhand: "with this browser's microphone",
    elsewhere: "with another browser's microphone", aloud: "Speak aloud: on", silent: "Speak aloud: off",
    more: "More phones ({count})", fewer: "Fewer phones", nomic: "No microphone here: you hear, and talk as text.",
    sound: "Sound from {who}", keypad: "Keypad of {name}", music: "♪ music", beep: "beep", tones: "tones {text}",
    silence: "Silence the ring", withheld: "number withheld",
  },
  fr: {
    call: "Appeler", answer: "Répondre", decline: "Refuser", end: "Raccrocher", say: "Dire", says: "Dire quelque chose",
    dials: "Numéro que {name} appelle", hears: "Ce que {name} entend", habit: "Quand on l'appelle",
    ring: "sonne", answers: "répond tout seul", busy: "est occupé", declines: "refuse", unreachable: "est injoignable",
    voicemail: "a une messagerie",
    ringing: "Sonne : {who}", talking: "En ligne avec {who}", listening: "En ligne ; les touches sont entendues", incall: "En ligne",
    idle: "Au repos", lost: "Les téléphones sont injoignables. Nouvel essai …", hand: "Parler au micro", drop: "Couper le micro", inhand: "au micro de ce navigateur",
    elsewhere: "au micro d'un autre navigateur", aloud: "À voix haute : oui", silent: "À voix haute : non",
    more: "Plus de téléphones ({count})", fewer: "Moins de téléphones", nomic: "Pas de microphone ici : vous entendez, et parlez par écrit.",
    sound: "Son de {who}", keypad: "Clavier de {name}", music: "♪ musique", beep: "bip", tones: "tonalités {text}",
    silence: "Couper la sonnerie", withheld: "numéro masqué",
  },
};

const words = ALL[document.documentElement.lang] ?? ALL.en;

export function t(key, values = {}) {
  return words[key].replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}
