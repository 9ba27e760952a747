// In this process of Node's, Twilio's hosts lead to the REST server of a simulated network.
//
// Loaded before the program (NODE_OPTIONS). It takes hold where `https`, `fetch` and all that stands
// on them connect, and where they secure the connection: one to Twilio trusts the simulator's
// authority alone, so one that goes elsewhere, through a proxy for instance, fails.
'use strict';
const fs = require('fs');
const net = require('net');
const tls = require('tls');
const { syncBuiltinESMExports } = require('module');

const HOST = '127.0.0.1';
const PORT = Number(process.env.IVR_REROUTED_TO);
const AUTHORITY = fs.readFileSync(process.env.IVR_REROUTED_CA);
const DOCUMENTS = ['demo.twilio.com', 'handler.twilio.com']; // as in rerouting.py

function isTwilio(host) {
  const name = String(host || '').toLowerCase().replace(/\.$/, '');
  return (name === 'twilio.com' || name.endsWith('.twilio.com')) && !DOCUMENTS.includes(name);
}

function here(options) {
  if (!options || typeof options !== 'object' || !isTwilio(options.host)) return options;
  return { ...options, host: HOST, port: PORT, lookup: undefined, autoSelectFamily: false };
}

const connect = net.Socket.prototype.connect;
net.Socket.prototype.connect = function (...args) {
  if (Array.isArray(args[0])) args[0][0] = here(args[0][0]); // as Node's own modules call it
  else if (typeof args[0] === 'object') args[0] = here(args[0]);
  else if (isTwilio(args[1])) args.splice(0, 2, PORT, HOST);
  return connect.apply(this, args);
};

const secure = tls.connect;
tls.connect = function (...args) {
  const place = args.findIndex((each) => each && typeof each === 'object');
  const options = place < 0 ? {} : args[place];
  const host = options.servername || options.host || (typeof args[1] === 'string' && args[1]);
  if (isTwilio(host)) {
    const trusted = {
      ...options, servername: host, ca: AUTHORITY, secureContext: undefined, pfx: undefined,
      rejectUnauthorized: true, checkServerIdentity: tls.checkServerIdentity,
      ALPNProtocols: ['http/1.1'],
    };
    if (place < 0) args.splice(typeof args[1] === 'string' ? 2 : 1, 0, trusted);
    else args[place] = trusted;
  }
  return secure.apply(this, args);
};
syncBuiltinESMExports();
