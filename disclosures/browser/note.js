// C2SP signed notes (spec/checkpoint.md). Lines of unknown keys are ignored; a bad line of a known key refuses the note.
const ED25519 = 1, ED25519_COSIGNATURE = 4, MLDSA44 = 6;
const LENGTHS = { 1: 32, 4: 32, 6: 1312 };
// Python's \s, spelled out: JavaScript's holds U+FEFF, and lacks U+0085.
const NAME = /^[^\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000+\x00-\x1f]+$/;

async function parseVkey(text) {
  const first = text.indexOf("+"), second = text.indexOf("+", first + 1);
  if (first < 0 || second < 0) throw new Refused("vkey-form", "key");
  const name = text.slice(0, first), hash = text.slice(first + 1, second);
  if (!NAME.test(name) || utf8(name).length > 255) throw new Refused("vkey-form", "key");
  const raw = parseBase64(text.slice(second + 1), "key");
  if (raw.length < 2) throw new Refused("vkey-form", "key");
  const kind = raw[0], key = raw.slice(1);
  if (LENGTHS[kind] !== key.length) throw new Refused("vkey-type", "key");
  if (kind !== MLDSA44 && !isSound(key)) throw new Refused("key-weak", "key");
  const id = (await sha256(concat(utf8(name + "\n"), raw))).slice(0, 4);
  if (hash !== toHex(id)) throw new Refused("vkey-hash", "key");
  return { name, kind, key, id };
}

function parseLine(line) {
  const found = /^\u2014 ([^ ]+) ([^ ]+)$/.exec(line);
  if (found === null || !NAME.test(found[1])) throw new Refused("note-signature", "signatures");
  const raw = parseBase64(found[2], "signatures");
  if (raw.length < 5) throw new Refused("note-signature", "signatures");
  return { name: found[1], id: raw.slice(0, 4), signature: raw.slice(4) };
}

function parseNote(note) {
  if (utf8(note).length > 1000000) throw new Refused("too-large", "note");
  if (/[\x00-\x09\x0b-\x1f]/.test(note)) throw new Refused("note-control", "note");
  const cut = note.lastIndexOf("\n\n");
  if (cut < 0 || !note.endsWith("\n")) throw new Refused("note-form", "note");
  const lines = note.slice(cut + 2).split("\n");
  lines.pop();
  if (lines.length < 1 || lines.length > 100) throw new Refused("note-form", "signatures");
  return { text: note.slice(0, cut + 1), signatures: lines.map(parseLine) };
}

function parseCheckpoint(text) {
  const lines = text.split("\n");
  if (lines.length !== 4 || lines[3] !== "") throw new Refused("checkpoint-lines", "checkpoint");
  if (lines[0] === "" || utf8(lines[0]).length > 255) throw new Refused("checkpoint-origin", "checkpoint");
  const size = parseUint(lines[1], "checkpoint"), root = parseBase64(lines[2], "checkpoint");
  if (size < 1n || root.length !== 32) throw new Refused("checkpoint-head", "checkpoint");
  return { origin: lines[0], size, root };
}

// A witness's line: eight bytes of time, then the signature over time and text.
async function holdsCosignature(key, signature, text) {
  if (signature.length !== 72) return false;
  const time = BigInt("0x" + toHex(signature.slice(0, 8)));
  return verifyEd25519(key, signature.slice(8), utf8(`cosignature/v1\ntime ${time}\n${text}`));
}

const uint64 = (n) => Uint8Array.from({ length: 8 }, (_, i) => Number(n >> BigInt(56 - 8 * i) & 255n));

// C2SP tlog-cosignature with ML-DSA-44, over the tree head. A time of 0 does not say that the tree was the largest seen.
async function holdsMlDsa(vkey, signature, head) {
  if (signature.length !== 2428 || signature[0] > 127 || signature.slice(0, 8).every((b) => b === 0)) return false;
  const who = utf8(vkey.name), log = utf8(head.origin), time = signature.slice(0, 8);
  const message = concat(utf8("subtree/v1\n\0"), Uint8Array.of(who.length), who, time, Uint8Array.of(log.length), log,
    uint64(0n), uint64(head.size), head.root);
  return verifyMlDsa("ML-DSA-44", vkey.key, signature.slice(8), message);
}

async function holdsLine(vkey, line, text, head) {
  if (vkey.kind === ED25519) return line.signature.length === 64 && verifyEd25519(vkey.key, line.signature, utf8(text));
  if (vkey.kind === MLDSA44) return holdsMlDsa(vkey, line.signature, head);
  return holdsCosignature(vkey.key, line.signature, text);
}

// The head, once the log's Ed25519 and ML-DSA-44 lines hold (with `every`: of each key given). `unchecked` gathers the algorithms of
// lines that this engine can't verify: they are there and well formed, and whoever asks must say that they were not checked.
async function openCheckpoint(parsed, vkeys, unchecked, every = false) {
  const checkpoint = parseCheckpoint(parsed.text);
  const kinds = new Set(), held = new Set();
  for (const line of parsed.signatures) {
    const vkey = vkeys.find((v) => v.name === line.name && same(v.id, line.id));
    if (vkey === undefined) continue;
    const holds = await holdsLine(vkey, line, parsed.text, checkpoint);
    if (holds === false) throw new Refused("note-signature-invalid", `the signature of ${vkey.name} (type ${vkey.kind})`);
    if (holds === null) unchecked.add("ML-DSA-44");
    if (vkey.name !== checkpoint.origin) continue;
    kinds.add(vkey.kind);
    held.add(vkey);
  }
  if (!kinds.has(ED25519)) throw new Refused("checkpoint-unsigned", "Ed25519 signature");
  if (!kinds.has(MLDSA44)) throw new Refused("checkpoint-unsigned", "ML-DSA-44 signature");
  if (every && held.size !== vkeys.length) throw new Refused("checkpoint-unsigned", "a log key in force did not sign");
  return checkpoint;
}
