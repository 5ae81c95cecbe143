// JSON in its one canonical form (spec/canonical-json.md): a name twice, a fraction or a stray escape is another text when written anew.
const MAX_DEPTH = 32;

function canonical(value, code = "entry-form") {
  if (typeof value === "number") {
    need(Number.isSafeInteger(value), code, "a number is not whole, or too large");
    return String(value);
  }
  if (isText(value)) {
    need(value.isWellFormed(), code, "half a character");
    return JSON.stringify(value);
  }
  if (value === null || typeof value === "boolean") return String(value);
  if (Array.isArray(value)) return `[${value.map((one) => canonical(one, code)).join(",")}]`;
  const names = Object.keys(value).sort();
  need(names.every((name) => /^[\x00-\x7f]*$/.test(name)), code, "a name is not ASCII");
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonical(value[name], code)}`).join(",")}}`;
}
const alike = (a, b) => canonical(a) === canonical(b);

// Before the engine's own parser recurses over what a stranger wrote.
function checkDepth(text, code) {
  let depth = 0, quoted = false;
  for (let i = 0; i < text.length; i++) {
    const mark = text[i];
    if (quoted) {
      if (mark === "\\") i += 1;
      else if (mark === '"') quoted = false;
    } else if (mark === '"') quoted = true;
    else if (mark === "[" || mark === "{") need((depth += 1) <= MAX_DEPTH, code, "nested too deep");
    else if (mark === "]" || mark === "}") depth -= 1;
  }
}

// Members are the file's own alone: nothing is inherited, so `constructor` and `__proto__` are names like any.
function plain(value) {
  if (value === null || typeof value !== "object") return value;
  if (!Array.isArray(value)) Object.setPrototypeOf(value, null);
  Object.values(value).forEach(plain);
  return value;
}

function parseJson(raw, code) {
  const text = decodeText(raw, "not UTF-8", code);
  checkDepth(text, code);
  let value;
  try { value = JSON.parse(text); } catch { throw new Refused(code, "not JSON"); }
  need(canonical(value, code) === text, code, "not in canonical form");
  return plain(value);
}

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const words = (text) => text.split(" ").filter((word) => word !== "");

// An object with exactly these members.
function shaped(value, code, required, optional = "") {
  need(isObject(value), code, "not an object");
  const may = [...words(required), ...words(optional)];
  const holds = words(required).every((n) => Object.hasOwn(value, n)) && Object.keys(value).every((n) => may.includes(n));
  need(holds, code, "another member than the format's");
  return value;
}

// Whether a value has a shape: a text is a pattern of the whole, a number the least whole number, a list holds any number, `{"|": […]}`
// is a choice, `true` any object; a name with `?` may be missing, and beside `...` there may be others.
function fits(value, shape) {
  if (shape === null) return value === null;
  if (shape === true) return isObject(value);
  if (isText(shape)) return isText(value) && pattern(shape).test(value);
  if (typeof shape === "number") return Number.isSafeInteger(value) && value >= shape;
  if (Array.isArray(shape)) return Array.isArray(value) && value.every((one) => fits(one, shape[0]));
  if (Object.hasOwn(shape, "|")) return shape["|"].some((one) => fits(value, one));
  if (!isObject(value)) return false;
  const names = new Map(Object.keys(shape).map((k) => [k.replace(/\?$/, ""), k]));
  const known = Object.hasOwn(shape, "...") || Object.keys(value).every((n) => names.has(n));
  return known && [...names].every(([name, key]) => key === "..."
    || (Object.hasOwn(value, name) ? fits(value[name], shape[key]) : key.endsWith("?")));
}

const patterns = new Map();
function pattern(source) {
  if (!patterns.has(source)) patterns.set(source, new RegExp(`^(?:${source})$`, "su"));
  return patterns.get(source);
}
