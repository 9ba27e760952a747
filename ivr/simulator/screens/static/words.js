// The words of the phones, in the page's language.

const ALL = {
  en: {
    call: "Call", answer: "Answer", decline: "Decline", end: "Hang up", say: "Say", says: "Say something",
    dials: "Number for {name} to call", hears: "What {name} hears", habit: "When called",
    ring: "just rings", answers: "answers automatically", busy: "is busy", declines: "declines", unreachable: "is unreachable",
    voicemail: "goes to voicemail",
    ringing: "Ringing: {who}", talking: "Talking with {who}", listening: "In a call, listening for keys", incall: "In a call",
    idle: "Idle", lost: "Connection lost. Reconnecting …", hand: "Use my microphone", drop: "Stop my microphone", inhand: "using this browser's microphone",
    elsewhere: "using another browser's microphone", aloud: "Read aloud: on", silent: "Read aloud: off",
    more: "More phones ({count})", fewer: "Fewer phones", nomic: "No microphone available: you can listen, and type what you say.",
    sound: "Sound from {who}", keypad: "Keypad of {name}", music: "♪ music", beep: "beep", tones: "tones {text}",
    silence: "Mute ringing", withheld: "number withheld",
  },
  fr: {
    call: "Appeler", answer: "Répondre", decline: "Refuser", end: "Raccrocher", say: "Dire", says: "Dire quelque chose",
    dials: "Numéro que {name} appelle", hears: "Ce que {name} entend", habit: "Quand on l'appelle",
    ring: "sonne sans réponse", answers: "répond automatiquement", busy: "est occupé", declines: "refuse", unreachable: "est injoignable",
    voicemail: "renvoie vers la messagerie",
    ringing: "Sonne : {who}", talking: "En ligne avec {who}", listening: "En ligne, touches attendues", incall: "En ligne",
    idle: "Au repos", lost: "Connexion perdue. Reconnexion …", hand: "Parler au micro", drop: "Couper le micro", inhand: "au micro de ce navigateur",
    elsewhere: "au micro d'un autre navigateur", aloud: "Lecture à voix haute : oui", silent: "Lecture à voix haute : non",
    more: "Plus de téléphones ({count})", fewer: "Moins de téléphones", nomic: "Aucun microphone disponible : vous entendez, et vous écrivez ce que vous dites.",
    sound: "Son de {who}", keypad: "Clavier de {name}", music: "♪ musique", beep: "bip", tones: "tonalités {text}",
    silence: "Couper la sonnerie", withheld: "numéro masqué",
  },
};

const words = ALL[document.documentElement.lang] ?? ALL.en;

export function t(key, values = {}) {
  return words[key].replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}
