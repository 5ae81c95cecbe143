// Everything that a file says reaches the page by textContent alone.
const SHAPES = { VALID_UNWITNESSED: "✔", UNANCHORED: "◆", INVALID: "✖", ERROR: "■" };
const part = (id) => document.getElementById(id);

function list(id, lines) {
  part(id).replaceChildren(...lines.map((line) => {
    const item = document.createElement("li");
    item.textContent = line;
    return item;
  }));
}

let round = 0;
async function show() {
  const mine = ++round;
  const receipt = part("receipt").files[0], entry = part("entry").files[0];
  const result = receipt && entry
    ? await checkReceipt(new Uint8Array(await receipt.arrayBuffer()), new Uint8Array(await entry.arrayBuffer()), part("keys").value)
    : { verdict: "ERROR", code: "choose both files", steps: [], unproven: [] };
  if (mine !== round) return;
  part("verdict").textContent = `${SHAPES[result.verdict]} ${result.verdict}${result.code ? ` (${result.code})` : ""}`;
  part("verdict").className = result.verdict;
  list("steps", result.steps);
  list("unproven", result.unproven);
  part("result").hidden = false;
}

// A choice that changed makes what stands on the page old, and a check under way too: both go.
for (const id of ["receipt", "entry", "keys"]) part(id).addEventListener("input", () => { round += 1; part("result").hidden = true; });
part("check").addEventListener("click", show);
