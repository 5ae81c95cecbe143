// What the reader chose, and one check at a time. A choice that changed makes what stands on the page old: it goes.
let round = 0, dropped = null;

// Room for the page between steps, and the end of a check that a newer choice overtook.
function ticker(mine) {
  let last = performance.now();
  return async (what, done, total) => {
    if (performance.now() - last < 40) return;
    part("progress").textContent = `Checking: ${what} ${done} of ${total}`;
    await new Promise((resume) => { setTimeout(resume); });
    last = performance.now();
    if (mine !== round) throw new Stopped();
  };
}

const failure = (code, detail) => {
  const checks = new Checks();
  checks.add("files", "ERROR", code, detail);
  return checks.report(null, []);
};

const hasEngine = () => globalThis.crypto?.subtle !== undefined && "isWellFormed" in String.prototype;

// Its bytes; a size that no such file has is refused before any of it is read.
async function bytesOf(file, limit) {
  if (file.size > limit) throw new Refused("limits", `${file.name} has ${file.size} bytes; this page reads ${limit} at most`);
  return new Uint8Array(await file.arrayBuffer());
}

const named = async (file, raw) => `${file.name}, ${raw.length} bytes, SHA-256 ${toHex(await sha256(raw))}`;

async function findings(tick) {
  const file = dropped ?? part("file").files[0], pinFile = part("pin").files[0], entry = part("entry").files[0];
  if (!hasEngine()) return failure("engine", "this browser lacks WebCrypto, or is too old: use a newer one, or verify.py");
  if (file === undefined) return failure("no-file", "choose a bundle or a receipt");
  let pin = null;
  try { if (pinFile !== undefined) pin = await parsePin(await bytesOf(pinFile, MAX_SMALL)); }
  catch (error) {
    const refused = error instanceof Refused;
    return failure(refused ? error.code : "engine", `the trust file: ${refused ? error.said : error.name}`);
  }
  try {
    const start = new Uint8Array(await file.slice(0, 2).arrayBuffer());
    const isZip = start[0] === 0x50 && start[1] === 0x4B;
    if (isZip || entry === undefined) {
      const isReceipt = !isZip && (await file.slice(0, 22).text()) === "c2sp.org/tlog-proof@v1";
      if (isReceipt) return failure("no-entry", "a receipt is checked with its entry: choose its exact bytes too");
      const raw = await bytesOf(file, MAX_PAGE);
      return { ...await verifyBundle(raw, pin, tick), file: await named(file, raw) };
    }
    const raw = await bytesOf(file, MAX_SMALL);
    const report = await verifyReceipt(raw, await bytesOf(entry, MAX_SMALL), pin, part("keys").value);
    return { ...report, file: await named(file, raw) };
  } catch (error) {
    if (error instanceof Stopped) throw error;
    return failure(error instanceof Refused ? error.code : "engine", error instanceof Refused ? error.said : `this browser could not finish: ${error.name}`);
  }
}

function clear() {
  round += 1;
  part("result").hidden = true;
  part("parts").replaceChildren();
  part("progress").textContent = "";
}

async function show() {
  clear();
  const mine = round;
  part("progress").textContent = "Checking…";
  let report;
  try { report = await findings(ticker(mine)); }
  catch (error) {
    if (error instanceof Stopped) return null;
    report = failure("engine", `this browser could not finish: ${error.name}`);
  }
  if (mine !== round) return null;
  render(report);
  part("progress").textContent = `Checked: ${report.verdict}`;
  part("verdict-title").focus();
  return report;
}

for (const id of ["file", "pin", "entry", "keys"]) part(id).addEventListener("input", clear);
part("file").addEventListener("input", () => { dropped = null; });
part("check").addEventListener("click", show);
for (const kind of ["dragover", "drop", "dragleave"]) {
  document.addEventListener(kind, (event) => {
    event.preventDefault();
    document.body.classList.toggle("over", kind === "dragover");
    if (kind !== "drop" || event.dataTransfer.files.length === 0) return;
    clear();
    const [file] = event.dataTransfer.files;
    if (event.target.type === "file") event.target.files = event.dataTransfer.files;
    if (event.target.type !== "file" || event.target.id === "file") {
      dropped = file;
      part("file-help").textContent = `Dropped: ${file.name}`;
    }
  });
}
