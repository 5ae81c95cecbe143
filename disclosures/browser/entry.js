// An entry: its leaf, its place, its statement and signatures, with what is disclosed put back into `body` (RFC 9901 §7.1).
const TABLE = @TABLE@, INSIDE = @INSIDE@;
const SHAPES = @SHAPES@;
const HEX32 = "[0-9a-f]{64}", WORD = ".{0,4000}", TIME = SHAPES.claims.as_of.time;
const HEAD = { root: HEX32, size: 1, "...": 0 };
const KEY = { alg: WORD, keyid: HEX32, principal: WORD, spki: WORD, use: WORD, "role?": WORD,
  "not_after?": { "|": [TIME, null] }, "not_before?": { "|": [TIME, null] }, "...": 0 };
// What the checks here read of a body; the rest of each body's schema is not proven here, and said so.
const READ = {
  "approval.given": { checkpoint: HEAD, packs: [WORD], "...": 0 },
  "approval.refused": { checkpoint: HEAD, "...": 0 },
  "decision.made": { approvals: [HEX32], basis: WORD, decision: WORD, gate: { index: 0, "...": 0 }, "...": 0 },
  "disclosure.erased": { classes: [{ fields: [WORD], type: WORD }], first: 0, ground: WORD, last: 0, stream: WORD },
  "disclosure.made": { checkpoint: HEAD, "...": 0 },
  "entry.suppressed": { index: 0, leaf: HEX32, stream: WORD, version: 1, "...": 0 },
  "framework.adopted": { digest: WORD, id: WORD, "supersedes?": { "|": [WORD, null] }, "...": 0 },
  "framework.published": { digest: WORD, id: WORD, pack: true, "...": 0 },
  "gate.evaluated": { packs: [WORD], "...": 0 },
  "incident.observed": { first_at: TIME, models: [WORD], "...": 0 },
  "incident.report-filed": { awareness_at: TIME, digest: WORD, fields_missing: [WORD], framework: WORD, kind: WORD, recipient: WORD,
    submitted_at: TIME, "...": 0 },
  "index.committed": { root: HEX32, size: 1, streams: 1 },
  "key.registered": KEY,
  "key.revoked": { keyid: HEX32, reason: WORD, "...": 0 },
  "ledger.founded": { keys: [KEY], origin: WORD, root_threshold: 1, rules: WORD, vkeys: [WORD], "...": 0 },
  "ledger.restored": HEAD,
  "log.rotated": { vkeys: [WORD], "...": 0 },
  "model.compute-reached": { of: WORD, "...": 0 },
  "model.referenced": { index: 0, leaf: HEX32, type: WORD, "...": 0 },
  "model.registered": { "parent?": { "|": [WORD, null] }, "effective_compute?": { "|": [{ of: WORD, "...": 0 }, null] }, "...": 0 },
  "replay.performed": HEAD,
  "role.granted": { principal: WORD, role: WORD, streams: [WORD], "actions?": [WORD], "valid_until?": { "|": [TIME, null] }, "...": 0 },
  "role.revoked": { principal: WORD, role: WORD, "...": 0 },
  "root.rotated": { keys: [KEY], root_threshold: 1, "...": 0 },
  "threshold.determined": { made: WORD, subjects: [WORD], "...": 0 },
};
const ENTRY_TYPE = /^urn:holdpoint:event:([a-z.-]+):1$/;

async function readEntry(index, raw, disclosed, tick) {
  const code = "entry-form";
  need(raw.length <= 65535, code, "too large", index);
  const value = shaped(parseJson(raw, code), code, "envelope recorded_at stream");
  const place = shaped(value.stream, code, "previous version");
  const envelope = shaped(value.envelope, code, "payload payloadType signatures");
  const one = { index, leaf: toHex(await leafHash(raw)), recordedAt: value.recorded_at, ...place };
  const first = one.version === 1 && one.previous === "";
  const chained = Number.isSafeInteger(one.version) && one.version > 1 && fits(one.previous, HEX32);
  need(first || chained, code, "its place in its stream", index);
  need(fits(one.recordedAt, TIME), code, "its time", index);
  need(envelope.payloadType === PAYLOAD_TYPE, code, "its payload type", index);
  one.payload = parseBase64(envelope.payload, "its payload", code);
  need(fits(envelope.signatures, [{ keyid: WORD, sig: "[A-Za-z0-9+/=]*" }]), code, "its signatures", index);
  one.signatures = envelope.signatures.map((line) => [line.keyid, parseBase64(line.sig, "a signature", code)]);
  const few = one.signatures.length >= 1 && one.signatures.length <= 24;
  need(few && one.payload.length <= 49152, code, "its size", index);
  readStatement(one, code);
  await openBody(one, await readDisclosures(disclosed, index, tick));
  return one;
}

function readStatement(one, code) {
  const statement = shaped(parseJson(one.payload, code), code, "_type predicate predicateType subject");
  const type = ENTRY_TYPE.exec(statement.predicateType)?.[1] ?? "";
  need(Object.hasOwn(TABLE, type), "type-unknown", `entry ${one.index} is of a type that this copy does not know`, one.index);
  const [roles, quorum, slots, withholdable] = TABLE[type];
  Object.assign(one, { type, roles, quorum, slots, withholdable });
  const said = shaped(statement.predicate, code, "_sd_alg body event_id founding ledger occurred_at signers stream",
    "back_recorded causes evidence expected_version known_at");
  const texts = [said.event_id, said.founding, said.ledger, said.stream].every(isText) && fits(said.signers, [WORD]);
  need(said._sd_alg === "sha-256" && isObject(said.body) && texts, code, "its predicate", one.index);
  need(fits(statement.subject, [{ digest: { sha256: HEX32 }, name: "_" }]) && statement.subject.length === 1, code, "its subject", one.index);
  need(!Object.hasOwn(READ, type) || fits(said.body, READ[type]), code, `a member of its body (${type})`, one.index);
  Object.assign(one, { said, stream: said.stream, signers: said.signers, subject: statement.subject[0].digest.sha256 });
  one.derived = alike(roles, ["!"]) || (type === "threshold.determined" && said.body.made === "rule");
}

async function readDisclosures(raw, index, tick) {
  const code = "disclosure-form", texts = raw === undefined ? [] : new TextDecoder("latin1").decode(raw).split("\n");
  if (raw !== undefined) {
    const ordered = texts.pop() === "" && texts.length > 0 && texts.every((text, i) => i === 0 || texts[i - 1] < text);
    need(ordered, code, `disclosures of entry ${index}`, index);
  }
  const waiting = new Map();
  for (const text of texts) {
    const inner = parseBase64url(text, code), value = parseJson(inner, code);
    need(Array.isArray(value) && (value.length === 2 || value.length === 3), "disclosure-arity", `a disclosure of entry ${index}`, index);
    need(parseBase64url(value[0], "disclosure-salt").length === 16, "disclosure-salt", `a salt of entry ${index}`, index);
    waiting.set(toBase64url(await sha256(utf8(text))), { value, record: toHex(await sha256(inner)) });
    await tick("field disclosure", waiting.size, texts.length);
  }
  return waiting;
}

// The `_sd` of an object is that many distinct digests, ascending; none at all where it has none.
function checkFilled(value, many, code, i) {
  const slots = value._sd ?? [];
  const ordered = fits(slots, [WORD]) && alike(slots, [...new Set(slots)].sort());
  need(ordered && slots.length === many, code, `an _sd of entry ${i}`, i);
}

const isHidden = (value) => isObject(value) && Object.hasOwn(value, "...");

// As many digests in a member as the type fixes: an array with a withheld element has its cap, an object its own `_sd`.
function checkInside(one, member, value, code) {
  if (!Object.hasOwn(INSIDE[one.type], member)) return;
  const [names, many] = INSIDE[one.type][member];
  const short = names.length === 0 && Array.isArray(value) && value.some(isHidden) && value.length !== many;
  need(!short, code, `${member} of entry ${one.index}`, one.index);
  if (names.length > 0 && isObject(value)) checkFilled(value, many, code, one.index);
}

// Whether the type lets withhold what stands at a path: a member, an array's element, an object's member.
function isWithholdable(one, path) {
  if (path.length === 1) return one.withholdable.includes(path[0]);
  if (path.length !== 2 || !Object.hasOwn(INSIDE[one.type], path[0])) return false;
  const [names] = INSIDE[one.type][path[0]];
  return names.length === 0 ? typeof path[1] === "number" : names.includes(path[1]);
}

function openBody(one, waiting) {
  const sealed = one.said.body, i = one.index, reserved = ["_sd", "...", "_sd_alg"];
  checkFilled(sealed, one.derived ? 0 : one.slots, "sd-slots", i);
  for (const [member, value] of Object.entries(sealed)) checkInside(one, member, value, "sd-slots");
  const seen = new Set();
  one.disclosed = waiting.size;
  one.opened = new Set();

  function take(digest, arity) {
    need(isText(digest) && !seen.has(digest), "digest-duplicate", `a digest of entry ${i}`, i);
    seen.add(digest);
    const found = waiting.get(digest);
    waiting.delete(digest);
    need(found === undefined || found.value.length === arity, "disclosure-arity", `a disclosure of entry ${i}`, i);
    return found;
  }
  function placed(path, found) {
    need(isWithholdable(one, path), "disclosure-name", `entry ${i} discloses a member that its type has not`, i);
    one.opened.add(path[0]);
    const value = found.value[found.value.length - 1];
    if (path.length === 1) {
      checkInside(one, path[0], value, "disclosure-slots");
      const bound = one.type !== "model.registered" || found.record === one.subject;
      need(bound, "disclosure-subject", `entry ${i}: another model's name`, i);
    }
    return opened(value, path);
  }
  function opened(value, path) {
    need(path.length <= 32, "disclosure-form", `disclosures of entry ${i} are nested too deep`, i);
    if (Array.isArray(value)) return value.map((item, n) => element(item, [...path, n]));
    if (!isObject(value)) return value;
    need(!Object.hasOwn(value, "...") && !Object.hasOwn(value, "_sd_alg"), "disclosure-name", `entry ${i} has a reserved name`, i);
    const whole = Object.create(null);
    for (const [name, inner] of Object.entries(value)) if (name !== "_sd") whole[name] = opened(inner, [...path, name]);
    const digests = value._sd ?? [];
    need(Array.isArray(digests), "disclosure-form", `an _sd of entry ${i}`, i);
    for (const found of digests.map((digest) => take(digest, 3)).filter((f) => f !== undefined)) {
      const name = found.value[1];
      need(isText(name) && !reserved.includes(name), "disclosure-name", `entry ${i}`, i);
      need(!Object.hasOwn(whole, name), "disclosure-name-present", `entry ${i}`, i);
      whole[name] = placed([...path, name], found);
    }
    return whole;
  }
  function element(value, path) {
    if (!isHidden(value)) return opened(value, path);
    need(Object.keys(value).length === 1, "disclosure-form", `a withheld element of entry ${i}`, i);
    const found = take(value["..."], 2);
    return found === undefined ? value : placed(path, found);
  }
  one.body = opened(sealed, []);
  need(waiting.size === 0, "disclosure-orphan", `a disclosure belongs nowhere in entry ${i}`, i);
}
