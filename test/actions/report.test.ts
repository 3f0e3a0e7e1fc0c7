import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { ActionRun } from '../../scripts/action.ts';
import { parseReference } from '../../shared/image/reference.ts';
import { commentMarker } from '../../shared/report/comment.ts';
import type { Review } from '../../shared/report/review.ts';
import { openStore, storeOptions } from '../../shared/store/open.ts';
import { HOSTILE } from '../report/hostile.ts';
import { finding, review, verdict } from '../report/pages.ts';
import { packZip, type ZipEntry } from '../servers/zip.ts';
import { runContext } from '../sigstore/context.ts';
import { putImage } from '../sigstore/image.ts';
import { startWorld, type World } from './world.ts';

const HEAD = 'a'.repeat(40);
const MERGE = 'b'.repeat(40);
const MARKER = commentMarker('Hallmark');
const POLICY = '.github/hallmark.yml';
const MALLORY = { owner: 'mallory', ref: 'patch', repositoryId: 666 };

let world: World;
let files = 0;

beforeAll(async () => {
  world = await startWorld();
  world.github.commit('octo/app', {
    [POLICY]: `version: 1
repository-id: 123456789
trust: { builder: [{ signer-workflow: octo/app/.github/workflows/release.yml, ref: refs/heads/main }] }
environments: { staging: { repository: "${world.registry.host}/octo/app-staging", rules: [signed] } }
`,
  });
});
afterAll(() => world.close());
beforeEach(() => {
  const { reports } = world.github;
  for (const list of [reports.pulls, reports.comments, reports.checks, reports.analyses, reports.artifacts]) {
    list.length = 0;
  }
  reports.codeScanning = 'on';
  reports.pulls.push({ number: 5, head: { sha: HEAD, ...MALLORY } });
  world.github.clearFaults();
});

/** Writes a file of the workspace, and returns its path there. */
function write(name: string, content: unknown): string {
  files += 1;
  mkdirSync(join(world.workspace, `reports-${files}`), { recursive: true });
  const path = `reports-${files}/${name}`;
  writeFileSync(join(world.workspace, path), typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

const JUDGED = { version: 1, image: review().image, verdict: verdict({ preview: true }) };
const sarifOf = (digest: string) => ({
  version: '2.1.0',
  runs: [{ results: [], properties: { imageName: `ghcr.io/octo/app@${digest}` } }],
});

/** Runs report as a step of a pull request's run, or of one that such a run set off. */
function report(
  inputs: Record<string, string>,
  event: object = PULL_EVENT,
  name = 'pull_request',
): Promise<ActionRun> {
  const path = join(world.workspace, write('event.json', event));
  return world.run('report', inputs, {
    event: name,
    ref: name === 'pull_request' ? 'refs/pull/5/merge' : 'refs/heads/main',
    sha: MERGE,
    variables: { GITHUB_EVENT_PATH: path },
  });
}
const PULL_EVENT = { pull_request: { number: 5, head: { sha: HEAD } } };
const unwritten = ({ outputs }: ActionRun): string[] => JSON.parse(outputs['unwritten'] ?? 'null');

describe('on a pull request', () => {
  test('writes comment, check and alerts with the permissions of its job and no other', async () => {
    const token = world.github.issueToken({
      packages: 'read',
      'pull-requests': 'write',
      checks: 'write',
      'security-events': 'write',
    });
    const [platform] = review().platforms;
    const run = await report({
      review: write('review.json', review()),
      verdict: write('verdict.json', JUDGED),
      sarif: write('a.sarif', sarifOf(platform?.digest ?? '')),
      'github-token': token,
    });
    expect(run).toMatchObject({
      code: 0,
      outputs: { outcome: 'passed', unwritten: '[]', image: review().image },
    });
    const { comments, checks, analyses } = world.github.reports;
    expect(comments).toMatchObject([{ issue: 5, body: expect.stringMatching(/Allowed[\s\S]*prod/) }]);
    expect(run.outputs['comment-url']).toBe(
      `https://github.com/octo/app/pull/5#issuecomment-${comments[0]?.id}`,
    );
    // Advice is no success: a preview is of what nobody signed.
    expect(checks).toMatchObject([{ name: 'Hallmark', head_sha: HEAD, conclusion: 'neutral' }]);
    expect(run.outputs['check-url']).toBe(`https://github.com/octo/app/runs/${checks[0]?.id}`);
    expect(analyses).toMatchObject([
      {
        commit_sha: MERGE,
        ref: 'refs/pull/5/merge',
        sarif: { runs: [{ automationDetails: { id: 'hallmark/ghcr.io/octo/app/linux/amd64/' } }] },
      },
    ]);
    expect(run.summary).toContain('prod');
  });

  test('keeps one comment, whatever it comes to, and one for many images', async () => {
    const one = write('review.json', review());
    const two = write(
      'review.json',
      review({
        image: `ghcr.io/octo/web@sha256:${'3'.repeat(64)}`,
        outcome: 'refused',
        reasons: ['CRITICAL: CVE-1'],
      }),
    );
    const first = await report({ review: one });
    const second = await report({ review: `${one}\n${two}` });
    expect(second.outputs['comment-url']).toBe(first.outputs['comment-url']);
    expect(world.github.reports.comments).toHaveLength(1);
    expect(world.github.reports.comments[0]?.body).toMatch(/octo\/web/);
    expect(world.github.reports.comments[0]?.body).toMatch(/octo\/app/);
    expect(world.github.reports.checks.map(({ conclusion }) => conclusion)).toEqual(['success', 'failure']);
  });

  test('keeps one comment with two jobs at once, and one each of two titles', async () => {
    const path = write('review.json', review());
    world.github.meet('issues/list-comments', 2);
    const [a, b] = await Promise.all([report({ review: path }), report({ review: path })]);
    expect([a.code, b.code, unwritten(a), unwritten(b)]).toEqual([0, 0, [], []]);
    expect(world.github.reports.comments).toHaveLength(1);
    await report({ review: path, title: 'Other' });
    expect(world.github.reports.comments.map(({ body }) => body.split('\n')[0])).toEqual([
      MARKER,
      commentMarker('Other'),
    ]);
  });

  test.each<[what: string, verdictOf: object, reviewOf: Partial<Review>, conclusion: string]>([
    ['refused', { ...JUDGED, verdict: verdict({ decision: 'deny', reasons: ['no'] }) }, {}, 'failure'],
    ['refused by the scan alone', JUDGED, { outcome: 'refused', reasons: ['CRITICAL: CVE-1'] }, 'failure'],
    ['unavailable', JUDGED, { outcome: 'unavailable' }, 'failure'],
    // A file that a pull request can write says that it is no preview.
    ['allowed by a file', { ...JUDGED, verdict: verdict({ preview: false }) }, {}, 'neutral'],
  ])('shows what is %s, and passes: the verdict is not its own', async (_, judged, changes, conclusion) => {
    const run = await report({
      review: write('review.json', review(changes)),
      verdict: write('verdict.json', judged),
    });
    expect(run).toMatchObject({ code: 0, outputs: { outcome: 'passed' } });
    expect(world.github.reports.checks).toMatchObject([{ conclusion }]);
  });

  test('lets no verdict hide another on the same image, in whatever order they are read', async () => {
    const of = (decision: 'allow' | 'deny') =>
      write('verdict.json', {
        ...JUDGED,
        verdict: verdict({ decision, environment: decision, reasons: [] }),
      });
    for (const paths of [
      [of('deny'), of('allow')],
      [of('allow'), of('deny')],
    ]) {
      await report({ verdict: paths.join('\n') });
    }
    expect(world.github.reports.checks.map(({ conclusion }) => conclusion)).toEqual(['failure', 'failure']);
    expect(world.github.reports.comments[0]?.body).toMatch(/Allowed for `allow`/);
  });

  test('annotates the line of a lockfile that scan found', async () => {
    const locked = { path: 'package-lock.json', line: 3 };
    await report({ review: write('review.json', review({ findings: [finding({ locked })] })) });
    expect(world.github.reports.checks[0]?.annotations).toMatchObject([
      { path: 'package-lock.json', start_line: 3 },
    ]);
  });

  test.each<[what: string, inputs: () => Record<string, string>]>([
    ['a review that is not there', () => ({ review: 'none/review.json' })],
    ['a folder that is empty', () => ({ review: 'none', verdict: 'none' })],
    ['no file at all', () => ({})],
    ['half a review', () => ({ review: write('review.json', JSON.stringify(review()).slice(0, 100)) })],
    ['another file', () => ({ review: write('review.json', { version: 1, hello: 'world' }) })],
    [
      'a verdict that is none',
      () => ({ review: write('review.json', review()), verdict: write('verdict.json', '[]') }),
    ],
  ])('shows %s as unavailable, never as a pass', async (_, inputs) => {
    const run = await report(inputs());
    expect(run.code).toBe(0);
    expect(world.github.reports.checks).toMatchObject([{ conclusion: 'failure' }]);
    expect(world.github.reports.comments[0]?.body).toMatch(/unavailable|could not/i);
  });

  test('says why the scan gave no answer, on the page of its image, where the gate therefore left no verdict', async () => {
    const failed = review({
      outcome: 'unavailable',
      reasons: ['the database could not be fetched: 429'],
      platforms: [],
    });
    const folder = write('review.json', failed).split('/')[0] ?? '';
    await report({ review: folder, verdict: folder });
    const [comment] = world.github.reports.comments;
    expect(comment?.body).toMatch(/First:\*\* run the job again .*the database could not be fetched: 429/);
    expect(comment?.body).toMatch(/it holds no verdict.json/);
    expect(comment?.body).not.toMatch(/images/);
    expect(world.github.reports.checks).toMatchObject([{ conclusion: 'failure' }]);
  });

  test('uploads no two files of one category, which would close each other’s alerts', async () => {
    const files = [write('a.sarif', sarifOf('sha256:x')), write('b.sarif', sarifOf('sha256:y'))];
    const run = await report({
      sarif: files.join('\n'),
      category: 'octo/app',
      comment: 'false',
      check: 'false',
    });
    expect(world.github.reports.analyses).toHaveLength(1);
    expect(unwritten(run).join()).toMatch(
      /b\.sarif and .*a\.sarif are both of the category hallmark\/octo\/app\//,
    );
    const apart = files.map((path, at) => `linux/${['amd64', 'arm64'][at]}=${path}`).join('\n');
    const both = await report({ sarif: apart, category: 'octo/app', comment: 'false', check: 'false' });
    expect(unwritten(both)).toEqual([]);
    expect(world.github.reports.analyses).toHaveLength(3);
  });

  test('finds the reports below a folder, as an artifact brings them', async () => {
    const folder = write('hallmark-scan-x/review.json'.replace('/', '-'), 'x').split('/')[0] ?? '';
    mkdirSync(join(world.workspace, folder, 'scan', 'linux-amd64'), { recursive: true });
    writeFileSync(join(world.workspace, folder, 'scan', 'review.json'), JSON.stringify(review()));
    writeFileSync(
      join(world.workspace, folder, 'scan', 'linux-amd64', 't.sarif'),
      JSON.stringify(sarifOf('sha256:x')),
    );
    writeFileSync(join(world.workspace, folder, 'verdict.json'), JSON.stringify(JUDGED));
    await report({ review: folder, verdict: folder, sarif: folder, category: 'ghcr.io/octo/app' });
    expect(world.github.reports.checks).toMatchObject([{ conclusion: 'neutral' }]);
    expect(world.github.reports.analyses).toMatchObject([
      { sarif: { runs: [{ automationDetails: { id: 'hallmark/ghcr.io/octo/app/' } }] } },
    ]);
  });

  test('leaves the comment to the newer run when somebody has pushed since', async () => {
    const [pull] = world.github.reports.pulls;
    if (pull) pull.head.sha = 'c'.repeat(40);
    const run = await report({ review: write('review.json', review()) });
    expect(run.log).toContain('is left to the newer run');
    expect(world.github.reports.comments).toEqual([]);
    expect(world.github.reports.checks).toMatchObject([{ head_sha: HEAD }]);
  });
});

describe('what cannot be written changes no verdict', () => {
  test.each<[what: string, prepare: () => string | undefined, written: number[], reason: RegExp]>([
    [
      'a token that only reads, as of a fork',
      () => world.github.issueToken({ contents: 'read', 'pull-requests': 'read' }),
      [0, 0, 0],
      /pull-requests: write[\s\S]*checks: write[\s\S]*security-events: write/,
    ],
    ['a token that may do nothing', () => world.github.issueToken({}), [0, 0, 0], /The pull request/],
    [
      'comments that fail',
      () => {
        world.github.fail('issues/list-comments', 422);
        return undefined;
      },
      [0, 1, 1],
      /The comment/,
    ],
    [
      'an hour to wait',
      () => {
        world.github.fail('checks/create', 403, 1, {
          'x-ratelimit-remaining': '0',
          'x-ratelimit-reset': String(Math.ceil(Date.now() / 1000) + 3600),
        });
        return undefined;
      },
      [1, 0, 1],
      /The check.*[\s\S]*limits this token/,
    ],
    [
      'code scanning that is off',
      () => {
        world.github.reports.codeScanning = 'off';
        return undefined;
      },
      [1, 1, 0],
      /Code scanning is not enabled/,
    ],
  ])('%s', async (_, prepare, written, reason) => {
    const token = prepare();
    const run = await report({
      review: write('review.json', review()),
      sarif: write('a.sarif', sarifOf('sha256:x')),
      ...(token && { 'github-token': token }),
    });
    expect(run).toMatchObject({ code: 0, outputs: { outcome: 'passed' } });
    const { comments, checks, analyses } = world.github.reports;
    expect([comments.length, checks.length, analyses.length]).toEqual(written);
    expect(unwritten(run).join('\n')).toMatch(reason);
    expect(run.log).toContain('::warning');
    expect(run.summary).toContain('Not written');
  });
});

describe('an image', () => {
  const push = async (): Promise<string> => {
    const place = `${world.registry.host}/octo/app`;
    const image = await putImage(openStore(parseReference(place), storeOptions(runContext(world.sigstore))), [
      'amd64',
    ]);
    return `${place}@${image.digest}`;
  };
  const judge = (image: string, trustedRoot = world.trustedRootFile): Promise<ActionRun> =>
    world.run(
      'report',
      { image, environment: 'staging', policy: POLICY, 'trusted-root': trustedRoot },
      { sha: HEAD },
    );

  test('is verified and judged here, and nothing is written beside it', async () => {
    const image = await push();
    const denied = await judge(image);
    expect(denied).toMatchObject({ code: 0, outputs: { outcome: 'passed', image } });
    expect(await world.run('sign', { image })).toMatchObject({ code: 0 });
    const seen = world.registry.requests.length;
    const allowed = await judge(image);
    expect(allowed.summary).toContain('Allowed');
    expect(world.github.reports.checks.map(({ conclusion, head_sha }) => [conclusion, head_sha])).toEqual([
      ['failure', HEAD],
      ['success', HEAD],
    ]);
    // On a push there is no pull request, so there is no comment.
    expect(world.github.reports.comments).toEqual([]);
    const methods = world.registry.requests.slice(seen).map(({ method }) => method);
    expect(methods.filter((method) => !['GET', 'HEAD'].includes(method))).toEqual([]);
  });

  test.each<[what: string, image: () => Promise<string>, fail: () => void]>([
    [
      'that is not there',
      async () => `${world.registry.host}/octo/none@sha256:${'0'.repeat(64)}`,
      () => undefined,
    ],
    [
      'in a registry that is down',
      async () => `127.0.0.1:1/octo/app@sha256:${'0'.repeat(64)}`,
      () => undefined,
    ],
    ['whose policy cannot be read', push, () => world.github.fail('repos/get-content', 422)],
  ])(
    '%s is unavailable',
    async (_, image, fail) => {
      const name = await image();
      fail();
      const run = await judge(name);
      expect(run.code).toBe(0);
      expect(world.github.reports.checks).toMatchObject([{ conclusion: 'failure' }]);
    },
    60_000,
  );
});

const RUN = 77;
const RUN_EVENT = {
  workflow_run: {
    id: RUN,
    event: 'pull_request',
    head_sha: HEAD,
    head_branch: 'patch',
    head_repository: { id: 666, full_name: 'mallory/app', owner: { login: 'mallory' } },
    html_url: 'https://github.com/octo/app/actions/runs/77',
  },
};
/** What the fork's run left. */
function leave(entries: readonly ZipEntry[] | Buffer, changes: object = {}): void {
  const bytes = Buffer.isBuffer(entries) ? entries : packZip(entries);
  world.github.reports.artifacts.push({
    id: 900,
    run: RUN,
    name: 'hallmark-report',
    bytes,
    expired: false,
    ...changes,
  });
}
const entryOf = (name: string, content: unknown): ZipEntry => ({ name, content: JSON.stringify(content) });
/** The job that reads, with its token. */
const read = (inputs: Record<string, string> = {}): Promise<ActionRun> =>
  report(
    {
      artifact: 'hallmark-report',
      comment: 'false',
      check: 'false',
      'github-token': world.github.issueToken({ actions: 'read' }),
      ...inputs,
    },
    RUN_EVENT,
    'workflow_run',
  );
/** The job that writes, with its token. */
const show = (page: string): Promise<ActionRun> =>
  report(
    { page, 'github-token': world.github.issueToken({ 'pull-requests': 'write', checks: 'write' }) },
    RUN_EVENT,
    'workflow_run',
  );

describe("after a fork's run", () => {
  test('is read by a job that may not write, shown by one that may, and called unverified', async () => {
    const lie = { ...JUDGED, verdict: verdict({ preview: false }) };
    leave([entryOf('scan/review.json', review()), entryOf('verdict.json', lie)]);
    const first = await read();
    expect(first).toMatchObject({ code: 0, outputs: { outcome: 'passed', unwritten: '[]' } });
    expect(world.github.reports.comments).toEqual([]);
    const second = await show(first.outputs['page'] ?? '');
    expect(second).toMatchObject({ code: 0, outputs: { outcome: 'passed', unwritten: '[]' } });
    expect(world.github.reports.comments).toMatchObject([
      { issue: 5, body: expect.stringMatching(/unverified/i) },
    ]);
    expect(world.github.reports.checks).toMatchObject([
      { name: 'Hallmark (unverified)', head_sha: HEAD, conclusion: 'neutral' },
    ]);
  });

  test('believes files that another step unpacked no more', async () => {
    const lie = { ...JUDGED, verdict: verdict({ preview: false }) };
    await report({ review: write('review.json', review()) }, RUN_EVENT, 'workflow_run');
    await report({ verdict: write('verdict.json', lie) }, RUN_EVENT, 'workflow_run');
    expect(world.github.reports.checks).toMatchObject([
      { name: 'Hallmark (unverified)', conclusion: 'neutral' },
      { name: 'Hallmark (unverified)', conclusion: 'neutral' },
    ]);
    expect(world.github.reports.comments[0]?.body).toMatch(/From a fork, unverified/);
  });

  test('finds the pull request by the head that GitHub names, whatever the artifact says', async () => {
    world.github.reports.pulls.push({
      number: 6,
      head: { sha: MERGE, owner: 'octo', ref: 'main', repositoryId: 123456789 },
    });
    const claims = {
      ...review({ commit: MERGE }),
      'pull-request': 6,
      number: 6,
      pull_request: { number: 6 },
    };
    leave([
      entryOf('review.json', claims),
      entryOf('event.json', { number: 6 }),
      { name: 'pr-number.txt', content: '6' },
    ]);
    await show((await read()).outputs['page'] ?? '');
    expect(world.github.reports.comments.map(({ issue }) => issue)).toEqual([5]);
    expect(world.github.reports.checks.map(({ head_sha }) => head_sha)).toEqual([HEAD]);
  });

  test('writes nothing where no open pull request has that head', async () => {
    leave([entryOf('review.json', review())]);
    const { outputs } = await read();
    world.github.reports.pulls.length = 0;
    const run = await show(outputs['page'] ?? '');
    expect(run.code).toBe(0);
    expect([world.github.reports.comments, world.github.reports.checks]).toEqual([[], []]);
  });

  const bomb = { name: 'review.json', content: Buffer.alloc(80 * 1024 * 1024) };
  test.each<[what: string, plant: () => void]>([
    ['nothing', () => undefined],
    ['an artifact that has expired', () => leave([entryOf('review.json', review())], { expired: true })],
    ['an artifact of another run', () => leave([entryOf('review.json', review())], { run: 78 })],
    ['no archive', () => leave(Buffer.from('PK, but no'))],
    ['an archive of nothing', () => leave([])],
    ['other files', () => leave([{ name: 'readme.md', content: '# hi' }])],
    ['more bytes than are read', () => leave(Buffer.alloc(21 * 1024 * 1024))],
    ['a bomb', () => leave([bomb])],
    ['a bomb that says it is small', () => leave([{ ...bomb, size: 100 }])],
    ['a link', () => leave([{ name: 'review.json', content: '/proc/self/environ', mode: 0o120777 }])],
    [
      'a path that leaves, to a file that is no report',
      () => leave([{ name: '../../../../etc/review.json', content: 'x' }]),
    ],
    [
      'a thousand files',
      () => leave(Array.from({ length: 1001 }, (_, at) => ({ name: `${at}/review.json`, content: '{}' }))),
    ],
    ['something else', () => leave([entryOf('review.json', { version: 2 })])],
    ['numbers for texts', () => leave([entryOf('review.json', { ...review(), image: 7 })])],
    [
      'a deep document',
      () => leave([{ name: 'review.json', content: `${'['.repeat(200_000)}${']'.repeat(200_000)}` }]),
    ],
    [
      'too long a text',
      () =>
        leave([
          entryOf('review.json', review({ reasons: ['x'] })),
          { name: 'verdict.json', content: JSON.stringify({ ...JUDGED, image: 'x'.repeat(5000) }) },
        ]),
    ],
  ])('that left %s, it says so and calls nothing good', async (_, plant) => {
    plant();
    const first = await read();
    expect(first).toMatchObject({ code: 0, outputs: { outcome: 'passed' } });
    const second = await show(first.outputs['page'] ?? '');
    expect(second.code).toBe(0);
    expect(world.github.reports.checks).toMatchObject([{ conclusion: 'failure' }]);
    expect(world.github.reports.comments[0]?.body).toMatch(/unavailable|could not/i);
  });

  test('hands on a page that one variable of a step can hold, however much it left', async () => {
    const findings = Array.from({ length: 5000 }, (_, at) =>
      finding({
        id: `CVE-2026-${at}`,
        title: `漏洞${'説明'.repeat(200)}`,
        package: `p${at}`,
        target: `t${at}`,
      }),
    );
    leave([entryOf('review.json', review({ findings }))]);
    const first = await read();
    const page = first.outputs['page'] ?? '';
    expect(Buffer.byteLength(page)).toBeLessThan(128 * 1024);
    expect(await show(page)).toMatchObject({ code: 0, outputs: { unwritten: '[]' } });
    expect(world.github.reports.comments).toHaveLength(1);
  }, 60_000);

  test('shows hostile names as names, in comment, check, summary and log', async () => {
    const findings = HOSTILE.map((text) =>
      finding({ id: text, title: text, package: text, version: text, fixed: text, target: text, url: text }),
    );
    leave([entryOf('review.json', review({ findings, reasons: [...HOSTILE] }))]);
    const first = await read();
    await show(first.outputs['page'] ?? '');
    const [comment] = world.github.reports.comments;
    const [check] = world.github.reports.checks;
    // What none of them may hold; that what they hold stays text is looked at in a browser (test/interop/page.test.ts).
    for (const text of [comment?.body ?? '', check?.output.summary ?? '', first.summary]) {
      expect(text).toContain('unverified');
      // biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose
      expect(text).not.toMatch(/[\u0000-\u0008\u001b\u202e]/);
    }
    expect(first.log).not.toMatch(/^::(?!add-mask|warning|notice|debug)/m);
    expect(comment?.body.split(MARKER)).toHaveLength(2);
  });

  test.each<
    [
      what: string,
      change: (page: { comment: string; check: Record<string, unknown>; annotations: object[] }) => unknown,
    ]
  >([
    ['calls itself a success', (page) => ({ ...page, check: { ...page.check, conclusion: 'success' } })],
    [
      'is of another title',
      (page) => ({ ...page, comment: page.comment.replace(MARKER, commentMarker('Other')) }),
    ],
    ['has no marker', (page) => ({ ...page, comment: page.comment.slice(1) })],
    ['is longer than a comment', (page) => ({ ...page, comment: page.comment.padEnd(65_537, 'x') })],
    [
      'has a check that is longer',
      (page) => ({ ...page, check: { ...page.check, summary: '語'.repeat(22_000) } }),
    ],
    [
      'annotates nothing',
      (page) => ({ ...page, annotations: [{ path: '', line: 0, level: 'x', title: '', message: '' }] }),
    ],
    ['is no page', () => 'page'],
  ])('is not written when the page %s', async (_, change) => {
    leave([entryOf('review.json', review())]);
    const { outputs } = await read();
    const run = await show(JSON.stringify(change(JSON.parse(outputs['page'] ?? ''))));
    expect(run).toMatchObject({ code: 1, outputs: { outcome: 'invalid' } });
    expect([world.github.reports.comments, world.github.reports.checks]).toEqual([[], []]);
  });
});

describe('inputs', () => {
  test.each<[inputs: Record<string, string>, reason: RegExp]>([
    [{ image: `ghcr.io/octo/app@sha256:${'0'.repeat(64)}` }, /environment[\s\S]*policy/],
    [{ policy: POLICY }, /policy: goes with image/],
    [{ artifact: 'x' }, /artifact: goes with comment: false/],
    [{ artifact: 'x', comment: 'false', check: 'false', review: 'a' }, /artifact: goes with no other source/],
    [{ artifact: 'x', comment: 'false', check: 'false' }, /is read after another run/],
    [{ page: '{}', review: 'a' }, /page: goes with no other source/],
    [{ title: 'a --> b' }, /title: may hold/],
    [{ 'pull-request': '0' }, /pull-request: may be a number/],
    [{ review: '../outside.json' }, /review.*lies outside/],
  ])('%j is invalid', async (inputs, reason) => {
    const run = await report(inputs);
    expect(run).toMatchObject({ code: 1, outputs: { outcome: 'invalid' } });
    expect(run.log).toMatch(reason);
    expect(world.github.reports.comments).toEqual([]);
  });
});
