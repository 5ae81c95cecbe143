// A bundle read: its members, its entries by index; and the checks of statement, proofs, signature and checkpoint.
const PARTS = ["claims", "completeness", "consistency", "redactions", "request"];
const EVENT_PATH = /^data\/events\/(0|[1-9][0-9]{0,15})\.json$/, PACK_PATH = /^data\/frameworks\/([0-9a-f]{64})\.json$/;
const TOKEN_PATH = /^data\/timestamps\/[1-9][0-9]{0,15}\.[0-9a-f]{64}\.[1-9][0-9]?\.tsr$/;

class Bundle {
  static async read(files, statement, tick) {
    const bundle = new Bundle(), missing = PARTS.filter((name) => !files.has(`data/${name}.json`));
    need(missing.length === 0, "bag-missing", `a member of data/ is missing: ${missing.join(", ")}`);
    need(files.has("data/checkpoint") && files.has("data/keys"), "bag-missing", "data/checkpoint or data/keys");
    Object.assign(bundle, { files, statement, notes: [], part: {}, packs: new Map(), entries: new Map(), byStream: new Map(), tick });
    for (const name of PARTS) bundle.readPart(name);
    need(bundle.part.request.absent?.length !== 0, "request-form", "request.json: absent is left out where empty");
    bundle.readCheckpoint();
    await bundle.readEntries();
    return bundle;
  }

  readPart(name) {
    const raw = this.files.get(`data/${name}.json`);
    need(raw.length <= MAX_JSON, "limits", `${name}.json is larger than this page reads`);
    this.part[name] = parseJson(raw, `${name}-form`);
    need(fits(this.part[name], SHAPES[name]), `${name}-form`, `${name}.json is not of its form`);
  }

  readCheckpoint() {
    const code = "checkpoint-malformed";
    try {
      this.note = parseNote(decodeText(this.files.get("data/checkpoint"), "checkpoint"));
      this.head = parseCheckpoint(this.note.text);
    } catch (error) {
      throw error instanceof Refused ? new Refused(code, error.message) : error;
    }
    Object.assign(this, { origin: this.head.origin, size: Number(this.head.size), root: this.head.root });
  }

  async readEntries() {
    const known = new Set(["data/checkpoint", "data/keys", "data/report.html", ...PARTS.map((name) => `data/${name}.json`)]);
    const numbered = [...this.files.keys()].map((path) => EVENT_PATH.exec(path)).filter((found) => found !== null);
    for (const [path, digits] of numbered.sort((a, b) => Number(a[1]) - Number(b[1]))) {
      const n = Number(digits), proof = `data/proofs/${n}.tlog-proof`, side = `data/disclosures/${n}.jsonl`;
      need(Number.isSafeInteger(n) && this.files.has(proof), "proof-missing", `entry ${n} has no proof`, n);
      for (const one of [path, proof, side]) known.add(one);
      this.entries.set(n, await readEntry(n, this.files.get(path), this.files.get(side), this.tick));
      await this.tick("reading entry", this.entries.size, numbered.length);
    }
    let tokens = 0;
    for (const [path, raw] of this.files) {
      const pack = PACK_PATH.exec(path);
      if (pack !== null) this.packs.set(pack[1], raw);
      const token = TOKEN_PATH.test(path);
      tokens += token ? 1 : 0;
      const extra = path.startsWith("data/") && pack === null && !token && !known.has(path);
      need(!extra, "bag-extra", path);
    }
    if (tokens > 0) this.notes.push(`timestamps: ${tokens} tokens are there, and this page reads none`);
    this.order = [...this.entries.values()];
    for (const one of this.order) {
      if (!this.byStream.has(one.stream)) this.byStream.set(one.stream, []);
      this.byStream.get(one.stream).push(one);
    }
  }

  stream(name) { return this.byStream.get(name) ?? []; }

  // Every entry in the tree of the one checkpoint.
  async proofs() {
    const note = decodeText(this.files.get("data/checkpoint"), "checkpoint");
    for (const [done, one] of this.order.entries()) {
      const i = one.index;
      await this.tick("proof", done + 1, this.order.length);
      const proof = again("proof-form", i, () => parseReceipt(decodeText(this.files.get(`data/proofs/${i}.tlog-proof`), "proof")));
      need(proof.noteText === note, "proof-checkpoint", `entry ${i} is proven under another checkpoint`, i);
      need(proof.index === BigInt(i), "proof-index", `the proof of entry ${i} is for another`, i);
      need(proof.index < this.head.size, "proof-index", `entry ${i} lies beyond the tree`, i);
      const leaf = parseHex32(one.leaf, "entry-form");
      let root;
      try { root = await rootOf(leaf, proof.index, this.head.size, proof.path); }
      catch (error) { throw error instanceof Refused ? new Refused(error.code, `entry ${i}: ${error.said}`, i) : error; }
      need(same(root, this.root), "proof-mismatch", `entry ${i} is not in the tree`, i);
    }
    return `${this.order.length} entries stand in the tree of ${this.size}`;
  }

  // Statement, request and claims speak of this checkpoint, ledger, profile and recipient.
  said() {
    const { statement: said, part: { request, claims } } = this;
    need(this.entries.has(0), "gap", "entry 0 is not shown", 0);
    const head = { root: toHex(this.root), size: this.size };
    const of = [said.checkpoint, said.ledger, said.founding];
    need(alike(of, [head, this.origin, this.entries.get(0).leaf]), "statement-mismatch", "the statement is for another checkpoint or ledger");
    const last = this.order[this.order.length - 1];
    const named = [request.profile.id, request.recipient, request.first, request.last];
    const shown = [said.profile, said.recipient, this.order[0].index, last.index];
    need(alike(named, shown), "statement-mismatch", "the request is for another profile, recipient or range");
    const claimed = [claims.ledger, claims.founding, claims.subject, claims.as_of.size];
    const holds = alike(claimed, [this.origin, said.founding, request.subject, this.size]) && last.recordedAt <= claims.as_of.time;
    need(holds, "claims-mismatch", "the claims are for another position");
    return "request, claims and statement agree";
  }

  // Every entry, in order of index.
  async admission(trust) {
    for (const [done, one] of this.order.entries()) {
      await trust.admit(one);
      await this.tick("signature of entry", done + 1, this.order.length);
    }
    this.notes.push("the rules of each event type, separation of duties, the schema of each body: run holdpoint verify");
    return `${this.order.length} entries: signatures, keys, roles and quorum as of each index`;
  }

  // The engine's live key signed the list of all files.
  async signed(trust) {
    const code = "statement-form", payload = this.files.get("bundle.json"), at = this.part.claims.as_of.time;
    const line = shaped(parseJson(this.files.get("bundle.sig"), code), code, "keyid payloadType sig");
    need(line.payloadType === PAYLOAD_TYPE && isText(line.keyid), code, "another payload type");
    const who = again("statement-key", null, () => trust.alive(line.keyid, at, "engine", null));
    need(trust.grant(who, "engine", at), "statement-key", `${who} is no engine`);
    const key = trust.keys.get(line.keyid), signature = parseBase64(line.sig, "the signature", code);
    await trust.signed(key.raw, key.alg, preAuthentication(payload), signature, "statement-signature", "the statement's signature");
    return `${this.files.size - 2} files, listed and signed by ${who}`;
  }

  // Signed by the log's keys in force, which follow from entry 0; `data/keys` is compared and never used.
  async checkpoint(trust, pin, attempt) {
    const listed = trust.vkeys.map((vkey) => `${vkey}\n`).join("");
    await attempt(() => need(same(this.files.get("data/keys"), utf8(listed)), "keys-mismatch", "data/keys are not the log's"));
    need(this.origin === trust.origin, "checkpoint-origin", "the checkpoint is of another origin");
    if (pin !== null && pin.origin === this.origin && pin.founding === trust.founding) {
      const then = trust.log.filter(([since]) => BigInt(since) <= pin.head.size).pop()[1];
      const ours = pin.head.size > this.head.size || pin.vkeys.every((vkey) => then.includes(vkey));
      need(ours, "keys-mismatch", "the pin's log keys are others");
    }
    const vkeys = [];
    for (const text of trust.vkeys) vkeys.push(await parseVkey(text));
    await againAsync("checkpoint-signature", () => openCheckpoint(this.note, vkeys, trust.unchecked, true));
    return trust.unchecked.has("ML-DSA-44")
      ? "the Ed25519 signatures verify under the keys that entry 0 and its successors name; ML-DSA-44 not checked"
      : "Ed25519 and ML-DSA-44 signatures verify under the keys that entry 0 and its successors name";
  }
}

// What a reader of another format refused, under the code that it has in a bundle.
function again(code, index, step) {
  try { return step(); } catch (error) { throw error instanceof Refused ? new Refused(code, error.message, index) : error; }
}
async function againAsync(code, step) {
  try { return await step(); } catch (error) { throw error instanceof Refused ? new Refused(code, error.message) : error; }
}
