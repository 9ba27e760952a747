// A menu without any memory on express and twilio, as a tutorial has it.
const express = require("express");
const twilio = require("twilio");

const [port, token, origin] = process.argv.slice(2);
const app = express();
app.use(express.urlencoded({ extended: false }));

app.post("/voice/escalation", (request, response) => {
  const signature = request.get("X-Twilio-Signature");
  if (!twilio.validateRequest(token, signature, origin + request.originalUrl, request.body)) {
    return response.status(403).end();
  }
  const said = { 1: "Enter the case number.", "*": "For English, press 1." };
  const answer = new twilio.twiml.VoiceResponse();
  const menu = answer.gather({ numDigits: 1, action: "/voice/escalation?turn=1", timeout: 7 });
  menu.say(said[request.body.Digits] || "Welcome. For English, press 1.");
  answer.redirect("/voice/escalation?turn=1");
  response.type("text/xml").send(answer.toString());
});

app.listen(Number(port), "127.0.0.1");
