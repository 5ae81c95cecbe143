"""Node as a second reader and verifier, where it is on PATH: a differential that no Python library can give."""

import json
import shutil
import subprocess
from typing import Any

NODE = shutil.which("node")


def ask_node(script: str, question: Any) -> Any:
    """Run `script` with `question` as the JSON on its standard input; what it prints is JSON again."""
    assert NODE is not None
    done = subprocess.run(
        [NODE, "-e", script], input=json.dumps(question), capture_output=True, text=True, timeout=60, check=True
    )
    return json.loads(done.stdout)


READ = """
const docs = JSON.parse(require('fs').readFileSync(0, 'utf8'))
console.log(JSON.stringify(docs.map(b => {
  const text = Buffer.from(b, 'base64').toString('utf8')
  try { return JSON.stringify(JSON.parse(text)) } catch (e) { return null }
})))
"""
"""Documents in base64 → what Node writes after reading each, or null."""

VERIFY = """
const crypto = require('crypto')
const cases = JSON.parse(require('fs').readFileSync(0, 'utf8'))
console.log(JSON.stringify(cases.map(c => {
  const key = crypto.createPublicKey({key: Buffer.from(c.spki, 'base64'), format: 'der', type: 'spki'})
  const env = JSON.parse(Buffer.from(c.envelope, 'base64').toString('utf8'))
  const payload = Buffer.from(env.payload, 'base64')
  const pae = Buffer.concat([Buffer.from(
    `DSSEv1 ${Buffer.byteLength(env.payloadType)} ${env.payloadType} ${payload.length} `), payload])
  const digest = c.alg === 'ed25519' ? null : 'sha256'
  return env.signatures.every(s => crypto.verify(digest, pae, key, Buffer.from(s.sig, 'base64')))
})))
"""
"""Envelopes and one key → whether every signature verifies over DSSE's pre-authentication encoding."""
