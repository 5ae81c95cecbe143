// Signatures by WebCrypto: Ed25519, P-256 and, where the engine has it, ML-DSA. What it lacks is neither good nor bad: it is `null`.
const PREFIX = {
  "ed25519": "302a300506032b6570032100",
  "ecdsa-p256-sha256": "3059301306072a8648ce3d020106082a8648ce3d03010703420004",
  "ml-dsa-65": "308207b2300b0609608648016503040312038207a100",
};
const SPKI_LENGTH = { "ed25519": 44, "ecdsa-p256-sha256": 91, "ml-dsa-65": 1974 };
const HALF_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551n / 2n;

async function hasMlDsa(name, length) {
  try {
    await crypto.subtle.importKey("raw-public", new Uint8Array(length), { name }, false, ["verify"]);
    return true;
  } catch { return false; }
}

async function verifyMlDsa(name, key, signature, message) {
  if (!(await hasMlDsa(name, key.length))) return null;
  const imported = await crypto.subtle.importKey("raw-public", key, { name }, false, ["verify"]);
  return crypto.subtle.verify({ name }, imported, signature, message);
}

async function verifyEd25519(key, signature, message) {
  if (signature.length !== 64) return false;
  const imported = await crypto.subtle.importKey("raw", key, { name: "Ed25519" }, false, ["verify"]);
  return crypto.subtle.verify({ name: "Ed25519" }, imported, signature, message);
}

// A DER signature as r‖s: one spelling, and the lower of the two values of s that verify.
function parseDer(raw) {
  const numbers = [];
  if (raw.length < 8 || raw[0] !== 0x30 || raw[1] !== raw.length - 2 || raw.length > 72) return null;
  for (let at = 2; at < raw.length; ) {
    const length = raw[at + 1], value = raw.slice(at + 2, at + 2 + length);
    if (raw[at] !== 2 || length < 1 || value.length !== length || value[0] > 127) return null;
    if (value[0] === 0 && (length === 1 || value[1] < 128)) return null;
    numbers.push(BigInt("0x" + toHex(value)));
    at += 2 + length;
  }
  if (numbers.length !== 2 || numbers[0] >= 1n << 256n || numbers[1] > HALF_ORDER) return null;
  const digits = numbers.map((n) => n.toString(16).padStart(64, "0")).join("");
  return concat(parseHex32(digits.slice(0, 64), "signature-invalid"), parseHex32(digits.slice(64), "signature-invalid"));
}

async function verifyP256(point, der, message) {
  const signature = parseDer(der);
  if (signature === null) return false;
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  let imported;
  try { imported = await crypto.subtle.importKey("raw", point, algorithm, false, ["verify"]); }
  catch (error) {
    if (error.name === "DataError") return false;  // not a point of the curve
    throw error;
  }
  return crypto.subtle.verify(algorithm, imported, signature, message);
}

// Whether a signature of an event key holds; `null` where this engine can't tell. One form of SPKI for each algorithm.
async function verifySignature(spki, alg, message, signature) {
  const prefix = Object.hasOwn(PREFIX, alg) ? PREFIX[alg] : null;
  if (prefix === null || spki.length !== SPKI_LENGTH[alg] || !toHex(spki.slice(0, 32)).startsWith(prefix)) return false;
  const key = spki.slice(prefix.length / 2);
  if (alg === "ed25519") return verifyEd25519(key, signature, message);
  if (alg === "ml-dsa-65") return signature.length === 3309 && verifyMlDsa("ML-DSA-65", key, signature, message);
  return verifyP256(spki.slice(prefix.length / 2 - 1), signature, message);
}

const PAYLOAD_TYPE = "application/vnd.in-toto+json";
const preAuthentication = (payload) => concat(utf8(`DSSEv1 28 ${PAYLOAD_TYPE} ${payload.length} `), payload);
