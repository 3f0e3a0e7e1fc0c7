import { describe, expect, test } from 'vitest';
import type { FoundStatement, Rejected } from '../../shared/evidence/evidence.ts';
import { STATEMENT_TYPE } from '../../shared/evidence/statement.ts';
import type { Digest } from '../../shared/image/digest.ts';
import { formatReason } from '../../shared/report/signed.ts';
import {
  summarizeImages,
  summarizeVerified,
  type VerifiedLine,
  type VerifiedPage,
} from '../../shared/report/verified.ts';
import { HOSTILE } from './hostile.ts';
import { renderMarkdown } from './rendering.ts';

const digestOf = (letter: string): Digest => `sha256:${letter.repeat(64)}` as Digest;
const [INDEX, AMD64, ARM64] = [digestOf('a'), digestOf('b'), digestOf('c')];
const WORKFLOW = 'https://github.com/octo/app/.github/workflows/release.yml@refs/heads/main';

function found(predicateType: string, subjects: Digest[], logIndex?: string): FoundStatement {
  return {
    statement: { _type: STATEMENT_TYPE, subject: [{ digest: {} }], predicateType, predicate: {} },
    signer: { subject: WORKFLOW, run: 'https://github.com/octo/app/actions/runs/42/attempts/1' },
    signedAt: '2026-11-21T06:54:25.000Z',
    logIndex,
    subjects,
    source: digestOf('d'),
  };
}

function rejected(reason: string, predicateType?: string): Rejected {
  return { source: digestOf('e'), predicateType, signer: undefined, reason };
}

function page(given: Partial<VerifiedPage> = {}): string {
  return summarizeVerified({
    name: `ghcr.io/octo/app@${INDEX}`,
    reasons: [],
    valid: [found('https://spdx.dev/Document', [ARM64], '7'), found('https://spdx.dev/Document', [AMD64])],
    rejected: [],
    subjects: new Map([
      [INDEX, 'index'],
      [AMD64, 'linux/amd64'],
      [ARM64, 'linux/arm64'],
    ]),
    ...given,
  });
}

describe('the page of a verification', () => {
  test('says of each piece what it is, of which subject, by whom, when, and where it is logged', () => {
    expect(page({ log: 'https://search.example/?logIndex=' }).split('\n')).toEqual([
      '### Hallmark verify: passed',
      '',
      `\`ghcr.io/octo/app@${INDEX}\``,
      '',
      '| Valid evidence | Of | Signed by | When | Log entry | Run |',
      '| --- | --- | --- | --- | --- | --- |',
      ...[
        ['linux/amd64', 'none'],
        ['linux/arm64', '[7](<https://search.example/?logIndex=7>)'],
      ].map(
        ([platform, entry]) =>
          `| spdx | ${platform} | \`octo/app/.github/workflows/release.yml@refs/heads/main\` | 2026-11-21T06:54:25Z | ${entry} | [run 42](<https://github.com/octo/app/actions/runs/42/attempts/1>) |`,
      ),
    ]);
  });

  test('has what does not count too when it passed, and of what nobody knows the type as it stands', () => {
    const text = page({
      valid: [found('https://example.com/a|b', [INDEX])],
      rejected: [rejected('it is no image manifest')],
    });
    expect(text).toContain('| <code>https:&#8288;//example.com/a\\|b</code> | index |');
    expect(text).toContain('<details><summary>Found, and does not count: 1</summary>');
    expect(text).toContain('| not known |  | it is no image manifest | `eeeeeeeeeeee` |');
  });

  test('ends: of many rows a hundred are shown', () => {
    const text = page({ rejected: Array.from({ length: 2000 }, () => rejected('no')) });
    expect(text.split('\n').filter((line) => line.includes('| no |'))).toHaveLength(100);
    expect(text).toContain('… and 1900 more');
  });
});

function line(given: Partial<VerifiedLine>): VerifiedLine {
  return { image: `ghcr.io/octo/app@${INDEX}`, outcome: 'passed', reasons: [], valid: [], ...given };
}

test('the page of several images tells three reasons of each that did not pass, and has a line for each, those first', () => {
  const valid = ['https://spdx.dev/Document', 'https://spdx.dev/Document', 'https://example.com/x'];
  const page = summarizeImages([
    line({ valid: valid.map((predicateType) => ({ predicateType })) }),
    line({ image: 'ghcr.io/octo/b:v1', outcome: 'refused', reasons: ['a', 'b', 'c', 'd', 'e'] }),
  ]);
  expect(page.split('\n')).toEqual([
    '### Hallmark verify: 1 of 2 images passed',
    '',
    '- `ghcr.io/octo/b:v1`: refused',
    ...['a', 'b', 'c', '… and 2 more in the log'].map((reason) => `  - ${reason}`),
    '',
    '| Image | Outcome | Valid evidence |',
    '| --- | --- | --- |',
    '| `ghcr.io/octo/b:v1` | refused |  |',
    '| `ghcr.io/octo/app@sha256:aaaaaaaaaaaa…` | passed | spdx × 2, `https://example.com/x` × 1 |',
  ]);
});

test.each([
  ['a digest can be copied', `no valid vex for ${INDEX}, sorry`, `no valid vex for \`${INDEX}\`, sorry`],
  ['what only looks like one is no code', 'is sha256:12', 'is sha256:12'],
  ['what stands beside one stays text', `\`<b>\` ${INDEX}\`*x*`, `\\\`&lt;b&gt;\\\` \`${INDEX}\`\\\`\\*x\\*`],
])('in a reason %s', (_, reason, shown) => {
  expect(formatReason(reason)).toBe(shown);
});

/** The tags of a page in which a stranger chose every word; what text may be wrapped in is left out. */
function listTags(text: string): string[] {
  const [valid, refused] = [found(text, [INDEX], text), rejected(`${text} ${INDEX} ${text}`, text)];
  const signer = { subject: text, run: 'https://github.com/octo/app/actions/runs/42' };
  const markdown = page({
    reasons: [text],
    valid: [{ ...valid, signer, signedAt: text }],
    rejected: [{ ...refused, signer }],
  });
  const several = summarizeImages([
    line({ image: text, outcome: 'refused', reasons: [text], valid: [{ predicateType: text }] }),
  ]);
  return (renderMarkdown(`${markdown}\n\n${several}`).match(/<[^>]*>/g) ?? []).filter(
    (tag) => !/^<\/?(?:code|span)>$/.test(tag),
  );
}

test.each(HOSTILE.map((text) => [text.slice(0, 40), text]))('%j stays text', (_, text) => {
  // A vulnerability that a reason names is a link to its advisory, and to nowhere else.
  const advisory =
    /<a href="https:\/\/(?:nvd\.nist\.gov\/vuln\/detail|github\.com\/advisories)\/[\w-]+"><\/a>/g;
  expect(listTags(text).join('').replace(advisory, '')).toEqual(listTags('harmless').join(''));
});
