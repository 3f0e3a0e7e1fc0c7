import { describe, expect, test } from 'vitest';
import type { RunContext } from '../../shared/github/context.ts';
import type { LoadedPolicy } from '../../shared/github/policy.ts';
import { renderComment } from '../../shared/report/comment.ts';
import { judgedSchema } from '../../shared/report/judged.ts';
import type { JudgedPage } from '../../shared/report/verdict.ts';
import { tellJudged } from '../../shared/verbs/judged.ts';

const SHA = 'a'.repeat(40);
const SOURCE = `version: 1
# signed: a comment
rules:
  small:
    title: Small
  no-critical: { title: None }
`;
const denied = (name: string) => ({
  ...{ name, title: name, outcome: 'denied' as const, reasons: ['no'] },
  values: [name === 'small' ? 'x'.repeat(10_000) : 'image.size is 1000'],
  hint: name === 'small' ? 'x'.repeat(10_000) : 'Make it smaller',
});

function pageOf(uri: string): JudgedPage & { policy: LoadedPolicy } {
  return {
    verdict: {
      decision: 'deny',
      environment: 'prod',
      reasons: ['x'.repeat(10_000)],
      warnings: [],
      rules: ['small', 'no-critical', 'signed'].map(denied),
      judgedAt: '2026-11-21T00:00:00Z',
    },
    evidence: { image: 'x', evidence: [], rejected: [] },
    policy: { uri, bytes: Buffer.from(SOURCE) } as LoadedPolicy,
  } as unknown as JudgedPage & { policy: LoadedPolicy };
}
const tell = (uri: string) =>
  tellJudged('ghcr.io/octo/app@x', pageOf(uri), {}, { repository: 'octo/app', sha: SHA } as RunContext);

describe('what a gate tells a reviewer', () => {
  test.each<[what: string, uri: string, lines: (number | undefined)[]]>([
    ['of this commit', `octo/app/.github/hallmark.yml@${SHA}`, [4, 6, undefined]],
    [
      'of another commit',
      `octo/app/.github/hallmark.yml@${'b'.repeat(40)}`,
      [undefined, undefined, undefined],
    ],
    ['of another repository', `octo/app2/hallmark.yml@${SHA}`, [undefined, undefined, undefined]],
  ])('names the lines of a policy %s, and only where they are certain', (_, uri, lines) => {
    const { verdict } = tell(uri);
    expect(verdict.rules.map(({ at }) => at?.line)).toEqual(lines);
    expect(new Set(verdict.rules.map(({ at }) => at?.path ?? ''))).toContain('');
  });

  test('is as long as its reader takes', () => {
    const { verdict } = tell('');
    expect(verdict.reasons[0]).toHaveLength(4096);
    expect(verdict.rules[0]?.hint).toHaveLength(4096);
    expect(verdict.rules[0]?.values?.[0]).toHaveLength(4096);
  });

  test('has what each rule read and what would have to change, for its reader too', () => {
    const { verdict } = judgedSchema.parse(JSON.parse(JSON.stringify(tell(''))));
    expect(verdict.rules[1]).toMatchObject({ values: ['image.size is 1000'], hint: 'Make it smaller' });
    const image = {
      image: 'ghcr.io/octo/app@x',
      verdict: { ...verdict, reasons: ['no-critical (no-critical): no'] },
    };
    const comment = renderComment({ name: 'x', images: [image], commit: SHA });
    expect(comment).toContain('put this right: no-critical (no-critical): no. Make it smaller.');
    expect(comment).toContain(
      '| `no-critical` no-critical | ⛔ denied | image.size is 1000. Make it smaller |',
    );
  });
});
