import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { action } from '../../actions/attest/index.ts';
import { parseReference } from '../../shared/image/reference.ts';
import { collectStatements } from '../../shared/sigstore/collect.ts';
import { parseTrustedRoot } from '../../shared/sigstore/root.ts';
import { createVerifier, type StatementVerifier } from '../../shared/sigstore/verifier.ts';
import { readInputs } from '../../shared/step/step.ts';
import { openStore, storeOptions } from '../../shared/store/open.ts';
import { mapParallel } from '../../shared/store/parallel.ts';
import type { Store } from '../../shared/store/store.ts';
import { type ImageSubjects, listSubjects } from '../../shared/store/subjects.ts';
import { type Fault, type RegistryServer, type SeenRequest, startRegistry } from '../servers/registry.ts';
import { type LocalSigstore, startSigstore } from '../servers/sigstore.ts';
import { runContext } from '../sigstore/context.ts';
import { putImage } from '../sigstore/image.ts';

let sigstore: LocalSigstore;
let verifier: StatementVerifier;
beforeAll(async () => {
  sigstore = await startSigstore();
  verifier = await createVerifier({ root: parseTrustedRoot(JSON.stringify(sigstore.trustedRoot)) });
});
afterAll(() => sigstore.close());

type Plan = (request: SeenRequest) => Fault | undefined | Promise<Fault | undefined>;

/** Runs the attest action in this process: a review, and where asked for a signature. `milliseconds` is the step's deadline. */
async function attest(image: string, inputs: Record<string, string>, milliseconds = 60_000): Promise<void> {
  const context = runContext(sigstore, {}, { deadline: AbortSignal.timeout(milliseconds) });
  writeFileSync(join(context.workspace, 'root.json'), JSON.stringify(sigstore.trustedRoot));
  writeFileSync(join(context.workspace, 'before.json'), '{"was":"here"}');
  writeFileSync(join(context.workspace, 'review.json'), '{"is":"new"}');
  const given = {
    image,
    'fulcio-url': sigstore.fulcioUrl,
    'rekor-url': sigstore.rekorUrl,
    'trusted-root': 'root.json',
    'predicate-type': 'https://example.com/review/v1',
    ...inputs,
  };
  const variables = Object.entries(given).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]);
  await action.run(readInputs(action, Object.fromEntries(variables)) as never, context);
}

const BEFORE = { 'predicate-path': 'before.json' };
const NEW = { 'predicate-path': 'review.json', signature: 'true' };

/** An index with one platform that carries one piece of evidence already. Faults are played from `play` on. */
async function prepare(referrers: boolean) {
  let plan: Plan = () => undefined;
  const registry = await startRegistry({ referrers, onRequest: (request) => plan(request) });
  const name = `${registry.host}/octo/app`;
  const image = await putImage(reopen(registry), ['amd64'], '', {}, 'index');
  await attest(`${name}@${image.digest}`, BEFORE);
  return {
    registry,
    image: `${name}@${image.digest}`,
    digest: image.digest,
    play: (next: Plan): void => {
      plan = next;
      registry.requests.length = 0;
    },
  };
}

function reopen(registry: RegistryServer): Store {
  return openStore(parseReference(`${registry.host}/octo/app`), storeOptions(runContext(sigstore)));
}

/** Which statements verify, seen from the image and from each of its manifests alone; and how much else is there. */
async function read(registry: RegistryServer, digest: ImageSubjects['digest']) {
  const store = reopen(registry);
  const { all } = await listSubjects(store, digest);
  const views = await Promise.all(
    all.map(async ({ digest: subject }) => {
      const { statements, rejected } = await collectStatements(
        store,
        { ...(await listSubjects(store, subject)), all: all.filter((one) => one.digest === subject) },
        verifier,
      );
      return {
        said: statements.map(({ statement }) => JSON.stringify(statement.predicate)).sort(),
        rejected,
      };
    }),
  );
  return { views: views.map(({ said }) => said), rejected: views.flatMap(({ rejected }) => rejected) };
}

const OLD_EVIDENCE = ['{"was":"here"}'];
const WHOLE = ['{"is":"new"}', '{"was":"here"}', '{}'];

/** Faults that begin with request number `at`; a run gets over those that pass. */
const FAULTS: [name: string, passes: boolean, plan: (at: number) => Plan][] = [
  ['a dropped connection', true, (at) => once(at, () => 'drop')],
  ['an answer that is cut off', true, (at) => once(at, () => 'cut')],
  ['a slow answer', true, (at) => once(at, () => wait(300).then(() => undefined))],
  ['500 for ever', false, (at) => everSince(at, () => ({ status: 500 }))],
  ['silence past the deadline', false, (at) => everSince(at, () => new Promise(() => undefined))],
];

function once(at: number, fault: () => ReturnType<Plan>): Plan {
  let seen = 0;
  return () => {
    seen += 1;
    return seen === at ? fault() : undefined;
  };
}

/** The registry works no more from this request on. */
function everSince(at: number, fault: () => ReturnType<Plan>): Plan {
  let seen = 0;
  return () => {
    seen += 1;
    return seen >= at ? fault() : undefined;
  };
}

describe.each([
  ['with the referrers API', true],
  ['without it', false],
])('a registry %s that fails in the middle of attest', (_, referrers) => {
  test.each(FAULTS)(
    '%s, at each request in turn',
    async (_name, passes, plan) => {
      const clean = await prepare(referrers);
      clean.play(() => undefined);
      await attest(clean.image, NEW);
      const total = clean.registry.requests.length;
      expect((await read(clean.registry, clean.digest)).views).toEqual([WHOLE, WHOLE]);
      await clean.registry.close();
      expect(total).toBeGreaterThan(12);

      const numbers = Array.from({ length: total }, (__, index) => index + 1);
      const outcomes = await mapParallel(numbers, 20, async (at) => {
        const { registry, image, digest, play } = await prepare(referrers);
        try {
          play(plan(at));
          const outcome = await attest(image, NEW, passes ? 60_000 : 2500).then(
            () => 'passed',
            (error) => error.outcome ?? error,
          );
          play(() => undefined);
          const after = await read(registry, digest);
          await attest(image, NEW);
          return { at, outcome, after, again: await read(registry, digest) };
        } finally {
          await registry.close();
        }
      });
      for (const { at, outcome, after, again } of outcomes) {
        expect({ at, outcome }).toEqual({ at, outcome: passes ? 'passed' : 'unavailable' });
        expect({ at, rejected: after.rejected }).toEqual({ at, rejected: [] });
        // As before, or with what is new beside it: of each manifest, what is there verifies, and none of the old is gone.
        for (const view of after.views) {
          expect(view).toEqual(expect.arrayContaining(OLD_EVIDENCE));
          expect(WHOLE).toEqual(expect.arrayContaining(view));
        }
        expect({ at, again }).toEqual({ at, again: { views: [WHOLE, WHOLE], rejected: [] } });
      }
    },
    120_000,
  );
});
