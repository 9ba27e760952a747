const express = require("express");
const twilio = require("twilio");

const app = express();
app.set("trust proxy", true);
app.use(express.urlencoded({ extended: false }));
app.use(twilio.webhook()); // with TWILIO_AUTH_TOKEN of the environment

app.post("/voice", (request, response) => {
  const answer = new twilio.twiml.VoiceResponse();
  const action = `${request.protocol}://${request.hostname}/key`;
  answer.gather({ numDigits: 1, action }).say(`Welcome, ${request.body.FromCountry}.`);
  response.type("text/xml").send(answer.toString());
});

app.post("/key", (request, response) => {
  const answer = new twilio.twiml.VoiceResponse();
  answer.say(`That was ${request.body.Digits}.`);
  response.type("text/xml").send(answer.toString());
});

app.listen(Number(process.env.PORT), "127.0.0.1");
