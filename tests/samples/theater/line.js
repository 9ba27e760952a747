// A theater's box office: the program by text, or a clerk. Nothing here is for tests.
//
//   TWILIO_ACCOUNT_SID=… TWILIO_AUTH_TOKEN=… PORT=3000 node line.js
const express = require("express");
const twilio = require("twilio");

const CLERKS = { NY: "+12125550171" };
const ANY_CLERK = "+14155550172";

const client = twilio(process.env.TWILIO_ACCOUNT_SID, process.env.TWILIO_AUTH_TOKEN);
const app = express();
app.set("trust proxy", true);
app.use(express.urlencoded({ extended: false }));
app.use(twilio.webhook());
app.use((request, response, next) => {
  response.here = `${request.protocol}://${request.hostname}`;
  response.twiml = (answer) => response.type("text/xml").send(answer.toString());
  next();
});

app.post("/voice", (request, response) => {
  const answer = new twilio.twiml.VoiceResponse();
  const menu = answer.gather({ numDigits: 1, action: `${response.here}/choice` });
  menu.say("Box office. For tonight's program by text, press 1. For a clerk, press 2.");
  response.twiml(answer);
});

app.post("/choice", async (request, response) => {
  const answer = new twilio.twiml.VoiceResponse();
  if (request.body.Digits === "1") {
    await client.messages.create({
      to: request.body.From,
      from: request.body.To,
      body: `Tonight: Hamlet. Doors open at seven, ${request.body.FromCity || "friend"}.`,
      statusCallback: `${response.here}/texted`,
    });
    answer.say("It is on its way.");
  } else {
    const clerk = CLERKS[request.body.FromState] || ANY_CLERK;
    answer.say("One moment.");
    answer.dial({ timeout: 15, action: `${response.here}/dialed` }).number(clerk);
  }
  response.twiml(answer);
});

app.post("/dialed", async (request, response) => {
  const answer = new twilio.twiml.VoiceResponse();
  const call = await client.calls(request.body.CallSid).fetch();
  const free = request.body.DialCallStatus === "completed";
  answer.say(free ? "Enjoy the show." : `No clerk is free for ${call.fromFormatted}.`);
  response.twiml(answer);
});

app.post("/texted", (request, response) => response.status(204).end());

app.listen(Number(process.env.PORT), "127.0.0.1");
