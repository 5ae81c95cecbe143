// Completeness (spec/bundle.md §3): each listed stream to its proven end, shown or counted as withheld.
const hiddenIn = (streams) => streams.flatMap((s) => s.withheld).reduce((n, run) => n + run.to - run.from + 1, 0);

// The other models' streams that an entry names: parent, and what its compute is measured against.
function namedModels(one) {
  if (one.type === "model.compute-reached") return [one.body.of];
  if (one.type !== "model.registered") return [];
  return [one.body.parent, one.body.effective_compute?.of].filter((name) => isText(name));
}

async function checkStreams(bundle, attempt) {
  const part = bundle.part.completeness, said = part.committed;
  const listed = part.streams.map((s) => s.stream), names = new Set(listed);
  const commits = bundle.order.filter((one) => one.type === "index.committed"), newest = commits[commits.length - 1];
  const { index, ...body } = said;
  const right = newest !== undefined && newest.index === index && alike(newest.body, body)
    && commits.every((one) => one.body.size === one.index);
  need(right, "index-mismatch", "no shown index.committed says this", newest?.index ?? null);
  need(alike(listed, sorted(listed)), "completeness-form", "streams out of order");
  const absent = part.absent.map((gap) => gap.stream);
  const lost = ["ledger", bundle.part.request.subject].filter((n) => !names.has(n) && (n === "ledger" || !absent.includes(n)));
  need(lost.length === 0, "gap", `where ${lost.join(", ")} ends is not shown`);
  for (const one of bundle.order) {
    need(names.has(one.stream), "gap", `entry ${one.index} stands in ${one.stream}, whose end is not shown`, one.index);
    const other = namedModels(one).find((name) => !names.has(name));
    need(other === undefined, "gap", `${one.stream} names ${other}, whose end is not shown`, one.index);
  }
  for (const [done, end] of part.streams.entries()) {
    await attempt(() => checkIndexed(utf8(canonical({ head: end.head, stream: end.stream, version: end.version })), end, said));
    await attempt(() => checkEnd(bundle, end, said));
    await bundle.tick("stream", done + 1, part.streams.length);
  }
  const places = part.streams.filter((s) => s.stream.startsWith("framework/")).map((s) => s.position);
  await attempt(() => need(places.every((p, i) => p === places[0] + i), "gap", "a framework stream between two others is not listed"));
  await checkReferences(bundle, attempt);
  bundle.notes.push(`that the stream index of entry ${index} is true of all streams: it rests on a full auditor`);
  return `${names.size} streams to their ends as of ${said.size}; ${hiddenIn(part.streams)} entries withheld`;
}

// A datum stands in the committed stream index.
async function checkIndexed(datum, place, said) {
  const path = place.path.map((hash) => parseHex32(hash, "completeness-form"));
  need(place.position < said.streams, "index-mismatch", "a position outside the stream index");
  const root = await rootOf(await leafHash(datum), BigInt(place.position), BigInt(said.streams), path);
  need(toHex(root) === said.root, "index-mismatch", "a stream's end is not in the committed index");
}

// One stream: its versions without gap, its chain, its head.
function checkEnd(bundle, end, said) {
  const { stream: name, version, head } = end, shown = bundle.stream(name), runs = end.withheld;
  need(runs.every((run) => run.from <= run.to), "completeness-form", `${name}: a run that ends before it begins`);
  need(name !== "ledger" || runs.length === 0, "gap", "entries of stream ledger are withheld");
  const spans = [...shown.map((e) => [e.version, e.version]), ...runs.map((r) => [r.from, r.to])];
  let following = 1;
  for (const [first, last] of spans.sort((a, b) => a[0] - b[0] || a[1] - b[1])) {
    const missing = Math.min(first, following);
    need(first === following && following <= last, "gap", `${name}: version ${missing} is missing, or there twice`);
    following = last + 1;
  }
  need(following > version, "gap", `${name}: version ${following} of ${version} is neither shown nor withheld`);
  need(shown.every((e, i) => i === 0 || shown[i - 1].version < e.version), "gap", `${name}: out of order`);
  const beyond = shown.filter((e) => e.version > version && name !== "ledger");
  need(beyond.length === 0 && runs.every((r) => r.to <= version), "head-mismatch", `${name} goes on behind its end`, beyond[0]?.index ?? null);
  shown.forEach((one, i) => {
    const before = shown[i - 1], follows = i === 0 || one.version !== before.version + 1 || one.previous === before.leaf;
    need(follows, "chain-broken", `${name}: version ${one.version} does not follow`, one.index);
  });
  const last = shown.find((e) => e.version === version);
  const holds = last === undefined || (last.leaf === head && (name !== "ledger" || last.index < said.size));
  need(holds, "head-mismatch", `${name}: its last version is another`, last?.index ?? null);
}

// What the subject's `model.referenced` point at is shown, or withheld in a listed stream of its kind: each withheld entry stands for one.
async function checkReferences(bundle, attempt) {
  const { known, spare } = withheldBy(bundle), led = new Set();
  for (const [done, one] of bundle.order.entries()) {
    const points = one.type === "model.referenced" && one.stream === bundle.part.request.subject;
    if (points) await attempt(() => checkReference(bundle, one, known, spare, led));
    await bundle.tick("reference", done + 1, bundle.order.length);
  }
}

// By kind of stream: the leaves of withheld entries that what is shown tells, and how many there are whose leaf nothing tells.
function withheldBy(bundle) {
  const known = new Set(), spare = new Map();
  for (const end of bundle.part.completeness.streams.filter((s) => s.withheld.length > 0)) {
    const previous = new Map(bundle.stream(end.stream).map((e) => [e.version, e.previous])), family = end.stream.split("/")[0];
    for (const run of end.withheld) {
      const leaf = run.to === end.version ? end.head : previous.get(run.to + 1);
      if (leaf !== undefined) known.add(`${family} ${leaf}`);
      spare.set(family, (spare.get(family) ?? 0) + run.to - run.from + (leaf === undefined ? 1 : 0));
    }
  }
  return { known, spare };
}

function checkReference(bundle, one, known, spare, led) {
  const { index, leaf, type } = one.body, kind = type.split(".")[0], found = bundle.entries.get(index);
  const family = ["threshold", "evaluation"].includes(kind) ? "model" : kind;
  need(found === undefined || found.leaf === leaf, "gap", `entry ${index} is not the one referred to`, index);
  if (found === undefined && !known.has(`${family} ${leaf}`) && !led.has(index)) {
    spare.set(family, (spare.get(family) ?? 0) - 1);
    need(spare.get(family) >= 0, "gap", `entry ${index} (${type}) is referred to, and neither shown nor withheld`, index);
  }
  led.add(index);
}
