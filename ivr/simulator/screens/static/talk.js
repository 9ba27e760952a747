// Sound between two phones on a call, each held in a browser of its own: WebRTC between the two
// browsers, which exchange letters through this server. The lower number makes the offer.

import { audio } from "./sound.js";

const RETRY = 6000;  // milliseconds after which a connection that isn't up is tried again

export class Talk {
  // `send(from, to, letter)` posts a letter; `heard(from, to, level)` gets the volume (0 to 1).
  constructor(send, heard) {
    this.send = send;
    this.heard = heard;
    this.peers = new Map();
    setInterval(() => this.measure(), 250);  // shorter than the third of a second that is measured
  }

  async microphone() {
    audio();
    try {
      this.mic ??= await navigator.mediaDevices.getUserMedia({ audio: true });
    } catch {
      this.mic = null;  // none, or not allowed: listening still works
    }
    return this.mic !== null;
  }

  letGo() {
    for (const track of this.mic?.getTracks() ?? []) track.stop();
    this.mic = undefined;
  }

  // The connections that should exist now: pairs of [mine, other].
  update(pairs) {
    const wanted = new Set(pairs.map((pair) => pair.join(">")));
    for (const [name, peer] of this.peers) {
      const stuck = peer.link.connectionState !== "connected" && Date.now() - peer.since > RETRY;
      if (!wanted.has(name) || stuck) this.close(name);
    }
    for (const [mine, other] of pairs) {
      if (!this.peers.has(`${mine}>${other}`) && mine < other) this.offer(mine, other);
    }
  }

  open(mine, other) {
    const name = `${mine}>${other}`;
    this.close(name);
    const link = new RTCPeerConnection({ iceServers: [] });
    const peer = { mine, other, link, since: Date.now(), early: [] };
    this.peers.set(name, peer);
    link.onicecandidate = ({ candidate }) => candidate && this.send(mine, other, { candidate });
    link.ontrack = ({ track }) => this.listen(peer, new MediaStream([track]));
    for (const track of this.mic?.getAudioTracks() ?? []) link.addTrack(track, this.mic);
    return peer;
  }

  async offer(mine, other) {
    const peer = this.open(mine, other);
    if (!this.mic) peer.link.addTransceiver("audio", { direction: "recvonly" });
    await peer.link.setLocalDescription();
    this.send(mine, other, { description: peer.link.localDescription });
  }

  async receive({ from, to, letter }) {
    let peer = this.peers.get(`${to}>${from}`);
    if (letter.description?.type === "offer") {
      peer = this.open(to, from);
      await peer.link.setRemoteDescription(letter.description);
      await peer.link.setLocalDescription();
      this.send(to, from, { description: peer.link.localDescription });
    } else if (letter.description && peer) {
      await peer.link.setRemoteDescription(letter.description);
    } else if (letter.candidate && peer) {
      if (peer.link.remoteDescription) await peer.link.addIceCandidate(letter.candidate);
      else peer.early.push(letter.candidate);
    }
    while (peer?.link.remoteDescription && peer.early.length) {
      await peer.link.addIceCandidate(peer.early.shift());
    }
  }

  listen(peer, stream) {
    peer.sounds = new Audio();  // Chromium only receives a remote stream while it is played
    peer.sounds.srcObject = stream;
    peer.sounds.play();
    peer.analyser = new AnalyserNode(audio(), { fftSize: 16384 });
    new MediaStreamAudioSourceNode(audio(), { mediaStream: stream }).connect(peer.analyser);
  }

  measure() {
    for (const { mine, other, analyser } of this.peers.values()) {
      if (!analyser) continue;
      const wave = new Float32Array(analyser.fftSize);
      analyser.getFloatTimeDomainData(wave);
      const level = wave.reduce((most, each) => Math.max(most, Math.abs(each)), 0);
      this.heard(mine, other, level);
    }
  }

  close(name) {
    const peer = this.peers.get(name);
    if (!peer) return;
    this.peers.delete(name);
    peer.link.close();
    if (peer.sounds) peer.sounds.srcObject = null;
    this.heard(peer.mine, peer.other, null);
  }
}
