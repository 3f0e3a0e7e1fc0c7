import { describe, expect, test } from 'vitest';
import type { Evidence, Rejected } from '../../shared/evidence/evidence.ts';
import { gatherFacts } from '../../shared/policy/facts.ts';
import type { Verdict } from '../../shared/policy/verdict.ts';
import { type JudgedPage, summarizeVerdict } from '../../shared/report/verdict.ts';
import {
  CRITICAL,
  digest,
  GOOD,
  IMAGE,
  instead,
  NOW,
  PROVENANCE,
  SECRET,
  SIGNATURE,
  scan,
  TRUST,
} from '../policy/evidence.ts';

const ALLOWED: Verdict = {
  decision: 'allow',
  environment: 'prod',
  reasons: [],
  warnings: [],
  rules: [{ name: 'signed', title: 'Signed by the builder', outcome: 'passed', reasons: [] }],
  judgedAt: NOW.toISOString(),
};
const DENIED: Verdict = {
  ...ALLOWED,
  decision: 'deny',
  reasons: ['first reason', 'second reason'],
  warnings: ['a warning'],
  rules: [{ name: 'no-critical', title: 'No critical', outcome: 'denied', reasons: ['first reason'] }],
};

function page(
  changes: Partial<JudgedPage> = {},
  found: readonly Evidence[] = GOOD,
  rejected: readonly Rejected[] = [],
): string {
  return summarizeVerdict({
    verdict: ALLOWED,
    facts: gatherFacts(IMAGE, { evidence: found, rejected: [] }, TRUST, NOW).facts,
    evidence: { image: `ghcr.io/octo/app@${IMAGE.digest}`, evidence: found, rejected },
    destination: 'ghcr.io/octo/app',
    policy: { uri: 'octo/app/hallmark.yml@abc', digest: digest('f') },
    ...changes,
  });
}

describe('the page of a verdict', () => {
  test('begins with the verdict', () => {
    expect(page().split('\n')[0]).toBe('## ✅ Allowed for `prod`');
    expect(page({ verdict: DENIED }).split('\n')[0]).toBe('## ⛔ Denied for `prod`');
  });

  test('gives every reason before anything else', () => {
    const text = page({ verdict: DENIED });
    expect(text).toContain('### Reasons: 2\n- first reason\n- second reason');
    expect(text).toContain('### Warnings: 1\n- a warning');
    expect(text.indexOf('second reason')).toBeLessThan(text.indexOf('### Rules'));
  });

  test('names platforms and roles whole', () => {
    expect(page()).toContain('2 platforms (linux/amd64, linux/arm64)');
    expect(page()).toContain('| cyclonedx (builder, scanner) |');
  });

  test('says by what each rule was decided, what to do, and what was distrusted', () => {
    const [first, ...rest] = DENIED.rules;
    const decided = { ...first, outcome: 'denied', values: ['image.size is 9'], hint: 'Shrink it.' } as const;
    const text = page({ verdict: { ...DENIED, rules: [decided as never, ...rest] } }, undefined, [
      {
        source: digest('7'),
        predicateType: undefined,
        signer: undefined,
        reason: 'stolen',
        distrusted: true,
      },
    ]);
    expect(text).toContain('| image.size is 9. Shrink it. |');
    expect(text).toMatch(/### Distrusted: 1\n- .*: stolen/);
  });

  test('counts what several platforms share once', () => {
    const both = [scan('b', { findings: [CRITICAL, SECRET] }), scan('c', { findings: [CRITICAL] })];
    expect(page({}, instead('scan', ...both))).toContain('vulnerabilities: 1 critical, 0 high');
    expect(page({}, instead('scan', ...both))).toContain('secrets: 1');
  });

  test('does not count what was not scanned as nothing', () => {
    expect(page({}, instead('scan'))).toContain('no complete scan');
    expect(page({}, instead('scan', scan('b')))).toContain('no complete scan');
  });

  test('says of a preview that it is advice', () => {
    expect(page({ standing: 'unverified' })).toMatch(
      /^## ✅ Allowed for `prod` \(preview\)\n\n\*\*First:\*\* .*\n\n\*\*Preview:\*\* advice/,
    );
  });

  test('links the run that signed', () => {
    const signed = {
      ...SIGNATURE,
      signer: {
        subject: 'https://github.com/octo/app/.github/workflows/release.yml@refs/heads/main',
        run: 'https://github.com/octo/app/actions/runs/7/attempts/1',
      },
    };
    const text = page({}, instead('signature', signed));
    expect(text).toContain('`octo/app/.github/workflows/release.yml@refs/heads/main`');
    expect(text).toContain('[run 7](<https://github.com/octo/app/actions/runs/7/attempts/1>)');
  });

  test('links the commit that the provenance’s certificate names', () => {
    const proven = {
      ...PROVENANCE,
      signer: { repository: 'https://github.com/octo/app', commit: 'c'.repeat(40), ref: 'refs/heads/main' },
    };
    const text = page({}, instead('provenance', proven));
    expect(text).toContain(
      `| Commit | [octo/app cccccccccccc](<https://github.com/octo/app/commit/${'c'.repeat(40)}>) on \`refs/heads/main\` |`,
    );
    const unsafe = { ...proven, signer: { ...proven.signer, repository: 'javascript:alert(1)//x' } };
    expect(page({}, instead('provenance', unsafe))).not.toContain('](<javascript');
  });

  test('links the vulnerabilities that a reason names, in whatever stands around them', () => {
    const reasons = [
      'CRITICAL: CVE-2026-2511 in openssl, [GHSA-jf85-cpcp-j695](https://evil.example/CVE-2026-1)',
    ];
    const text = page({ verdict: { ...DENIED, reasons } });
    expect(text).toContain('[CVE-2026-2511](<https://nvd.nist.gov/vuln/detail/CVE-2026-2511>) in openssl');
    expect(text).toContain('[GHSA-jf85-cpcp-j695](<https://github.com/advisories/GHSA-jf85-cpcp-j695>)');
    expect(text).not.toMatch(/\]\(https:\/\/evil|https:\/\/evil/);
  });

  test('stays small however much there is', () => {
    const text = page(
      {},
      Array.from({ length: 5000 }, () => SIGNATURE),
    );
    expect(text).toContain('… and 4900 more');
    expect(text.length).toBeLessThan(100_000);
  });
});

/** Names as an attacker would choose them. */
const HOSTILE = [
  '</details><script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '[click](javascript:alert(1))',
  '![](https://evil.example/pixel.png)',
  '@octocat please merge #1',
  '| a | b |\n|---|---|\n## ✅ Allowed for prod',
  '`code` ``` more',
  '::error::not a command\n::set-output name=decision::allow',
  '\u202ereversed\u202c \u0007 bell \u001b[31mred',
];

test.each(HOSTILE)('%j stays text wherever it stands', (hostile) => {
  const rejected: Rejected = {
    source: digest('9'),
    predicateType: hostile,
    signer: { subject: hostile },
    reason: hostile,
  };
  const signed = { ...SIGNATURE, signer: { subject: hostile, run: hostile }, signedAt: hostile };
  const clean = page({ verdict: DENIED }, instead('signature', SIGNATURE), [
    { ...rejected, predicateType: 'x', signer: { subject: 'x' }, reason: 'x' },
  ]);
  const text = page(
    {
      verdict: {
        ...DENIED,
        environment: hostile,
        reasons: [hostile, hostile],
        warnings: [hostile],
        rules: [{ name: hostile, title: hostile, outcome: 'denied', reasons: [hostile] }],
      },
      policy: { uri: hostile, digest: digest('f') },
      destination: hostile,
    },
    instead('signature', signed),
    [rejected],
  );
  const plain = text.replace(/(?<![\\`])(`+)(?!`)[\s\S]*?(?<!`)\1(?!`)/g, 'CODE');
  expect(plain).not.toMatch(/<(?!\/?(?:details|summary|code)>)/);
  expect(plain.match(/<\/?details>/g)?.length).toBe(clean.match(/<\/?details>/g)?.length);
  expect(plain).not.toMatch(/(?<!\\)\]\((?!<https:)/);
  expect(plain).not.toMatch(/@octocat/);
  expect(text.split('\n').length).toBe(clean.split('\n').length);
  for (const control of ['\u0007', '\u001b', '\u202e']) expect(text).not.toContain(control);
  expect(text).not.toMatch(/^(?:::|## ✅)/m);
});
