// Claims (spec/bundle.md §6): a `decision` is computed anew from what is shown; what the policies must fold is said to be open.
function decisionClaim(bundle, one) {
  const adopted = bundle.order.filter((e) => e.index < one.index && e.type === "framework.adopted").map((e) => e.body);
  const gone = new Set(adopted.map((a) => a.supersedes ?? null));
  const found = new Map(adopted.filter((a) => !gone.has(a.digest)).map((a) => [`${a.id} ${a.digest}`, { digest: a.digest, id: a.id }]));
  const end = bundle.part.completeness.streams.find((s) => s.stream === one.stream);
  return {
    basis: one.body.basis, decision: one.body.decision, index: one.index, kind: "decision",
    frameworks: [...found.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, framework]) => framework),
    later: Math.max(0, (end?.version ?? one.version) - one.version), recorded_at: one.recordedAt,
  };
}

function checkClaims(bundle) {
  const { claims: { claims }, request } = bundle.part, made = bundle.stream(request.subject).filter((e) => e.type === "decision.made");
  const open = [];
  need(bundle.files.has("data/report.html"), "bag-missing", "data/report.html is missing");
  bundle.notes.push("that report.html says what the entries say: this verifier does not render it");
  for (const [n, claim] of claims.entries()) {
    if (claim.kind !== "decision") { open.push(`claims[${n}]`); continue; }
    const one = made.find((e) => e.index === claim.index);
    if (one === undefined) {
      throw new Refused("claims-short", `claim ${n} (decision): what is shown does not carry it`, null, "INCOMPLETE");
    }
    const { divergent, ...computed } = claim, gate = bundle.entries.has(one.body.gate.index);
    need(alike(computed, decisionClaim(bundle, one)), "claims-mismatch", `claims[${n}] is not what the entries say`);
    need(divergent === undefined || (gate && typeof divergent === "boolean"), "claims-mismatch", `claims[${n}].divergent: its gate is not shown`);
    if (gate) open.push(`claims[${n}].divergent`);
  }
  if (open.length > 0) {
    throw new Refused("claims-not-folded", `not computed anew by this verifier: ${open.join(", ")}`, null, "INCOMPLETE");
  }
  return claims.length === 0 ? "nothing is claimed beyond the entries" : `${claims.length} claims: the same when computed from what is shown`;
}
