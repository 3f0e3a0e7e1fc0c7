// node scripts/bench/many.mjs <trusted root> <image> …: verifies every image with one verifier, and prints how much was found.
// From build/, which scripts/build.ts leaves: Node's reading of TypeScript takes more memory than what is measured here.
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { parseReference } from '../../build/shared/image/reference.js';
import { collectStatements } from '../../build/shared/sigstore/collect.js';
import { parseTrustedRoot } from '../../build/shared/sigstore/root.js';
import { createVerifier } from '../../build/shared/sigstore/verifier.js';
import { openStore } from '../../build/shared/store/open.js';
import { listManifests } from '../../build/shared/store/subjects.js';

const [root = '', ...images] = process.argv.slice(2);
const verifier = await createVerifier({ root: parseTrustedRoot(readFileSync(root, 'utf8')) });
const deadline = AbortSignal.timeout(300_000);
const quiet = () => undefined;
const log = { info: quiet, notice: quiet, warning: quiet, mask: quiet, group: (_title, work) => work() };
const started = performance.now();
let statements = 0;
// One after the other: verifying is all there is to wait for, and each image's bundles are gone before the next one's come.
for (const image of images) {
  const reference = parseReference(image);
  const store = openStore(reference, { workspace: tmpdir(), path: '', deadline, log });
  const found = await collectStatements(store, await listManifests(store, reference.digest ?? ''), verifier);
  statements += found.statements.length;
}
console.log(JSON.stringify({ statements, seconds: (performance.now() - started) / 1000 }));
