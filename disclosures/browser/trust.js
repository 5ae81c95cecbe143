// Keys, roles and the root, as the shown stream `ledger` tells; checked entry by entry, as of each index.
const within = (stream, prefix) => stream.startsWith(prefix)
  && (prefix.endsWith("/") || ["", "/"].includes(stream.slice(prefix.length, prefix.length + 1)));
const sorted = (list) => [...new Set(list)].sort();

class Trust {
  constructor() {
    this.keys = new Map(); this.grants = new Map(); this.ids = new Set(); this.unchecked = new Set();
    this.time = ""; this.frozen = false; this.origin = ""; this.founding = ""; this.rootThreshold = 0; this.log = [];
  }

  get vkeys() { return this.log[this.log.length - 1][1]; }

  // A key record: sound, of its algorithm, named by its digest, registered once.
  async enter(body, index) {
    const spki = parseBase64(body.spki, "a key", "key-weak");
    need(toHex(await sha256(spki)) === body.keyid, "key-unknown", "a key id is not its key's digest", index);
    need(body.alg !== "ed25519" || isSound(spki.slice(-32)), "key-weak", "a weak key", index);
    need(!this.keys.has(body.keyid), "key-known", "a key is registered twice", index);
    this.keys.set(body.keyid, { ...body, raw: spki, revoked: null });
  }

  // The owner of a key that is alive at this index and time, for this use.
  alive(keyid, at, use, index) {
    const key = this.keys.get(keyid);
    need(key !== undefined, "key-unknown", `key ${keyid} is not registered`, index);
    need(key.revoked === null, "key-revoked", `key ${keyid} is revoked`, index);
    const holds = (key.not_before ?? "") <= at && at <= (key.not_after ?? "~");
    need(holds, "key-expired", `key ${keyid} is not valid at ${at}`, index);
    need(key.use === use, "key-use", `key ${keyid} is for ${key.use}`, index);
    return key.principal;
  }

  // A role that stands at this time.
  grant(who, role, at) {
    const found = this.grants.get(JSON.stringify([who, role]));
    return found !== undefined && at <= (found.valid_until ?? "~") ? found : undefined;
  }

  async signed(spki, alg, message, signature, code, said, index = null) {
    const holds = await verifySignature(spki, alg, message, signature);
    need(holds !== false, code, said, index);
    if (holds === null) this.unchecked.add(alg.toUpperCase());
  }

  // Audience, order, signatures, keys, roles and quorum of an entry; then what it changes.
  async admit(one) {
    const i = one.index, founded = one.type === "ledger.founded", body = one.said.body;
    need((i === 0) === founded, "not-founded", "entry 0, and only entry 0, founds the ledger", i);
    const audience = founded ? [body.origin, ""] : [this.origin, this.founding];
    need(one.said.ledger === audience[0] && one.said.founding === audience[1], "wrong-ledger", `entry ${i} is for another ledger`, i);
    need(one.recordedAt >= this.time, "recorded-at-falls", `entry ${i} was recorded before an earlier one`, i);
    need(!this.ids.has(one.said.event_id), "event-id-conflict", `entry ${i} repeats an event id`, i);
    this.time = one.recordedAt;
    this.ids.add(one.said.event_id);
    const keyids = one.signatures.map(([keyid]) => keyid);
    need(alike(keyids, one.signers) && alike(keyids, sorted(keyids)), "signers-mismatch", `entry ${i}: other keys than its signers`, i);
    const carried = new Map();
    if (founded || one.type === "root.rotated") for (const key of body.keys) carried.set(key.keyid, key);
    if (one.type === "key.registered") carried.set(body.keyid, body);
    const message = preAuthentication(one.payload);
    for (const [keyid, signature] of one.signatures) {
      const record = this.keys.get(keyid) ?? carried.get(keyid);
      need(record !== undefined, "key-unknown", `entry ${i}: key ${keyid} is not registered`, i);
      const spki = parseBase64(record.spki, "a key", "key-weak");
      await this.signed(spki, record.alg, message, signature, "signature-invalid",
        `entry ${i}: the signature of key ${keyid} does not verify`, i);
    }
    this.authorise(one, carried, keyids);
    await this.fold(one, carried);
    one.principals = sorted(keyids.map((keyid) => this.keys.get(keyid)?.principal ?? ""));
  }

  authorise(one, carried, keyids) {
    const i = one.index;
    if (one.type === "ledger.founded") {
      need(alike(sorted(carried.keys()), keyids), "founding-malformed", "entry 0 is signed by the keys that it lists", i);
      need(one.said.body.rules === "holdpoint-rules/1", "rules-unknown", "this copy knows holdpoint-rules/1", i);
    } else if (one.derived) {
      need(keyids.length === 1, "signers-mismatch", `entry ${i}: the engine's key alone`, i);
      const who = this.alive(keyids[0], one.recordedAt, "engine", i);
      need(this.grant(who, "engine", one.recordedAt), "role-missing", `entry ${i}: ${who} is no engine`, i);
    } else {
      need(!this.frozen || alike(one.roles, ["root"]), "ledger-frozen", `entry ${i} in a frozen ledger`, i);
      if (alike(one.roles, ["root"])) this.ofRoot(one, carried);
      else this.ofRoles(one, carried);
    }
  }

  ofRoot(one, carried) {
    const i = one.index, voters = new Set();
    for (const keyid of one.signers) {
      if (this.keys.has(keyid) || !carried.has(keyid)) voters.add(this.alive(keyid, one.recordedAt, "root", i));
    }
    const possessed = [...carried.keys()].every((keyid) => one.signers.includes(keyid));
    need(possessed, "proof-of-possession", `entry ${i}: a new root key does not sign`, i);
    need(voters.size >= this.rootThreshold, "quorum-short", `entry ${i}: too few of the root`, i);
  }

  // Enough distinct principals, each with a role for this type, stream and action.
  ofRoles(one, carried) {
    const i = one.index, at = one.recordedAt, body = one.said.body, voters = new Set();
    const compromised = one.type === "key.revoked" && body.reason === "compromised";
    const own = ["key.registered", "key.revoked"].includes(one.type) && !compromised ? body.keyid : null;
    const streams = [one.stream, ...(one.type === "threshold.determined" ? body.subjects : [])];
    for (const keyid of one.signers) {
      if (carried.has(keyid) && !this.keys.has(keyid)) {
        need(keyid === own, "key-unknown", `entry ${i}: key ${keyid}`, i);
        continue;
      }
      const who = this.alive(keyid, at, "event", i);
      if (keyid === own) continue;
      const grants = one.roles.map((role) => this.grant(who, role, at)).filter((g) => g !== undefined);
      need(grants.length > 0, "role-missing", `entry ${i}: ${who} holds no role ${one.roles.join(" or ")}`, i);
      const reach = grants.filter((g) => streams.every((s) => g.streams.some((p) => within(s, p))));
      const acts = !Object.hasOwn(body, "action") || reach.some((g) => (g.actions ?? []).includes(body.action));
      need(reach.length > 0 && acts, "scope-mismatch", `entry ${i}: the role of ${who} does not reach that far`, i);
      voters.add(who);
    }
    const registered = one.type !== "key.registered" || one.signers.includes(body.keyid);
    need(registered, "proof-of-possession", `entry ${i}: the new key does not sign`, i);
    const alone = one.type === "key.revoked" && own !== null && one.signers.includes(own);
    need(alone || voters.size >= (compromised ? 2 : one.quorum), "quorum-short", `entry ${i}: too few signed`, i);
  }

  // What a trust event changes from the next index on.
  async fold(one, carried) {
    const body = one.said.body, i = one.index, role = JSON.stringify([body.principal, body.role]);
    switch (one.type) {
      case "ledger.founded": return this.found(one);
      case "key.registered": return this.enter(body, i);
      case "key.revoked":
        need(this.keys.has(body.keyid), "key-unknown", `entry ${i} revokes an unknown key`, i);
        this.keys.get(body.keyid).revoked = i;
        return undefined;
      case "role.granted":
        if (this.grant(body.principal, body.role, one.recordedAt) === undefined) this.grants.set(role, body);
        return undefined;
      case "role.revoked":
        if (!body.pack_role) this.grants.delete(role);
        return undefined;
      case "root.rotated":
        for (const [keyid, key] of this.keys) if (key.use === "root" && !carried.has(keyid)) key.revoked = i;
        for (const [keyid, key] of carried) if (!this.keys.has(keyid)) await this.enter(key, i);
        this.rootThreshold = body.root_threshold;
        return undefined;
      case "log.rotated": this.log.push([i + 1, body.vkeys]); return undefined;
      case "rules.adopted": throw new Refused("rules-unknown", `entry ${i} adopts rules that this copy does not know`, i);
      case "ledger.frozen": this.frozen = true; return undefined;
      case "ledger.restored": this.frozen = false; return undefined;
      default: return undefined;
    }
  }

  async found(one) {
    const body = one.said.body;
    this.origin = body.origin; this.founding = one.leaf; this.rootThreshold = body.root_threshold;
    this.log = [[0, body.vkeys]];
    for (const key of body.keys) {
      await this.enter(key, 0);
      const streams = key.role === "key-admin" ? ["ledger"] : ["model/", "ledger", "framework/"];
      if (key.role) this.grants.set(JSON.stringify([key.principal, key.role]), { streams });
    }
  }
}
