// Guides are written by hand: what they tell a reader to write has to be there, and what they promise to translate has to be all of it.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { readBuiltInRules } from '../../shared/evaluator/rules.ts';
import { parseDigest } from '../../shared/image/digest.ts';
import { updateManifest } from '../../shared/manifests/update.ts';
import { readPolicy } from '../../shared/policy/file.ts';
import { inputsOf } from '../actions/world.ts';

const folder = fileURLToPath(new URL('../../action-docs/', import.meta.url));
const read = (name: string): string => readFileSync(`${folder}${name}`, 'utf8');
const guides = readdirSync(folder).filter((name) => name.endsWith('.md') && !read(name).startsWith('<!--'));

/** What follows `uses:` in YAML, as a list of what is used and the inputs it is given. */
function listUses(value: unknown): { uses: string; given: string[] }[] {
  if (typeof value !== 'object' || value === null) return [];
  const { uses, with: given } = value as { uses?: unknown; with?: unknown };
  const own = typeof uses === 'string' ? [{ uses, given: Object.keys(given ?? {}) }] : [];
  return [...own, ...Object.values(value).flatMap(listUses)];
}

function inputsOfUsed(uses: string): string[] | undefined {
  const [, action] = /^hallmark-actions\/hallmark\/actions\/([\w-]+)@<commit>$/.exec(uses) ?? [];
  if (action !== undefined) return Object.keys(inputsOf(action));
  const [, workflow] =
    /^hallmark-actions\/hallmark\/(\.github\/workflows\/[\w-]+\.yml)@<commit>$/.exec(uses) ?? [];
  if (workflow === undefined) return undefined;
  const text = readFileSync(fileURLToPath(new URL(`../../${workflow}`, import.meta.url)), 'utf8');
  return Object.keys(parse(text).on.workflow_call.inputs);
}

const blocks = guides.flatMap((name) =>
  [...read(name).matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text = ''], index) => ({ name, index, text })),
);

test.each(blocks)('$name, block $index: is YAML, and names inputs that are there', ({ text }) => {
  const used = listUses(parse(text));
  for (const { uses, given } of used.filter(({ uses }) => uses.startsWith('hallmark-actions/'))) {
    expect(inputsOfUsed(uses), uses).toEqual(expect.arrayContaining(given));
  }
});

const DIGEST = `sha256:${'ab'.repeat(32)}` as const;
// What a guide shows as a manifest that promote writes has to be one.
test.each(blocks.filter(({ name, text }) => name === 'gitops.md' && text.includes('sha256:000')))(
  '$name, block $index: promote writes its digest',
  ({ text }) => {
    const file = /^# (\S+\.ya?ml)$/m.exec(text)?.[1] ?? 'app.yaml';
    const updated = updateManifest(file, text, 'ghcr.io/octo/app', parseDigest(DIGEST));
    expect(updated?.text).toBe(text.replace(/sha256:0{64}/, DIGEST));
    expect(updated?.changed).toHaveLength(1);
  },
);

test('the policy of the organisation is one', async () => {
  const [text = ''] = blocks
    .filter(({ name, text }) => name === 'enforce-a-scan-gate.md' && /^environments:/m.test(text))
    .map(({ text }) => text);
  const { environments } = readPolicy(text, 'policy', await readBuiltInRules());
  expect(Object.keys(environments)).toEqual(['prod']);
});

describe('every input of theirs has its line', () => {
  // action.yaml of trivy-action at 0024b3f, of scout-action at c854600.
  const theirs: Record<string, string> = {
    'move-from-trivy-action.md':
      'scan-type image-ref input scan-ref exit-code ignore-unfixed vuln-type severity format template output skip-dirs skip-files cache-dir timeout ignore-policy hide-progress list-all-pkgs scanners trivyignores github-pat trivy-config tf-vars limit-severities-for-sarif docker-host version cache skip-setup-trivy token-setup-trivy',
    'move-from-docker-scout.md':
      'debug verbose-debug summary organization image platform ref to to-ref to-stream to-env to-latest environment hide-policies ignore-base ignore-unchanged ignore-vex only-fixed only-unfixed only-severities only-package-types only-cisa-kev exit-code exit-on sarif-file format output file predicate-type dockerhub-user dockerhub-password registry-user registry-password github-token write-comment keep-previous-comments',
  };
  test.each(Object.entries(theirs))('%s', (name, inputs) => {
    const first = read(name)
      .split('\n')
      .filter((line) => line.startsWith('| '))
      .map((line) => line.split('|')[1] ?? '');
    const named = new Set(first.flatMap((cell) => [...cell.matchAll(/`([\w-]+)`/g)].map(([, word]) => word)));
    expect(inputs.split(' ').filter((input) => !named.has(input))).toEqual([]);
  });

  test.each(Object.keys(theirs))('%s: and what it says is here is here', (name) => {
    const rows = read(name)
      .split('\n')
      .filter((line) => /^\| (?!---)/.test(line))
      .map((line) => line.split('|'));
    const here = rows.flatMap(([, , cell = '']) =>
      [...cell.matchAll(/`([a-z][\w-]*)(?:: [^`]*)?`/g)].map(([, word]) => word),
    );
    const known = new Set([
      ...Object.keys(inputsOf('scan')),
      ...Object.keys(inputsOf('attest')),
      // Outputs of scan, and a rule of the gate.
      ...['outcome', 'report', 'sarif', 'sbom-cyclonedx', 'sbom-spdx', 'no-critical'],
    ]);
    expect(here.filter((word) => !known.has(String(word)))).toEqual([]);
  });
});
