// What ties a bundle to the past that its reader holds: the trust file, consistency proofs, what signers of shown entries saw.
const SAW = ["approval.given", "approval.refused", "disclosure.made"];

// A trust file (spec/root.md); its own checkpoint must hold under its own keys.
async function parsePin(raw) {
  const code = "pin-form";
  need(raw.length > 0 && raw[raw.length - 1] === 10, code, "the trust file ends in a newline");
  const pin = parseJson(raw.slice(0, -1), code);
  const shape = { checkpoint: "(?:.|\n)*", founding: HEX32, origin: ".{1,255}", schema: "holdpoint\\.pin/1", vkeys: [WORD] };
  need(fits(pin, shape), code, "not a trust file");
  const vkeys = [], unchecked = new Set();
  for (const text of pin.vkeys) vkeys.push(await againAsync(code, () => parseVkey(text)));
  const head = await againAsync(code, () => openCheckpoint(parseNote(pin.checkpoint), vkeys, unchecked));
  need(head.origin === pin.origin, code, "its checkpoint is of another origin");
  return { ...pin, head, opened: vkeys, unchecked };
}

// The proofs by the size that they begin with; and what signers of shown entries saw, as far as these reach.
async function consistencyOf(bundle) {
  const { consistency: { proofs }, request } = bundle.part, sizes = proofs.map((p) => p.size), code = "consistency-form";
  const ascending = sizes.every((n, i) => n <= bundle.size && (i === 0 || sizes[i - 1] < n));
  need(ascending, code, "sizes");
  const found = new Map(proofs.map((p) => [p.size, p.path.map((hash) => parseHex32(hash, code))]));
  need(request.since.every((n) => found.has(n)), "consistency-missing", "a proof that was asked for");
  for (const one of bundle.order) {
    const head = SAW.includes(one.type) ? one.body.checkpoint
      : ["replay.performed", "ledger.restored"].includes(one.type) ? one.body : null;
    if (head === null || !(found.has(head.size) || head.size === bundle.size)) continue;
    if (!(await leadsTo(bundle, BigInt(head.size), parseHex32(head.root, "entry-form"), found.get(head.size) ?? []))) {
      throw new Refused("seen-differs", `entry ${one.index} names another root: a split view`, one.index, "DIVERGED");
    }
  }
  return found;
}

async function leadsTo(bundle, size, root, path) {
  const [old, now] = await grown(size, bundle.head.size, path, root);
  return same(old, root) && same(now, bundle.root);
}

// Whether this is the history that the reader's pin is of.
async function checkPin(bundle, pin) {
  const found = await consistencyOf(bundle);
  const refuse = (code, said, verdict, index = null) => { throw new Refused(code, said, index, verdict); };
  if (pin === null) refuse("no-pin", "nothing from outside says that this is the history others saw", "UNANCHORED");
  if (pin.origin !== bundle.origin) refuse("other-ledger", `the pin is for ${pin.origin}, this is ${bundle.origin}`, "DIVERGED");
  if (pin.founding !== bundle.entries.get(0)?.leaf) refuse("founded-anew", "entry 0 is not the one pinned", "DIVERGED", 0);
  const { size, root } = pin.head, equal = size === bundle.head.size, path = found.get(Number(size));
  if (!equal && path === undefined) refuse("pin-not-linked", `no proof ties size ${size} to ${bundle.size}`, "UNANCHORED");
  if (!(await leadsTo(bundle, size, root, equal ? [] : path))) {
    refuse("root-differs", `at size ${size} the root is another than the one pinned`, "DIVERGED");
  }
  return `it contains the ${size} entries pinned`;
}
