// What was found, on the page. Everything that a file says reaches it by textContent alone.
const MEANS = {
  VALID: ["✔", "holds", "Everything holds."],
  VALID_UNWITNESSED: ["✔", "holds", "Everything holds; only your own trust file ties it to the past. No witness was asked."],
  INCOMPLETE: ["◐", "open", "What is shown holds, but it does not carry all that is claimed, or not all of it could be checked here."],
  UNANCHORED: ["◆", "open", "Consistent in itself; nothing from outside ties it to the history that others saw."],
  DIVERGED: ["▲", "broken", "It contradicts a checkpoint that you hold, or that a signer saw. Keep both files, and tell others."],
  INVALID: ["✖", "broken", "A signature, hash, proof or role does not hold. Do not use it."],
  ERROR: ["■", "open", "This page could not decide."],
};
const ROWS = 200;
const part = (id) => document.getElementById(id);

function element(name, text = "", className = "") {
  const made = document.createElement(name);
  if (text !== "") made.textContent = String(text);
  if (className !== "") made.className = className;
  return made;
}

function section(title, ...children) {
  const made = element("section");
  made.append(element("h2", title), ...children);
  return made;
}

function listed(kind, lines) {
  const made = element(kind), unseen = lines.length - ROWS;
  made.append(...lines.slice(0, ROWS).map((line) => element("li", line)));
  if (unseen > 0) made.append(element("li", `${unseen} more`));
  return made;
}

function described(pairs) {
  const made = element("dl");
  for (const [term, text] of pairs) made.append(element("dt", term), element("dd", text));
  return made;
}

function cell(value) {
  const made = element("td", "", typeof value === "number" ? "number" : isText(value) && value.length <= 60 ? "" : "long");
  made.append(value instanceof Node ? value : String(value));
  return made;
}

// What an entry says, with what is disclosed put back: written out when it is opened.
function body(one) {
  const made = element("details");
  made.append(element("summary", `entry ${one.index}`));
  made.addEventListener("toggle", () => {
    if (made.children.length === 1) made.append(element("pre", JSON.stringify(one.body, null, 1)));
  });
  return made;
}

// A table that scrolls by itself, from the keyboard too; long ones grow by a button, so that a large file can't stop the page.
function table(caption, heads, rows) {
  const region = element("div", "", "scroll"), made = element("table"), filled = element("tbody"), head = element("tr");
  region.tabIndex = 0;
  region.setAttribute("role", "region");
  region.setAttribute("aria-label", caption);
  for (const text of heads) {
    const named = element("th", text);
    named.scope = "col";
    head.append(named);
  }
  const header = element("thead");
  header.append(head);
  made.append(element("caption", caption), header, filled);
  region.append(made);
  let shown = 0;
  const more = element("button");
  more.type = "button";
  function grow() {
    for (const row of rows.slice(shown, shown + ROWS)) {
      const line = element("tr");
      line.append(...row.map(cell));
      filled.append(line);
    }
    shown = Math.min(rows.length, shown + ROWS);
    more.textContent = `Show more (${rows.length - shown} of ${rows.length} are not shown)`;
    more.hidden = shown === rows.length;
  }
  more.addEventListener("click", grow);
  grow();
  return rows.length > ROWS ? [region, more] : [region];
}

const minute = (time) => `${time.slice(0, 10)} ${time.slice(11, 19)}`;

function timeline(bundle) {
  const rows = bundle.order.map((e) => {
    const withheld = (e.said.body._sd?.length ?? 0);
    const fields = e.disclosed > 0 ? `${e.disclosed} disclosed` : withheld > 0 ? "withheld" : "";
    return [e.index, minute(e.recordedAt), e.type, e.stream, (e.principals ?? []).join(", "), fields, body(e)];
  });
  const heads = ["Index", "Recorded (UTC)", "What", "Stream", "Signed by", "Withheld fields", "Says"];
  return section("Timeline", ...table(`The ${rows.length} entries shown, in order`, heads, rows));
}

function decisions(bundle) {
  const claims = new Map(bundle.part.claims.claims.filter((c) => c.kind === "decision").map((c) => [c.index, c]));
  const rows = bundle.order.filter((e) => e.type === "decision.made").map((e) => {
    const claim = claims.get(e.index), later = claim === undefined ? "" : `claimed; ${claim.later} later entries in its stream`;
    return [e.index, minute(e.recordedAt), String(e.body.decision), String(e.body.basis), e.stream, later];
  });
  if (rows.length === 0) return section("Decisions", element("p", "None is shown."));
  const heads = ["Index", "Recorded (UTC)", "Decision", "Basis", "Stream", "Claim"];
  return section("Decisions", ...table("What people decided, as signed", heads, rows));
}

function withheld(bundle) {
  const classes = bundle.part.redactions.classes;
  if (classes.length === 0) return section("Withheld", element("p", "Nothing is withheld."));
  const rows = classes.map((c) => [c.what, c.kind, c.count, c.ground, c.character, c.justification, c.retained_until ?? "not said"]);
  const heads = ["What", "Kind", "Entries", "Ground", "Character", "Justification", "Kept until"];
  return section("Withheld", ...table("Each class of what is withheld, with its ground", heads, rows));
}

function summary(bundle) {
  const { request, claims } = bundle.part;
  return section("What it is", described([
    ["Ledger", bundle.origin], ["Subject", request.subject], ["For", request.recipient], ["Profile", `${request.profile.id}: ${request.profile.title}`],
    ["As of", `${minute(claims.as_of.time)} UTC, ${bundle.size} entries`], ["Root", toHex(bundle.root)],
  ]));
}

function steps(report) {
  const failures = report.details.filter((c) => c.code !== "ok");
  const rows = failures.map((c) => [c.code, c.verdict, c.index === null ? "" : c.index, c.check, c.detail]);
  const shown = [];
  if (rows.length > 0) {
    shown.push(section("What does not hold, or is open", ...table("Each with its code, and its entry where there is one", ["Code", "Verdict", "Entry", "Check", "What"], rows)));
  }
  const lines = report.details.map((c) => `${c.code === "ok" ? "✔" : "✖"} ${c.check}: ${c.detail}${c.code === "ok" ? "" : ` (${c.code})`}`);
  shown.push(section("Not proven", listed("ul", report.notProven)), section("What was compared", listed("ol", lines)));
  return shown;
}

function render(report) {
  const [shape, className, means] = MEANS[report.verdict];
  part("shape").textContent = shape;
  part("word").textContent = report.code === "ok" ? report.verdict : `${report.verdict} (${report.code})`;
  part("verdict").className = className;
  part("meaning").textContent = means;
  part("checked").textContent = report.file === undefined ? "" : `Checked: ${report.file}`;
  const bundle = report.bundle, shown = steps(report);
  if (bundle !== null) {
    if (className === "broken" || report.verdict === "ERROR") {
      shown.push(element("p", "What follows is what the file says. It does not hold: do not rely on it.", "broken"));
    }
    shown.push(summary(bundle), decisions(bundle), withheld(bundle), timeline(bundle));
  }
  part("parts").replaceChildren(...shown);
  part("result").hidden = false;
}
