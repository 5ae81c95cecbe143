// The bag (RFC 8493) around the payload, and the one signed statement that lists every file.
const BAG = ["bag-info.txt", "bagit.txt", "bundle.json", "bundle.sig", "manifest-sha256.txt", "tagmanifest-sha256.txt"];
const STATIC = ["VERIFY.md", "verify.html", "verify.py"];
const MAX_JSON = 32 * 2 ** 20;

async function digestsOf(files, tick) {
  const found = new Map();
  for (const [path, content] of files) {
    found.set(path, toHex(await sha256(content)));
    await tick("file", found.size, files.size);
  }
  return found;
}

function checkNames(files) {
  const missing = BAG.filter((path) => !files.has(path));
  need(missing.length === 0, "bag-missing", missing.join(", "));
  const known = [...BAG, ...STATIC];
  const extra = [...files.keys()].filter((path) => !path.startsWith("data/") && !known.includes(path));
  need(extra.length === 0, "bag-extra", extra.slice(0, 3).join(", "));
}

// Manifests and statement list exactly these files; returns the statement's predicate.
async function checkBag(files, tick) {
  checkNames(files);
  const paths = [...files.keys()].sort(), digests = await digestsOf(files, tick);
  const payload = paths.filter((path) => path.startsWith("data/"));
  const tags = paths.filter((p) => !p.startsWith("data/") && !["tagmanifest-sha256.txt", "bundle.json", "bundle.sig"].includes(p));
  const manifest = (listed) => listed.map((path) => `${digests.get(path)}  ${path}\n`).join("");
  const oxum = payload.reduce((n, path) => n + files.get(path).length, 0);
  const texts = {
    "bagit.txt": "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n",
    "bag-info.txt": `Bag-Software-Agent: holdpoint\nPayload-Oxum: ${oxum}.${payload.length}\n`,
    "manifest-sha256.txt": manifest(payload),
    "tagmanifest-sha256.txt": manifest(tags),
  };
  for (const [path, text] of Object.entries(texts)) need(same(files.get(path), utf8(text)), "bag-manifest", path);
  return checkStatement(files, paths, digests);
}

function checkStatement(files, paths, digests) {
  const code = "statement-form", raw = files.get("bundle.json");
  need(raw.length <= MAX_JSON, "limits", "bundle.json is larger than this page reads");
  const said = shaped(parseJson(raw, code), code, "_type predicate predicateType subject"), kind = said.predicateType;
  const later = isText(kind) && kind.startsWith("urn:holdpoint:bundle:") && kind !== "urn:holdpoint:bundle:1";
  need(!later, "format-unknown", "a later version of the format");
  need(said._type === "https://in-toto.io/Statement/v1" && kind === "urn:holdpoint:bundle:1", code, "another type");
  const listed = paths.filter((path) => !path.startsWith("bundle."));
  const subject = listed.map((path) => ({ digest: { sha256: digests.get(path) }, name: path }));
  need(alike(said.subject, subject), "statement-mismatch", "the statement lists other files");
  const predicate = shaped(said.predicate, code, "checkpoint founding ledger profile recipient schema");
  need(predicate.schema === "holdpoint.bundle/1", code, "another schema");
  return predicate;
}
