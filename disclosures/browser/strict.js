"use strict";
// Readers that accept one spelling of a value and no other, as ledger/strict.py does.
const UNDECIDED = ["type-unknown", "rules-unknown", "format-unknown", "limits"];

// What does not hold: a code of spec/bundle.md §7 or of the receipt, words or a place, and the entry's index where there is one.
class Refused extends Error {
  constructor(code, said, index = null, verdict = null) {
    super(`${code}: ${said}`);
    this.code = code; this.said = said; this.index = index;
    this.verdict = verdict ?? (UNDECIDED.includes(code) ? "ERROR" : "INVALID");
  }
}
function need(holds, code, said, index = null) {
  if (!holds) throw new Refused(code, said, index);
}

const utf8 = (text) => new TextEncoder().encode(text);
const toHex = (raw) => Array.from(raw, (b) => b.toString(16).padStart(2, "0")).join("");
const sha256 = async (raw) => new Uint8Array(await crypto.subtle.digest("SHA-256", raw));
const isText = (value) => typeof value === "string";

function same(a, b) {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

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
function parseBase64(text, place, code = "base64") {
  let raw = null;
  try { raw = Uint8Array.from(atob(text), (c) => c.charCodeAt(0)); } catch { /* not base64 at all */ }
  need(isText(text) && raw !== null && toBase64(raw) === text, code, place);
  return raw;
}

const toBase64url = (raw) => toBase64(raw).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

function parseBase64url(text, code) {
  need(isText(text) && /^[A-Za-z0-9_-]*$/.test(text) && text.length % 4 !== 1, code, "not base64url");
  const padded = text.replaceAll("-", "+").replaceAll("_", "/") + "=".repeat((4 - text.length % 4) % 4);
  return parseBase64(padded, "base64url with stray bits", code);
}

function parseHex32(text, code) {
  need(isText(text) && /^[0-9a-f]{64}$/.test(text), code, "not 64 hex digits");
  return Uint8Array.from(text.match(/../g), (pair) => parseInt(pair, 16));
}

function parseUint(text, place) {
  if (!/^(0|[1-9][0-9]{0,18})$/.test(text)) throw new Refused("number-domain", place);
  const value = BigInt(text);
  if (value > (1n << 63n) - 1n) throw new Refused("number-domain", place);
  return value;
}

function decodeText(raw, place, code = "note-utf8") {
  try { return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(raw); }
  catch { throw new Refused(code, place); }
}
