// The night line of a clinic: the nurse on call is asked first, and a doctor can be brought in.
//
//   PORT=3000 node line.js
const express = require("express");
const twilio = require("twilio");

const LINE = "+33800000013";
const NURSE = "+33155500041";
const DOCTOR = "+33155500042";

const client = twilio(process.env.TWILIO_ACCOUNT_SID, process.env.TWILIO_AUTH_TOKEN);

const app = express();
app.use(express.urlencoded({ extended: false }));
app.use(twilio.webhook()); // refuses whatever isn't signed with our token
app.use((request, response, next) => {
  response.here = `${request.protocol}://${request.get("host")}`;
  response.twiml = (answer) => response.type("text/xml").send(answer.toString());
  next();
});

// Whoever presses nothing is asked three times; then the nurse is called, since he may be unable to.
app.post("/voice", (request, response) => {
  const answer = new twilio.twiml.VoiceResponse();
  const asked = Number(request.query.asked || 0) + 1;
  const menu = answer.gather({ numDigits: 1, action: "/choice", timeout: 5 });
  menu.say("Night line of the clinic. To speak with a nurse, press 1. For a doctor, press 2.");
  if (asked < 3) answer.redirect(`/voice?asked=${asked}`);
  else callNurse(answer);
  response.twiml(answer);
});

function callNurse(answer) {
  answer.say("One moment.");
  const dial = answer.dial({ timeout: 15, action: "/tried", callerId: LINE });
  dial.number({ url: "/whisper" }, NURSE);
}

app.post("/choice", (request, response) => {
  const answer = new twilio.twiml.VoiceResponse();
  if (request.body.Digits === "1") {
    callNurse(answer);
  } else if (request.body.Digits === "2") {
    answer.redirect("/doctor");
  } else {
    answer.redirect("/voice");
  }
  response.twiml(answer);
});

// What the nurse hears before the patient is connected.
app.post("/whisper", (request, response) => {
  const answer = new twilio.twiml.VoiceResponse();
  const question = answer.gather({ numDigits: 1, action: "/accepted", timeout: 5 });
  question.say("A patient. Press any key to accept.");
  answer.hangup();
  response.twiml(answer);
});

app.post("/accepted", (request, response) => {
  response.twiml(new twilio.twiml.VoiceResponse());
});

// The call to the nurse is over, or there was none.
app.post("/tried", (request, response) => {
  const answer = new twilio.twiml.VoiceResponse();
  if (request.body.DialCallStatus === "completed" && request.body.DialBridged !== "false") {
    answer.say("The nurse has hung up. Get well soon.");
  } else {
    answer.say("The nurse is busy. We are calling the doctor.");
    answer.redirect("/doctor");
  }
  response.twiml(answer);
});

// The patient waits in a room of his own, until the doctor comes in.
app.post("/doctor", async (request, response) => {
  const room = request.body.CallSid;
  await client.calls.create({
    to: DOCTOR,
    from: LINE,
    url: `${response.here}/round?room=${room}`,
    statusCallback: `${response.here}/rung?room=${room}`,
    timeout: 25,
  });
  const answer = new twilio.twiml.VoiceResponse();
  answer.dial({ action: "/goodbye" }).conference(
    { startConferenceOnEnter: false, beep: false, waitUrl: "/hold" }, room);
  response.twiml(answer);
});

app.post("/hold", (request, response) => {
  const answer = new twilio.twiml.VoiceResponse();
  answer.say("The doctor is being called.");
  answer.pause({ length: 8 });
  answer.redirect("/hold");
  response.twiml(answer);
});

app.post("/round", (request, response) => {
  const answer = new twilio.twiml.VoiceResponse();
  answer.say("A patient of the night line.");
  answer.dial().conference({ endConferenceOnExit: true, beep: false }, request.query.room);
  response.twiml(answer);
});

app.post("/goodbye", (request, response) => {
  const answer = new twilio.twiml.VoiceResponse();
  answer.say("Get well soon.");
  response.twiml(answer);
});

// The doctor's call is over; a patient who waits for him still is told.
app.post("/rung", async (request, response) => {
  if (["busy", "no-answer", "failed"].includes(request.body.CallStatus)) {
    await client.calls(request.query.room).update({ url: `${response.here}/nobody` });
  }
  response.status(204).end();
});

app.post("/nobody", (request, response) => {
  const answer = new twilio.twiml.VoiceResponse();
  answer.say("The doctor can't be reached. In an emergency, dial 15.");
  response.twiml(answer);
});

app.listen(Number(process.env.PORT), "127.0.0.1");
