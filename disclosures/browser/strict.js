"use strict";
// Readers that accept one spelling of a value and no other, as ledger/strict.py does.
class Refused extends Error {
  constructor(code, place) { super(`${code}: ${place}`); this.code = code; this.place = place; }
}
const utf8 = (text) => new TextEncoder().encode(text);
const toHex = (raw) => Array.from(raw, (b) => b.toString(16).padStart(2, "0")).join("");
const same = (a, b) => a.length === b.length && a.every((x, i) => x === b[i]);
const sha256 = async (raw) => new Uint8Array(await crypto.subtle.digest("SHA-256", raw));

function concat(...parts) {
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const part of parts) { out.set(part, at); at += part.length; }
  return out;
}

function toBase64(raw) {
  let text = "";
  for (const b of raw) text += String.fromCharCode(b);
  return btoa(text);
}

// atob forgives white space, missing padding and stray last bits: written again, the value must be the same text.
function parseBase64(text, place) {
  let raw;
  try { raw = Uint8Array.from(atob(text), (c) => c.charCodeAt(0)); } catch { throw new Refused("base64", place); }
  if (toBase64(raw) !== text) throw new Refused("base64", place);
  return raw;
}

function parseUint(text, place) {
  if (!/^(0|[1-9][0-9]{0,18})$/.test(text)) throw new Refused("number-domain", place);
  const value = BigInt(text);
  if (value > (1n << 63n) - 1n) throw new Refused("number-domain", place);
  return value;
}

function decodeText(raw, place) {
  try { return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(raw); }
  catch { throw new Refused("note-utf8", place); }
}
