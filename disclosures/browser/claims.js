// Claims (spec/bundle.md §6): decisions and reports of incidents are computed anew from what is shown; what the policies must fold is
// said to be open.
const versionsOf = (bundle) => new Map(bundle.part.completeness.streams.map((s) => [s.stream, s.version]));
const shownPacks = (bundle) => new Map(bundle.order.filter((e) => e.type === "framework.published").map((e) => [e.body.digest, e.body.id]));

function decisionClaim(bundle, one) {
  const adopted = bundle.order.filter((e) => e.index < one.index && e.type === "framework.adopted").map((e) => e.body);
  const gone = new Set(adopted.map((a) => a.supersedes ?? null));
  const found = new Map(adopted.filter((a) => !gone.has(a.digest)).map((a) => [`${a.id} ${a.digest}`, { digest: a.digest, id: a.id }]));
  return {
    basis: one.body.basis, decision: one.body.decision, index: one.index, kind: "decision",
    frameworks: [...found.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, framework]) => framework),
    later: Math.max(0, (versionsOf(bundle).get(one.stream) ?? one.version) - one.version), recorded_at: one.recordedAt,
  };
}

// What a claim about a decision rests on and the bundle does not show: framework entries, packs of its gate and approvals.
async function decisionLacks(bundle, one) {
  const hidden = bundle.part.completeness.streams.find((s) => s.stream.startsWith("framework/") && s.withheld.length > 0);
  if (hidden !== undefined) return `version ${hidden.withheld[0].from} of ${hidden.stream} is withheld`;
  const packs = shownPacks(bundle), gate = bundle.entries.get(one.body.gate.index), named = [];
  if (gate?.type === "gate.evaluated") named.push(gate);
  for (const e of bundle.order.filter((given) => given.type === "approval.given")) {
    if (one.body.approvals.includes(toHex(await sha256(preAuthentication(e.payload))))) named.push(e);
  }
  const bare = named.find((e) => e.body.packs.some((digest) => !packs.has(digest)));
  return bare === undefined ? null : `entry ${bare.index} rests on a pack that is not here`;
}

// Where the claim is one whose gate is shown, `divergent` stays open: the place in the list that whoever folds the rules must check.
async function checkDecision(bundle, claim, n) {
  const short = (why) => new Refused("claims-short", `claim ${n} (decision): ${why}`, null, "INCOMPLETE");
  const one = bundle.stream(bundle.part.request.subject).find((e) => e.type === "decision.made" && e.index === claim.index);
  if (one === undefined) throw short("what is shown does not carry it");
  const lacks = await decisionLacks(bundle, one);
  if (lacks !== null) throw short(lacks);
  const { divergent, ...computed } = claim, gate = bundle.entries.has(one.body.gate.index);
  need(alike(computed, decisionClaim(bundle, one)), "claims-mismatch", `claims[${n}] is not what the entries say`);
  const fits = divergent === undefined || (gate && typeof divergent === "boolean");
  need(fits, "claims-mismatch", `claims[${n}].divergent: its gate is not shown`);
  return gate ? `claims[${n}].divergent` : null;
}

// What may be claimed of each shown report of an incident that concerns the subject.
function incidentClaims(bundle) {
  const subject = bundle.part.request.subject, packs = shownPacks(bundle), versions = versionsOf(bundle), seen = new Map();
  const pointed = new Set(bundle.stream(subject).filter((e) => e.type === "model.referenced").map((e) => `${e.body.index} ${e.body.leaf}`));
  const about = new Set(bundle.order.filter((e) => pointed.has(`${e.index} ${e.leaf}`)).map((e) => e.stream));
  for (const one of bundle.order.filter((e) => e.type === "incident.observed")) {
    if (!seen.has(one.stream)) seen.set(one.stream, one);
    if (one.body.models.includes(subject)) about.add(one.stream);
  }
  return bundle.order.filter((e) => e.type === "incident.report-filed" && about.has(e.stream)).map((one) => {
    const { awareness_at, digest, fields_missing, framework, obligation, recipient, submitted_at, kind } = one.body, first = seen.get(one.stream);
    const observed = first === undefined ? null
      : { first_at: first.body.first_at, index: first.index, kind: first.body.kind ?? null, last_at: first.body.last_at ?? null };
    return {
      awareness_at, digest, fields_missing, framework: { digest: framework, id: packs.get(framework) ?? null }, incident: one.stream,
      index: one.index, kind: "incident", later: Math.max(0, (versions.get(one.stream) ?? 0) - one.version), obligation: obligation ?? null,
      observed, recipient, recorded_at: one.recordedAt, report: kind, submitted_at,
    };
  });
}

async function checkClaims(bundle, attempt) {
  need(bundle.files.has("data/report.html"), "bag-missing", "data/report.html is missing");
  bundle.notes.push("that report.html says what the entries say: this verifier does not render it");
  const { claims } = bundle.part.claims, open = [];
  const incidents = new Map(incidentClaims(bundle).map((one) => [one.index, one]));
  for (const [n, claim] of claims.entries()) {
    await bundle.tick("claim", n + 1, claims.length);
    await attempt(async () => {
      if (claim.kind === "decision") open.push(await checkDecision(bundle, claim, n));
      else if (claim.kind === "incident") {
        const found = incidents.get(claim.index);
        if (found === undefined) throw new Refused("claims-short", `claim ${n} (incident): what is shown does not carry it`, null, "INCOMPLETE");
        need(alike(found, claim), "claims-mismatch", `claims[${n}] is not what the entries say`);
      } else open.push(`claims[${n}]`);
    });
  }
  const left = open.filter((place) => place !== null);
  if (left.length > 0) {
    throw new Refused("claims-not-folded", `not computed anew by this verifier: ${left.slice(0, 20).join(", ")}`, null, "INCOMPLETE");
  }
  return claims.length === 0 ? "nothing is claimed beyond the entries" : `${claims.length} claims: the same when computed from what is shown`;
}
