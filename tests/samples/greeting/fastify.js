const twilio = require("twilio");
const app = require("fastify")({ trustProxy: true });

app.register(require("@fastify/formbody"));

app.addHook("preHandler", async (request, reply) => {
  const url = `${request.protocol}://${request.host}${request.url}`;
  const signature = request.headers["x-twilio-signature"];
  const token = process.env.TWILIO_AUTH_TOKEN;
  if (!twilio.validateRequest(token, signature, url, request.body)) {
    return reply.code(403).send("not signed by Twilio");
  }
});

app.post("/voice", (request, reply) => {
  const answer = new twilio.twiml.VoiceResponse();
  const action = `${request.protocol}://${request.host}/key`;
  answer.gather({ numDigits: 1, action }).say(`Welcome, ${request.body.FromCountry}.`);
  reply.type("text/xml").send(answer.toString());
});

app.post("/key", (request, reply) => {
  const answer = new twilio.twiml.VoiceResponse();
  answer.say(`That was ${request.body.Digits}.`);
  reply.type("text/xml").send(answer.toString());
});

app.listen({ port: Number(process.env.PORT), host: "127.0.0.1" });
