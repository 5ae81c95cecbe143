// The one zip of a bundle's files (spec/bundle.md §1): stored, ordered by path, one form of every header. Nothing is inflated.
const MAX_FILE = 64 * 2 ** 20, MAX_FILES = 65535, PATH = /^[A-Za-z0-9._/-]{1,200}$/;
const LOCAL = 30, END = 22;
const CRC = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let i = 0; i < 8; i++) n = n & 1 ? 0xEDB88320 ^ (n >>> 1) : n >>> 1;
  return n;
});

function crc32(raw) {
  let crc = 0xFFFFFFFF;
  for (let i = 0; i < raw.length; i++) crc = CRC[(crc ^ raw[i]) & 255] ^ (crc >>> 8);
  return (crc ^ 0xFFFFFFFF) >>> 0;
}

// Little-endian numbers of these widths, one after the other.
function packed(widths, values) {
  const out = new Uint8Array(widths.reduce((n, w) => n + w, 0));
  let at = 0;
  widths.forEach((width, i) => {
    for (let n = 0; n < width; n++) out[at++] = Math.floor(values[i] / 2 ** (8 * n)) % 256;
  });
  return out;
}

const common = (path, content) => packed([2, 2, 2, 2, 2, 4, 4, 4, 2, 2],
  [20, 0, 0, 0, 0x21, crc32(content), content.length, content.length, path.length, 0]);

function isPath(path) {
  return PATH.test(path) && path.split("/").every((part) => part !== "" && part !== "." && part !== "..");
}

// Whether the bytes at a place are these: every byte of the zip is compared with the one that the files demand.
function matches(raw, at, expected) {
  return at + expected.length <= raw.length && same(raw.subarray(at, at + expected.length), expected);
}

// The files, read by their local headers alone; then each header and the whole directory, byte for byte, as their one form has it.
function readZip(raw) {
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength), files = new Map();
  let at = 0;
  while (matches(raw, at, Uint8Array.of(0x50, 0x4B, 3, 4))) {
    need(at + LOCAL <= raw.length && files.size < MAX_FILES, "zip-form", "not a bundle's zip");
    const size = view.getUint32(at + 18, true), nameSize = view.getUint16(at + 26, true), start = at + LOCAL + nameSize;
    need(start + size <= raw.length, "zip-form", "a member is longer than the zip");
    const path = String.fromCharCode(...raw.subarray(at + LOCAL, Math.min(start, at + LOCAL + 300)));
    need(nameSize <= 200 && isPath(path), "bag-path", "a path leads astray");
    need(!files.has(path), "zip-form", "a path stands twice");
    need(size <= MAX_FILE, "limits", "a file is larger than any in a bundle");
    files.set(path, raw.subarray(start, start + size));
    at = start + size;
  }
  need(at + END <= raw.length, "zip-form", "not a bundle's zip");
  checkForm(raw, files, at);
  return files;
}

function checkForm(raw, files, end) {
  const paths = [...files.keys()], form = "not the one zip of these files";
  need(paths.every((path, i) => i === 0 || paths[i - 1] < path), "zip-form", form);
  let offset = 0, at = end;
  for (const [path, content] of files) {
    const head = common(path, content), name = utf8(path);
    const local = concat(utf8("PK\x03\x04"), head, name);
    const central = concat(utf8("PK\x01\x02"), packed([2], [0x0314]), head,
      packed([2, 2, 2, 4, 4], [0, 0, 0, 0o100644 * 65536, offset]), name);
    need(matches(raw, offset, local) && matches(raw, at, central), "zip-form", form);
    offset += local.length + content.length;
    at += central.length;
  }
  const last = concat(utf8("PK\x05\x06"), packed([2, 2, 2, 2, 4, 4, 2], [0, 0, files.size, files.size, at - end, end, 0]));
  need(matches(raw, at, last) && at + END === raw.length, "zip-form", form);
}
