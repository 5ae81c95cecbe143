// Weak Ed25519 keys (ledger/weak.py): with a point of small or mixed order one signature can hold for every message.
const P = 2n ** 255n - 19n;
const L = 2n ** 252n + 27742317777372353535851937790883648493n;
const mod = (n) => ((n % P) + P) % P;

function power(base, exponent) {
  let result = 1n;
  for (let b = mod(base), e = exponent; e > 0n; e >>= 1n) {
    if (e & 1n) result = result * b % P;
    b = b * b % P;
  }
  return result;
}
const D = mod(-121665n * power(121666n, P - 2n));
const ROOT = power(2n, (P - 1n) / 4n);

function addPoints(a, b) {
  const e = mod((a[1] - a[0]) * (b[1] - b[0])), f = mod((a[1] + a[0]) * (b[1] + b[0]));
  const g = mod(2n * a[3] * b[3] * D), h = mod(2n * a[2] * b[2]);
  const i = f - e, j = h - g, k = h + g, m = f + e;
  return [mod(i * j), mod(k * m), mod(j * k), mod(i * m)];
}
const isIdentity = (p) => mod(p[0]) === 0n && mod(p[1] - p[2]) === 0n;

// RFC 8032 §5.1.3, refusing a y that is not reduced and the sign bit on x = 0.
function decodePoint(raw) {
  const number = BigInt("0x" + toHex(Uint8Array.from(raw).reverse()));
  const y = number & ((1n << 255n) - 1n), sign = number >> 255n;
  if (y >= P) return null;
  const square = mod((y * y - 1n) * power(D * y * y + 1n, P - 2n));
  let x = power(square, (P + 3n) / 8n);
  if (mod(x * x - square) !== 0n) x = x * ROOT % P;
  if (mod(x * x - square) !== 0n || (x === 0n && sign === 1n)) return null;
  if ((x & 1n) !== sign) x = P - x;
  return [x, y, 1n, x * y % P];
}

function isSound(raw) {
  const point = decodePoint(raw);
  if (point === null || isIdentity(point)) return false;
  let sum = [0n, 1n, 1n, 0n];
  for (let p = point, n = L; n > 0n; n >>= 1n) {
    if (n & 1n) sum = addPoints(sum, p);
    p = addPoints(p, p);
  }
  return isIdentity(sum);
}
