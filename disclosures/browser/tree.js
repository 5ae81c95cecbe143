// RFC 9162 §2.1.3.2; sizes are BigInt, since they reach 2^63 − 1.
const leafHash = (entry) => sha256(concat(Uint8Array.of(0), entry));
const nodeHash = (left, right) => sha256(concat(Uint8Array.of(1), left, right));
const bits = (n) => (n === 0n ? 0 : n.toString(2).length);

// The number of hashes follows from index and size alone, and is compared before anything is hashed.
function pathLength(index, size) {
  const inner = bits(index ^ (size - 1n));
  const border = (index >> BigInt(inner)).toString(2).replaceAll("0", "").length;
  return inner + border;
}

// The root that an inclusion path leads to.
async function rootOf(leaf, index, size, path) {
  if (index >= size) throw new Refused("index-range", "index");
  const length = pathLength(index, size);
  if (path.length < length) throw new Refused("proof-too-short", "path");
  if (path.length > length) throw new Refused("proof-too-long", "path");
  let node = leaf, at = index, last = size - 1n;
  for (const sibling of path) {
    if ((at & 1n) || at === last) {
      node = await nodeHash(sibling, node);
      while (!(at & 1n) && at !== 0n) { at >>= 1n; last >>= 1n; }
    } else {
      node = await nodeHash(node, sibling);
    }
    at >>= 1n; last >>= 1n;
  }
  return node;
}

async function checkInclusion(leaf, index, size, path, root) {
  if (!same(await rootOf(leaf, index, size, path), root)) throw new Refused("root-mismatch", "root");
}

// The old and the new root that a consistency proof leads to (RFC 6962 §2.1.2, by its own recursion: at most 63 deep).
async function grown(old, size, path, root, whole = true) {
  const code = "consistency-form";
  need(old >= 1n && old <= size, code, "the proof is of a larger tree than this");
  if (old === size) {
    need(path.length === (whole ? 0 : 1), code, "the proof is of another length");
    return whole ? [root, root] : [path[0], path[0]];
  }
  need(path.length > 0, code, "the proof is too short");
  const rest = path.slice(0, -1), end = path[path.length - 1], k = 1n << BigInt(bits(size - 1n) - 1);
  if (old <= k) {
    const [one, two] = await grown(old, k, rest, root, whole);
    return [one, await nodeHash(two, end)];
  }
  const [one, two] = await grown(old - k, size - k, rest, root, false);
  return [await nodeHash(end, one), await nodeHash(end, two)];
}
