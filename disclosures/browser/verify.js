// Every check of a bundle in the order of spec/bundle.md §7, as `verify.py` makes them; the lowest verdict counts.
const ORDER = ["VALID", "VALID_UNWITNESSED", "INCOMPLETE", "UNANCHORED", "DIVERGED", "INVALID"];
const MAX_PAGE = 256 * 2 ** 20, MAX_SMALL = 2 ** 20;
const ALWAYS_OPEN = ["that everything was recorded, or that a claim is true: a signature says who claimed it", "witnesses"];

class Stopped extends Error {}

// The lowest; ERROR replaces anything above DIVERGED.
function lowest(verdicts) {
  const ordered = verdicts.filter((v) => v !== "ERROR").map((v) => ORDER.indexOf(v));
  const worst = ordered.length > 0 ? ORDER[ordered.reduce((a, b) => Math.max(a, b))] : "ERROR";
  return ["DIVERGED", "INVALID"].includes(worst) || ordered.length === verdicts.length ? worst : "ERROR";
}

class Checks {
  constructor() { this.done = []; }

  add(check, verdict, code, detail, index = null) { this.done.push({ check, verdict, code, detail, index }); }

  // What a check refuses is a finding. What the engine itself can't do is undecided, never passed over.
  refuse(name, error) {
    if (error instanceof Stopped) throw error;
    if (error instanceof Refused) this.add(name, error.verdict, error.code, error.said, error.index);
    else if (error instanceof TypeError) this.add(name, "INVALID", "entry-form", "a member is missing or of another kind");
    else this.add(name, "ERROR", "engine", `this browser could not finish: ${error.name}`);
  }

  // One check; it may `attempt` parts of itself, and goes on where one of them does not hold.
  async run(name, step) {
    const before = this.done.length;
    const attempt = async (inner) => {
      try { await inner(); } catch (error) { this.refuse(name, error); }
    };
    try {
      const found = await step(attempt);
      if (isText(found) && this.done.length === before) this.add(name, "VALID_UNWITNESSED", "ok", found);
      return found;
    } catch (error) {
      this.refuse(name, error);
      return null;
    }
  }

  report(bundle, notes) {
    const verdict = lowest(this.done.map((c) => c.verdict));
    const code = this.done.find((c) => c.verdict === verdict)?.code ?? "nothing-checked";
    return { verdict, code, details: this.done, notProven: [...ALWAYS_OPEN, ...notes], bundle };
  }
}

function uncheckedNote(algorithms) {
  return `${[...algorithms].sort().join(", ")} not checked: this browser's WebCrypto has no such algorithm; the other verifiers check it`;
}

// Said of every signature that the verdict needs and that this engine can't verify: then nothing is VALID.
function addUnchecked(checks, algorithms) {
  if (algorithms.size > 0) checks.add("ml-dsa", "INCOMPLETE", "ml-dsa-not-checked", uncheckedNote(algorithms));
}

// `pin`: from parsePin, or null. `tick(what, done, total)` is awaited between steps, and may throw `Stopped`.
async function verifyBundle(raw, pin, tick = async () => {}) {
  const checks = new Checks(), trust = new Trust();
  const files = await checks.run("container", async () => {
    need(raw.length <= MAX_PAGE, "limits", "larger than this page reads: use verify.py or holdpoint verify");
    return readZip(raw);
  });
  if (files === null) return checks.report(null, []);
  const bundle = await checks.run("container", async () => Bundle.read(files, await checkBag(files, tick), tick));
  if (bundle === null) return checks.report(null, []);
  if (bundle.order.length === 0) {
    checks.add("entries", "UNANCHORED", "empty", "no entry is shown, so nothing is proven");
    return checks.report(null, []);
  }
  checks.add("container", "VALID_UNWITNESSED", "ok", `${files.size} files, each in the manifests`);
  await checks.run("statement", async () => bundle.said());
  await checks.run("proofs", () => bundle.proofs());
  if ((await checks.run("admission", () => bundle.admission(trust))) !== null) {
    await checks.run("signature", () => bundle.signed(trust));
    await checks.run("checkpoint", (attempt) => bundle.checkpoint(trust, pin, attempt));
    addUnchecked(checks, trust.unchecked);
  }
  await checks.run("streams", (attempt) => checkStreams(bundle, attempt));
  await checks.run("absent", () => checkAbsences(bundle));
  await checks.run("redactions", () => checkRedactions(bundle));
  await checks.run("frameworks", () => checkFrameworks(bundle));
  await checks.run("profile", async () => checkProfile(bundle));
  await checks.run("claims", (attempt) => checkClaims(bundle, attempt));
  await checks.run("pin", () => checkPin(bundle, pin));
  return checks.report(bundle, bundle.notes);
}
