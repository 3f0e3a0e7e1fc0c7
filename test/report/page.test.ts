import { describe, expect, test } from 'vitest';
import { adviseFirst } from '../../shared/report/advice.ts';
import { renderCheck, renderComment, renderSummary } from '../../shared/report/comment.ts';
import { formatTitle } from '../../shared/report/headline.ts';
import type { Page, PageImage } from '../../shared/report/page.ts';
import { COMMIT, DIGEST, finding, PAGES, PROVENANCE, page, review, verdict } from './pages.ts';

describe.each(Object.entries(PAGES))('the golden files of %s', (name, golden) => {
  test('the comment', async () => {
    await expect(renderComment(golden)).toMatchFileSnapshot(`goldens/${name}.md`);
  });
  test('the job summary', async () => {
    await expect(renderSummary(golden)).toMatchFileSnapshot(`goldens/${name}.summary.md`);
  });
  test('the check run', async () => {
    const { title, conclusion, summary, text } = renderCheck(golden);
    const whole = `${conclusion}: ${title}\n\n${summary}\n${text}`;
    await expect(whole).toMatchFileSnapshot(`goldens/${name}.check.md`);
  });
});

const GOOD = { review: review(), verdict: verdict(), provenance: PROVENANCE };

test.each<[string, Page, string, 'success' | 'neutral' | 'failure']>([
  ['allowed', page(GOOD), 'Allowed for prod', 'success'],
  ['passed', page({ review: review() }), 'Scan passed', 'success'],
  [
    'not asked to fail, which is not passed',
    page({ review: review({ judged: false }) }),
    'Scanned, nothing was asked to fail',
    'neutral',
  ],
  [
    'not looked at in full, which is not passed',
    page({ review: review({ gaps: ['linux/arm64 was not scanned'] }) }),
    'Scanned in part',
    'neutral',
  ],
  [
    'not looked at at all',
    page({ review: review({ judged: false, scanner: { name: 'trivy', version: '0.72.0', scanners: [] } }) }),
    'Packages listed, nothing was looked for',
    'neutral',
  ],
  [
    'allowed in a preview, which is advice',
    page({ verdict: verdict({ preview: true }) }),
    'Allowed for prod (preview)',
    'neutral',
  ],
  [
    'allowed in a fork, says the fork',
    page(GOOD, { fork: true }),
    'Allowed for prod (unverified)',
    'neutral',
  ],
  ['denied', page({ ...GOOD, verdict: verdict({ decision: 'deny' }) }), 'Denied for prod', 'failure'],
  [
    'denied and not readable',
    page({ verdict: verdict({ decision: 'deny' }), unavailable: 'x' }),
    'Denied for prod',
    'failure',
  ],
  [
    'refused by the scan though gate allowed it',
    page({ ...GOOD, review: review({ outcome: 'refused' }) }),
    'Scan refused',
    'failure',
  ],
  [
    'not scanned though gate allowed it',
    page({ ...GOOD, review: review({ outcome: 'unavailable' }) }),
    'Unavailable: the scan gave no answer',
    'failure',
  ],
  [
    'not judged',
    page({ ...GOOD, verdict: verdict({ decision: 'unavailable' }) }),
    'Unavailable: not judged for prod',
    'failure',
  ],
  [
    'not all there',
    page({ ...GOOD, unavailable: 'no artifact' }),
    'Unavailable: not everything could be read',
    'failure',
  ],
  ['nothing known of it', page({}), 'Unavailable: not everything could be read', 'failure'],
  ['no image', page({}, { images: [] }), 'Unavailable: there is no image to judge', 'failure'],
  [
    'one of several denied',
    page({}, { images: [imageOf(GOOD), imageOf({ verdict: verdict({ decision: 'deny' }) })] }),
    '1 of 2 images denied for prod',
    'failure',
  ],
  [
    'one of several with nothing known',
    page({}, { images: [imageOf(GOOD), imageOf({})] }),
    '1 of 2 images could not be judged',
    'failure',
  ],
  [
    'several for several environments',
    page(
      {},
      { images: ['dev', 'prod'].map((environment) => imageOf({ verdict: verdict({ environment }) })) },
    ),
    'All 2 images allowed',
    'success',
  ],
])('%s', (_, given, title, conclusion) => {
  expect(formatTitle(given)).toBe(title);
  expect(renderCheck(given).conclusion).toBe(conclusion);
});

function imageOf(image: Partial<PageImage>): PageImage {
  return { image: `ghcr.io/octo/app@${DIGEST}`, ...image };
}

/** A refused image whose scan names these findings. */
function refused(findings: readonly ReturnType<typeof finding>[], change = {}): PageImage {
  const reasons = findings.map(
    ({ id, package: name, target }) => `CRITICAL: ${id || 'secret'} in ${name || target}`,
  );
  return imageOf({ review: review({ outcome: 'refused', findings: [...findings], reasons, ...change }) });
}

const numbered = (count: number, change: Partial<ReturnType<typeof finding>>) =>
  Array.from({ length: count }, (_, index) =>
    finding({ id: `CVE-2026-${change.package}${index}`, ...change }),
  );
const EXPIRED = {
  finding: 'CVE-2026-2511',
  scope: '',
  owner: '@octo/security',
  reason: 'none',
  until: '2026-11-01',
  state: 'expired' as const,
  file: 'exceptions.yml',
};

test.each<[string, PageImage, string]>([
  [
    'the upgrade that fixes most',
    refused([...numbered(1, { package: 'a' }), ...numbered(3, { package: 'b', fixed: '2.0' })]),
    'upgrade `b` to `2.0`: fixes 3 of 4 failing findings.',
  ],
  [
    'the highest of the versions that fix, by number',
    refused([
      ...numbered(1, { package: 'a', fixed: '1.9.0' }),
      finding({ id: 'CVE-1', package: 'a', fixed: '1.10.0' }),
    ]),
    'upgrade `a` to `1.10.0`: fixes all 2 failing findings.',
  ],
  [
    'the nearest of the versions offered',
    refused([finding({ package: 'a', version: '4.17.4', fixed: '3.1.0, 4.17.12, 5.0.1' })]),
    'upgrade `a` to `4.17.12`: fixes the only failing finding.',
  ],
  [
    'a newer base image that fixes more',
    refused([...numbered(2, { package: 'a' }), ...numbered(1, { package: 'b' })], {
      base: { image: 'debian:12', newer: 'debian:12.8', fixes: 3 },
    }),
    'build on the newer base image `debian:12.8`: fixes all 3 failing findings.',
  ],
  [
    'an upgrade before an excuse',
    refused([finding()], { exceptions: [EXPIRED] }),
    'upgrade `openssl` to `3.0.13-1`: fixes the only failing finding.',
  ],
  [
    'the excuse where there is no fix',
    refused([finding({ fixed: '' })], { exceptions: [EXPIRED] }),
    'renew the exception for `CVE-2026-2511` (owner @&#8288;octo/security, ended 2026-11-01): excuses the only failing finding.',
  ],
  [
    'neither fix nor excuse',
    refused([finding({ fixed: '' })]),
    'take out `openssl`, or add an exception with an owner and an end date: no fix is released for it.',
  ],
  [
    'a secret before everything',
    refused([
      finding({ class: 'secret', package: '', id: 'aws-key', target: 'app/.env', line: 3 }),
      finding(),
    ]),
    'revoke the secret in `app/.env`, line 3, and build the image without it: a later layer does not take it out.',
  ],
  [
    'an upgrade where gate named a part of what fails',
    {
      ...refused([finding(), finding({ id: 'CVE-2026-9' })]),
      verdict: verdict({
        decision: 'deny',
        reasons: ['no-critical (No critical): CVE-2026-2511 openssl; and 7 more'],
      }),
    },
    'upgrade `openssl` to `3.0.13-1`: fixes at least 2 of the failing findings.',
  ],
  [
    'what is not about findings',
    imageOf({ ...GOOD, verdict: verdict({ decision: 'deny', reasons: ['signed: no signature'] }) }),
    'put this right: signed: no signature.',
  ],
  ['nothing to do', imageOf(GOOD), 'nothing to do.'],
  [
    'nothing about what was known',
    imageOf({ ...GOOD, review: review({ findings: [finding({ state: 'known' })] }) }),
    'nothing to do.',
  ],
  [
    'nothing about what is excused',
    imageOf({
      ...GOOD,
      review: review({ findings: [finding({ vex: { status: 'not_affected', justification: '' } })] }),
    }),
    'nothing to do.',
  ],
  [
    'nothing about what nobody can mend',
    imageOf({ ...GOOD, review: review({ findings: [finding({ fixed: '' })] }) }),
    'nothing to do.',
  ],
  [
    'what would help though nothing has to be done',
    imageOf({ ...GOOD, review: review({ findings: [finding()] }) }),
    'nothing has to be done. It would help to upgrade `openssl` to `3.0.13-1`: fixes the only new finding.',
  ],
  [
    'what keeps it from being judged',
    imageOf({ unavailable: 'the log is down' }),
    'run the job again when this is mended: the log is down. Until then nothing is known to be safe.',
  ],
])('the first thing to do is %s', (_, image, advice) => {
  expect(adviseFirst(image)).toBe(advice);
});

describe('stays within what GitHub takes', () => {
  const many = (count: number, change = {}) =>
    review({
      outcome: 'refused',
      findings: Array.from({ length: count }, (_, index) =>
        finding({ id: `CVE-2026-${index}`, title: '<'.repeat(300) }),
      ),
      reasons: ['CVE-2026-7'],
      ...change,
    });

  test.each<[string, Page]>([
    ['with 200,000 findings', page({ review: many(200_000), verdict: verdict() })],
    [
      'with 50 images of 5,000',
      page({}, { images: Array.from({ length: 50 }, () => imageOf({ review: many(5000) })) }),
    ],
    ['with 1,000 images', page({}, { images: Array.from({ length: 1000 }, () => imageOf(GOOD)) })],
    [
      'with 10,000 reasons of 4,096 characters',
      page({
        verdict: verdict({
          decision: 'deny',
          reasons: Array.from({ length: 10_000 }, (_, i) => `${i}${'é'.repeat(4000)}`),
        }),
      }),
    ],
  ])('%s', (_, given) => {
    const comment = renderComment(given);
    const check = renderCheck(given);
    expect(comment.length).toBeLessThanOrEqual(65_536);
    expect(Buffer.byteLength(renderSummary(given))).toBeLessThanOrEqual(1_000_000);
    for (const text of [check.summary, check.text])
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(65_535);
    expect(comment).toMatch(/^<!-- [^\n]*\n## \S+ .*\n\n\*\*First:\*\* /);
    expect(comment).toMatch(/… and [\d,]+ more|parts of this page are left out/);
    expect(comment.match(/<details>/g)?.length).toBe(comment.match(/<\/details>/g)?.length);
  });

  test('says where the rest is', () => {
    const images = Array.from({ length: 50 }, () => imageOf({ review: many(5000) }));
    const rest =
      /_\d+ parts of this page are left out to keep it short; see the \[summary of the run\]\(<https:/;
    expect(renderComment(page({}, { images }))).toMatch(rest);
    expect(renderComment(page({}, { images, fork: true }))).toMatch(/; see the job summary\._\n$/);
  });

  test('shortens the least important first', () => {
    const long = many(100, {
      fixed: many(200).findings,
      exceptions: [{ ...EXPIRED, reason: '&'.repeat(4000) }],
    });
    const text = renderComment(
      page({}, { images: Array.from({ length: 9 }, () => imageOf({ review: long })) }),
    );
    expect(text.match(/### Expired|Expired: 1 exception/g)).toHaveLength(9);
    expect(text.match(/200 fixed by this change/g)?.length ?? 0).toBeLessThan(9);
  });
});

describe('the provenance line', () => {
  const line = (change: Partial<typeof PROVENANCE>, given: Partial<Page> = {}): string =>
    /^Provenance: .*$/m.exec(
      renderComment(page({ ...GOOD, provenance: { ...PROVENANCE, ...change } }, given)),
    )?.[0] ?? '';

  test('links what was verified', () => {
    expect(line({})).toContain(
      `[octo/app ${COMMIT.slice(0, 12)}](<https://github.com/octo/app/commit/${COMMIT}>)`,
    );
    expect(line({})).toContain('[run](<https://github.com/octo/app/actions/runs/4711/attempts/1>)');
    expect(line({})).toContain('[attestation](<https://github.com/octo/app/attestations/88112>)');
  });

  test.each<[string, Partial<typeof PROVENANCE>, Partial<Page>]>([
    ['what was not verified', { verified: false, reason: 'no signature' }, {}],
    ['what a fork says is verified', {}, { fork: true }],
  ])('does not link %s', (_, change, given) => {
    expect(line(change, given)).toContain('⚠️ not verified');
    expect(line(change, given)).not.toMatch(/✅|\]\(/);
  });

  test.each<[string, Partial<typeof PROVENANCE>]>([
    ['a run elsewhere', { run: 'https://evil.example/octo/app/actions/runs/1' }],
    ['a run that climbs out', { run: 'https://github.com/octo/app/actions/runs/../../../evil' }],
    ['an attestation elsewhere', { attestation: 'https://evil.example/1' }],
    ['a log elsewhere', { log: { index: '1', url: 'https://evil.example/?logIndex=1' } }],
    ['a repository that is none', { repository: 'https://github.com/octo/app/../../evil' }],
    ['a commit that is none', { commit: 'main' }],
  ])('does not link %s', (_, change) => {
    expect(line(change)).not.toMatch(/\]\(<[^>]*(?:evil|\.\.\/|commit\/main)/);
  });
});

test.each<[string, string]>([
  ['a command in the image’s name', `ghcr.io/octo/$(id)@${DIGEST}`],
  ['a line end', `ghcr.io/octo/app\nid@${DIGEST}`],
  ['an option', `--help@${DIGEST}`],
  ['a layout that is an option', `oci:-x@${DIGEST}`],
  ['a tag', 'ghcr.io/octo/app:latest'],
])('shows no command to copy for %s', (_, image) => {
  expect(renderComment(page({ ...GOOD, image }))).not.toContain('trivy image');
});

test('has no green mark for what a fork says', () => {
  for (const images of [[imageOf(GOOD)], [imageOf(GOOD), imageOf(GOOD)]]) {
    expect(renderComment(page({}, { images, fork: true }))).not.toMatch(/✅ (?!passed)/);
  }
});

test('says why there is no baseline, and calls nothing new', () => {
  const baseline = { kind: 'base-branch', image: '', reason: 'main has no image' };
  const found = review({ findings: [finding({ state: 'unknown' })], baseline });
  const text = renderComment(page({ review: found }));
  expect(text).toContain('No baseline: main has no image, so nothing here can be called new.');
  expect(text).not.toMatch(/\d new|Nothing new/);
});

test('shows what was known before and fails all the same', () => {
  const old = finding({ state: 'known' });
  const text = renderComment(page({ ...refused([old]) }));
  expect(text).toMatch(/^\| ⛔&nbsp;high \| \[CVE-2026-2511\].* · known before \|/m);
});

test('shows what fails first, then what is exploited, then by severity, fix and CVSS', () => {
  const findings = [
    finding({ id: 'LOW', severity: 'LOW' }),
    finding({ id: 'UNFIXED', severity: 'CRITICAL', fixed: '', cvss: 10 }),
    finding({ id: 'CRITICAL-9.0', severity: 'CRITICAL', cvss: 9 }),
    finding({ id: 'CRITICAL-9.8', severity: 'CRITICAL', cvss: 9.8 }),
    finding({ id: 'EXPLOITED', severity: 'MEDIUM', exploited: '2026-11-18' }),
    finding({ id: 'FAILING', severity: 'HIGH' }),
  ];
  const text = renderComment(
    page({ review: review({ outcome: 'refused', reasons: ['HIGH: FAILING'], findings }) }),
  );
  const rows = [...text.matchAll(/^\| [^|]+ \| ([A-Z0-9.-]+) openssl/gm)].map(([, id]) => id);
  expect(rows).toEqual(['FAILING', 'EXPLOITED', 'CRITICAL-9.8', 'CRITICAL-9.0', 'UNFIXED', 'LOW']);
});
