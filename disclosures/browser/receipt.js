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
  const note = parseNote(text.slice(cut + 2));
  return { index: parseUint(lines[1].slice(6), "index"), path, note };
}

// Returns {verdict, code, steps, unproven}. `keys` is the reader's own text, one verifier key a line; empty: UNANCHORED.
async function checkReceipt(receiptRaw, entry, keys) {
  const steps = [];
  const unproven = [
    "ML-DSA-44 not checked: this browser's WebCrypto has no such algorithm. holdpoint verify-proof checks it.",
    "Nothing about the entry's own signers, roles or meaning: a receipt shows only that these bytes stand in the log.",
    "Nobody else is shown to have seen the same tree: no witness was asked.",
    "That the keys are the log's: they are as good as the channel that you had them by.",
  ];
  const end = (verdict, code) => ({ verdict, code, steps, unproven });
  try {
    const receipt = parseReceipt(decodeText(receiptRaw, "receipt"));
    steps.push(`receipt read: index ${receipt.index}, ${receipt.path.length} hashes, ${receipt.note.signatures.length} signature lines`);
    const head = parseCheckpoint(receipt.note.text);
    const leaf = await leafHash(entry);
    await checkInclusion(leaf, receipt.index, head.size, receipt.path, head.root);
    steps.push(`entry (${entry.length} bytes) has leaf ${toHex(leaf)}`);
    steps.push(`leaf and path give root ${toHex(head.root)} of size ${head.size}, as the checkpoint says`);
    const lines = keys.split("\n").map((l) => l.trim()).filter((l) => l !== "");
    if (lines.length === 0) return end("UNANCHORED", "no-pin");
    const vkeys = [];
    for (const line of lines) vkeys.push(await parseVkey(line));
    const opened = await openCheckpoint(receipt.note, vkeys);
    steps.push(`Ed25519 signature of ${opened.origin} holds over the checkpoint`);
    steps.push("ML-DSA-44 signature: a line of that key is there, not checked");
    return end("VALID_UNWITNESSED", "");
  } catch (error) {
    if (error instanceof Refused) { steps.push(`refused: ${error.message}`); return end("INVALID", error.code); }
    steps.push(`this browser could not finish: ${error.name}`);
    return end("ERROR", "engine");
  }
}
