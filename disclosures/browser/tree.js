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

async function checkInclusion(leaf, index, size, path, root) {
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
  if (!same(node, root)) throw new Refused("root-mismatch", "root");
}
