// What may leave (spec/profile.md): the profile is an allow-list, and each class of redactions is the profile's own.
function countWithheld(bundle) {
  const counted = new Map();
  for (const end of bundle.part.completeness.streams) {
    for (const run of end.withheld) counted.set(run.class, (counted.get(run.class) ?? 0) + run.to - run.from + 1);
  }
  return counted;
}

// Each withheld version under a class that is described, each class with its count.
async function checkRedactions(bundle) {
  const classes = bundle.part.redactions.classes, counted = countWithheld(bundle), ids = classes.map((c) => c.id);
  need(alike(ids, sorted(ids)), "redactions-form", "classes out of order");
  const described = new Set(ids);
  need([...counted.keys()].every((id) => described.has(id)), "redactions-missing", "a class is not described");
  for (const one of classes) {
    const wanted = counted.get(one.id) ?? 0;
    const holds = one.count === wanted && ["event", "suppressed"].includes(one.kind) === wanted > 0;
    need(holds, "redactions-count", `class ${one.id} counts otherwise`);
  }
  await checkSuppressed(bundle, new Set(classes.filter((c) => c.kind === "suppressed").map((c) => c.id)));
  return `${ids.length} classes, each with its ground; ${[...counted.values()].reduce((n, m) => n + m, 0)} entries withheld`;
}

// Each suppressed version: the root's event names it, with the leaf that the chain or the stream's end tells.
async function checkSuppressed(bundle, classes) {
  const said = bundle.order.filter((e) => e.type === "entry.suppressed").map((e) => [`${e.body.version} ${e.body.stream}`, e.body]);
  const told = new Map(said), gone = [];
  for (const end of bundle.part.completeness.streams) {
    const leaves = new Map(bundle.stream(end.stream).map((e) => [e.version - 1, e.previous]));
    leaves.set(end.version, end.head);
    for (const run of end.withheld.filter((r) => classes.has(r.class))) {
      await bundle.tick("withheld run of version", run.from, end.version);
      need(run.to - run.from < told.size, "redactions-ground", `${end.stream}: suppressed, says no entry of the root`);
      for (let v = run.from; v <= run.to; v++) {
        const by = told.get(`${v} ${end.stream}`), backed = by !== undefined && (leaves.get(v) ?? by.leaf) === by.leaf;
        need(backed, "redactions-ground", `${end.stream}: version ${v} is suppressed, says no entry of the root`);
        gone.push(by.index);
      }
    }
  }
  if (gone.length > 0) {
    const detail = `suppressed by the root: ${gone.join(", ")}; what rests on them can't be judged`;
    throw new Refused("suppressed", detail, gone[0], "INCOMPLETE");
  }
}

// The same day and clock a period later, the last day of the month where that day does not exist.
function later(time, period) {
  if (period === undefined) return null;
  const months = Number(time.slice(0, 4)) * 12 + Number(time.slice(5, 7)) - 1 + period.amount * (period.unit === "year" ? 12 : 1);
  const year = Math.floor(months / 12), month = months % 12;
  if (year > 9999) return `9999-12-31${time.slice(10)}`;
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const last = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month], day = Math.min(Number(time.slice(8, 10)), last);
  return [String(year).padStart(4, "0"), String(month + 1).padStart(2, "0"), String(day).padStart(2, "0")].join("-") + time.slice(10);
}

const isIn = (list, known) => list.every((one) => known.includes(one));
const withholdableOf = (type) => [...new Set([...TABLE[type][3], ...Object.keys(INSIDE[type])])].filter((name) => name !== "-");
// Whether a member, as signed, shows anything: not an array of which every element is hidden.
const isShowing = (one, name) => {
  const value = one.said.body[name], array = Array.isArray(value) && value.length > 0 && Object.hasOwn(INSIDE[one.type], name);
  return !(array && value.every(isHidden));
};

// Names only what exists, each once, withholds what it does not show, and shows something.
function checkProfileForm(profile) {
  const types = Object.keys(TABLE), shown = profile.shows.map((s) => s.type), ids = profile.withholds.map((w) => w.id);
  const fields = types.flatMap((type) => withholdableOf(type).map((name) => `${type}.${name}`));
  const known = { event: ["*", ...types, ...types.map((type) => `${type.split(".")[0]}.*`)], field: ["*", ...fields] };
  const sound = shown.length > 0 && isIn(shown, types) && new Set(shown).size === shown.length && new Set(ids).size === ids.length
    && profile.shows.every((s) => s.disclose === undefined || (s.disclose.length > 0 && isIn(s.disclose, withholdableOf(s.type))))
    && profile.withholds.every((w) => w.of.length > 0 && isIn(w.of, known[w.kind]))
    && profile.withholds.every((w) => (w.retention?.amount ?? 1) <= 1200)
    && profile.withholds.some((w) => w.kind === "event" && w.of.includes("*")) && !ids.some((id) => /^(erased|unheld)-/.test(id));
  need(sound, "profile-form", "the profile names what does not exist, or one thing twice");
  const named = new Set(profile.withholds.filter((w) => w.kind === "field").flatMap((w) => w.of));
  const kept = profile.shows.flatMap((s) => withholdableOf(s.type).filter((n) => !(s.disclose ?? []).includes(n)).map((n) => `${s.type}.${n}`));
  need(named.has("*") || kept.every((name) => named.has(name)), "profile-form", "a field stays withheld under no class");
}

// Every shown entry and disclosed field is one that the profile allows, every class and every kind of claim is the profile's own.
function checkProfile(bundle) {
  const { request: { profile }, redactions, claims } = bundle.part;
  checkProfileForm(profile);
  const shows = new Map(profile.shows.map((s) => [s.type, { named: new Set([...s.fields, ...(s.disclose ?? [])]), disclose: s.disclose ?? [] }]));
  for (const one of bundle.order) {
    const detail = `entry ${one.index} shows more than the profile ${profile.id} allows`;
    need(isAllowed(one, shows.get(one.type)), "profile-exceeded", detail, one.index);
  }
  const of = (one) => [one.character, one.ground, one.justification, one.kind, one.what];
  const gone = goneClasses(bundle, shows), grounds = new Map([...gone, ...profile.withholds].map((w) => [w.id, w]));
  const told = gone.every((c) => c.kind !== "erased" || redactions.classes.some((one) => one.id === c.id));
  need(told, "redactions-missing", "what an entry erased is not said");
  for (const c of redactions.classes.filter((one) => one.kind !== "suppressed")) {
    const own = grounds.get(c.id);
    need(own !== undefined && alike(of(own), of(c)), "redactions-ground", `class ${c.id} is not as the profile or the entries ground it`);
    const until = later(claims.as_of.time, own.retention);
    need(until === c.retained_until, "redactions-retained", `class ${c.id}: the period ends at ${until}`);
  }
  const kinds = claims.claims.every((claim) => profile.claims.includes(claim.kind));
  need(kinds, "claims-not-allowed", "a claim of a kind that the profile does not list");
  for (const one of bundle.order.filter((e) => e.stream !== "ledger")) {
    const erased = erasedOf(bundle, one), lost = (shows.get(one.type)?.disclose ?? []).find((n) => isLost(one, n) && erased.includes(n));
    const detail = `entry ${one.index}: ${lost} of ${one.type}, which the profile hands over, was erased`;
    if (lost !== undefined) throw new Refused("erased-needed", detail, one.index, "INCOMPLETE");
  }
  return `nothing is shown that the profile ${profile.id} does not allow`;
}

// Whether a member is neither stated nor opened.
const isLost = (one, name) => !(Object.hasOwn(one.said.body, name) && isShowing(one, name)) && !one.opened.has(name);

// The members of an entry that shown erasures name.
function erasedOf(bundle, one) {
  const said = bundle.order.filter((e) => e.type === "disclosure.erased").map((e) => e.body);
  const reach = said.filter((b) => b.stream === one.stream && b.first <= one.index && one.index <= b.last);
  return reach.flatMap((b) => b.classes).filter((kind) => kind.type === one.type).flatMap((kind) => kind.fields);
}

// The classes that entries give: what was erased; what is neither stated nor opened, though the profile lets it out.
function goneClasses(bundle, shows) {
  const erasures = bundle.order.filter((e) => e.type === "disclosure.erased"), missing = new Map();
  const classes = erasures.flatMap((e) => e.body.classes.map((kind, n) => ({
    id: `erased-${e.index}-${n}`, character: "erased", ground: e.body.ground, kind: "erased", what: `${kind.type}: ${kind.fields.join(", ")}`,
    justification: `Entry ${e.index} erased it once its retention had passed; its digests stand, and every proof holds.`,
  })));
  for (const one of bundle.order.filter((e) => withholdableOf(e.type).length > 0 && e.stream !== "ledger")) {
    const erased = erasedOf(bundle, one);
    const lost = (shows.get(one.type)?.disclose ?? []).filter((n) => isLost(one, n) && !erased.includes(n));
    if (lost.length > 0) missing.set(one.type, [...(missing.get(one.type) ?? []), ...lost]);
  }
  for (const [type, names] of missing) {
    classes.push({ id: `unheld-${type.replaceAll(".", "-")}`, character: "not held", ground: "the ledger holds no text of it", kind: "unheld",
      justification: "The profile lets it out. Of some entry it was never sent, or its author left it out.", what: `${type}: ${sorted(names).join(", ")}` });
  }
  return classes;
}

function isAllowed(one, allowed) {
  const members = Object.keys(one.said.body).filter((name) => name !== "_sd" && isShowing(one, name)), opened = [...one.opened];
  if (one.stream === "ledger" || one.type === "disclosure.erased") return opened.length === 0;
  if (allowed === undefined) return false;
  const shut = allowed.named.has("*") ? members.filter((name) => withholdableOf(one.type).includes(name)) : members;
  return shut.every((name) => allowed.named.has(name)) && isIn(opened, allowed.disclose);
}

// Each published pack, byte for byte, and no other.
async function checkFrameworks(bundle) {
  const wanted = new Set();
  for (const one of bundle.order.filter((e) => e.type === "framework.published")) {
    const raw = utf8(canonical(one.body.pack)), digest = toHex(await sha256(raw)), carried = bundle.packs.get(digest);
    wanted.add(digest);
    need(carried !== undefined && same(carried, raw), "framework-mismatch", "a pack is missing", one.index);
  }
  need([...bundle.packs.keys()].every((d) => wanted.has(d)), "framework-mismatch", "a pack that no shown entry publishes");
  return `${wanted.size} packs, as published`;
}
