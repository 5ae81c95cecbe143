// Absence (spec/bundle.md §3): the streams asked about, each proven not to exist.
async function checkAbsences(bundle) {
  const { completeness: part, request } = bundle.part, asked = request.absent ?? [], names = part.absent.map((gap) => gap.stream);
  const here = new Set([...part.streams.map((s) => s.stream), ...bundle.byStream.keys()]);
  need(alike(names, asked) && alike(asked, sorted(asked)), "absent-asked", "other streams than those asked about");
  for (const gap of part.absent) {
    need(!here.has(gap.stream), "absent-exists", `${gap.stream} is shown in this very bundle`);
    const lost = (await checkAbsent(gap, part.committed)).find((name) => name.startsWith("framework/") && !here.has(name));
    need(lost === undefined, "gap", `${lost} stands beside, and its end is not shown`);
  }
  return names.length === 0 ? undefined : names.map((name) => `no stream ${name} as of size ${part.committed.size}`).join("; ");
}

// Its neighbours' names, once they stand side by side in the index (at an edge, one is enough) and it between them.
async function checkAbsent({ stream: name, left, right }, said) {
  const code = "absent-datum", around = ["", "~"];  // no stream's name comes before or after these
  for (const [n, side] of [left, right].entries()) {
    if (side === null) continue;
    const datum = utf8(side.datum);
    await againAsync(code, () => checkIndexed(datum, side, said));
    const head = parseJson(datum, code);
    need(fits(head, { head: HEX32, stream: SHAPES.request.subject, version: 1 }), code, `beside ${name}`);
    around[n] = head.stream;
  }
  const low = left === null ? -1 : left.position, high = right === null ? said.streams : right.position;
  need(high === low + 1, left === null || right === null ? "absent-edge" : "absent-adjacent", `${name}: its neighbours`);
  need(around[0] < name && name < around[1], "absent-order", `${name} does not lie between its neighbours`);
  return around;
}
