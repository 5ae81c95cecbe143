// C2SP tlog-proof (spec/receipt.md).
function parseReceipt(text) {
  const cut = text.indexOf("\n\n");
  const lines = (cut < 0 ? text : text.slice(0, cut)).split("\n");
  const header = lines[0] === "c2sp.org/tlog-proof@v1";
  if (header && lines.length > 1 && lines[1].startsWith("extra ")) throw new Refused("receipt-extra", "receipt");
  if (cut < 0 || !header || lines.length < 2 || !lines[1].startsWith("index ")) throw new Refused("receipt-form", "receipt");
  if (lines.length > 65) throw new Refused("receipt-path", "path");
  const path = lines.slice(2).map((line) => parseBase64(line, "path"));
  if (path.some((h) => h.length !== 32)) throw new Refused("receipt-path", "path");
  const noteText = text.slice(cut + 2), note = parseNote(noteText);
  return { index: parseUint(lines[1].slice(6), "index"), path, note, noteText };
}

const RECEIPT_OPEN = [
  "anything about the entry's own signers, roles or meaning: a receipt shows that these bytes stand in the log",
  "that anybody else saw the same tree: no witness was asked",
  "that the keys are the log's: they are as good as the channel that you had them by",
];

// The log's keys, from the reader: a trust file (parsePin), or verifier keys as text, one a line. None: UNANCHORED.
async function keysOf(pin, text) {
  const vkeys = pin === null ? [] : [...pin.opened];
  for (const line of text.split("\n").map((l) => l.trim()).filter((l) => l !== "")) vkeys.push(await parseVkey(line));
  return vkeys;
}

async function verifyReceipt(raw, entry, pin, keys) {
  const checks = new Checks(), unchecked = new Set();
  const receipt = await checks.run("receipt", async () => parseReceipt(decodeText(raw, "receipt")));
  if (receipt !== null) {
    const lines = `index ${receipt.index}, ${receipt.path.length} hashes, ${receipt.note.signatures.length} signature lines`;
    checks.add("receipt", "VALID_UNWITNESSED", "ok", lines);
    await checks.run("proof", async () => {
      const head = parseCheckpoint(receipt.note.text), leaf = await leafHash(entry);
      await checkInclusion(leaf, receipt.index, head.size, receipt.path, head.root);
      return `entry (${entry.length} bytes) has leaf ${toHex(leaf)}; with the path it gives root ${toHex(head.root)} of size ${head.size}, as the checkpoint says`;
    });
    await checks.run("checkpoint", async () => {
      const vkeys = await keysOf(pin, keys);
      if (vkeys.length === 0) throw new Refused("no-pin", "neither a trust file nor a key of the log was given", null, "UNANCHORED");
      const opened = await openCheckpoint(receipt.note, vkeys, unchecked);
      if (pin !== null) need(opened.origin === pin.origin, "origin-mismatch", `the trust file is for ${pin.origin}`);
      return `the Ed25519 ${unchecked.size > 0 ? "signature" : "and ML-DSA-44 signatures"} of ${opened.origin} hold over the checkpoint`;
    });
    addUnchecked(checks, unchecked);
  }
  return { ...checks.report(null, []), notProven: RECEIPT_OPEN };
}
