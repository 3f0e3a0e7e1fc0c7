import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import * as z from 'zod';
import { actions } from '../../actions/main.ts';
import { readManifest } from '../../scripts/docs.ts';

/** What the job needs that writes an environment's records and asks who approved. */
const GATE_PERMISSIONS = {
  contents: 'read',
  packages: 'write',
  'id-token': 'write',
  actions: 'read',
  'pull-requests': 'read',
};

const folder = fileURLToPath(new URL('../../.github/workflows', import.meta.url));

// As a runner hands them on: text.
const valuesSchema = z
  .record(z.string(), z.union([z.string(), z.boolean(), z.number()]).transform(String))
  .default({});
const stepSchema = z.looseObject({
  id: z.string().optional(),
  uses: z.string().optional(),
  run: z.string().optional(),
  with: valuesSchema,
});
const jobSchema = z.looseObject({
  needs: z.string().optional(),
  permissions: z.record(z.string(), z.string()),
  outputs: valuesSchema,
  uses: z.string().optional(),
  with: valuesSchema,
  steps: z.array(stepSchema).default([]),
});
const workflowSchema = z.looseObject({
  on: z.looseObject({
    workflow_call: z
      .strictObject({
        inputs: z.record(
          z.string(),
          z.looseObject({ required: z.boolean().default(false), default: z.string().optional() }),
        ),
        outputs: z.record(z.string(), z.looseObject({ value: z.string() })).optional(),
        secrets: z.record(z.string(), z.looseObject({})).optional(),
      })
      .optional(),
  }),
  permissions: z.strictObject({}),
  jobs: z.record(z.string(), jobSchema),
});

const workflows = Object.fromEntries(
  readdirSync(folder).map((file) => [
    file,
    workflowSchema.parse(parse(readFileSync(join(folder, file), 'utf8'))),
  ]),
);
const jobs = Object.entries(workflows).flatMap(([file, { jobs }]) =>
  Object.entries(jobs).map(([name, job]) => ({ file, name, job })),
);
const steps = jobs.flatMap(({ file, name, job }) =>
  job.steps.map((step, at) => ({ file, job: name, at, step, before: job.steps.slice(0, at) })),
);
const own = steps.flatMap(({ step, ...place }) => {
  const action = /^\$\/actions\/([a-z]+)$/.exec(step.uses ?? '')?.[1];
  return action === undefined ? [] : [{ ...place, action, step }];
});
const namesIn = (text: string, pattern: RegExp): string[] =>
  [...text.matchAll(pattern)].map(([, name]) => name ?? '');

// actionlint (interop) checks everything that it can see; it cannot see through `$/`.
describe('what actionlint cannot see', () => {
  test('the pipeline uses this suite', () => {
    expect(new Set(own.map(({ action }) => action))).toEqual(
      new Set(['build', 'scan', 'attest', 'gate', 'promote', 'rollback', 'report', 'pin']),
    );
  });

  test.each(own)(
    '$file, $job: the inputs of $action exist, the required ones are given',
    ({ action, step }) => {
      const { inputs } = readManifest(action);
      const required = Object.keys(inputs).filter((name) => inputs[name]?.required === true);
      expect(Object.keys(inputs)).toEqual(expect.arrayContaining(Object.keys(step.with)));
      expect(Object.keys(step.with)).toEqual(expect.arrayContaining(required));
    },
  );

  test.each(own)(
    '$file, $job: the outputs that $action takes in are outputs of earlier steps',
    ({ step, before }) => {
      for (const [, id, output] of JSON.stringify(step.with).matchAll(
        /steps\.([\w-]+)\.outputs\.([\w-]+)/g,
      )) {
        const source = before.find((candidate) => candidate.id === id);
        if (source?.run !== undefined) {
          expect(source.run).toMatch(new RegExp(`echo "${output}=.*>> "\\$GITHUB_OUTPUT"`));
          continue;
        }
        const action = /^\$\/actions\/([a-z]+)$/.exec(source?.uses ?? '')?.[1];
        expect(action, `a step "${id}" before it`).toBeDefined();
        expect(Object.keys(readManifest(action ?? '').outputs)).toContain(output);
      }
    },
  );

  // An empty text that is passed on does not become the action's default.
  test.each(own)(
    "$file, $job: the workflow's defaults are valid inputs of $action",
    async ({ file, action, step }) => {
      const given = workflows[file]?.on.workflow_call?.inputs ?? {};
      const { inputs } = (await actions[action]?.())?.action ?? {};
      const manifest = readManifest(action);
      const raw = Object.fromEntries(
        Object.keys(inputs?.shape ?? {}).map((name) => [
          name,
          (step.with[name] ?? manifest.inputs[name]?.default ?? '')
            .replace(/\$\{\{ inputs\.([\w-]+) \}\}/g, (_, input) => given[input]?.default ?? 'given')
            .replace(/\$\{\{ [^}]+ \}\}/g, 'computed'),
        ]),
      );
      expect(inputs?.safeParse(raw)).toMatchObject({ success: true });
    },
  );

  test.each(jobs.filter(({ job }) => job.uses !== undefined))(
    '$file, $name: the workflow it calls is here and takes what it is given',
    ({ job }) => {
      const called = workflows[/^\$\/\.github\/workflows\/(.+)$/.exec(job.uses ?? '')?.[1] ?? ''];
      const inputs = called?.on.workflow_call?.inputs ?? {};
      const required = Object.keys(inputs).filter((name) => inputs[name]?.required);
      expect(Object.keys(inputs)).toEqual(expect.arrayContaining(Object.keys(job.with)));
      expect(Object.keys(job.with)).toEqual(expect.arrayContaining(required));
    },
  );

  test.each(Object.entries(workflows).filter(([, { on }]) => on.workflow_call !== undefined))(
    '%s: every input is used and none is used that is not declared',
    (file) => {
      const text = readFileSync(join(folder, file), 'utf8');
      const used = new Set(namesIn(text, /\binputs\.([\w-]+)/g));
      expect(used).toEqual(new Set(Object.keys(workflows[file]?.on.workflow_call?.inputs ?? {})));
    },
  );
});

describe('least permissions', () => {
  test.each([
    ['pipeline.yml', 'preview', { contents: 'read', packages: 'read' }],
    [
      'pipeline.yml',
      'report',
      { packages: 'read', 'pull-requests': 'write', checks: 'write', 'security-events': 'write' },
    ],
    // Reading a stranger's bytes and writing by a token are never one job.
    ['report-fork.yml', 'read', { actions: 'read' }],
    ['report-fork.yml', 'write', { 'pull-requests': 'write', checks: 'write' }],
    ['pipeline.yml', 'platform', { contents: 'read', packages: 'write', 'id-token': 'write' }],
    ['pipeline.yml', 'build', { contents: 'read', packages: 'write', 'id-token': 'write' }],
    ['pipeline.yml', 'gate', GATE_PERMISSIONS],
    ['gate.yml', 'gate', GATE_PERMISSIONS],
    ['pin.yml', 'pin', { contents: 'read', packages: 'read' }],
    ['ci.yml', 'ci', { contents: 'read' }],
    ['release.yml', 'release', { contents: 'write' }],
  ])('%s, %s', (file, job, permissions) => {
    expect(workflows[file]?.jobs[job]?.permissions).toEqual(permissions);
  });

  test('no job is left out of that table', () => {
    expect(jobs).toHaveLength(11);
  });

  test("the gate's job checks nothing out and runs no script", () => {
    expect(workflows['gate.yml']?.jobs.gate?.steps.map(({ uses, run }) => run ?? uses)).toEqual([
      '$/actions/gate',
      '$/actions/promote',
      '$/actions/rollback',
    ]);
  });
});

describe("third parties' actions", () => {
  const foreign = steps.filter(({ step }) => step.uses !== undefined && !step.uses.startsWith('$/'));

  test.each(foreign)('$file, $job, step $at is pinned by commit', ({ step }) => {
    expect(step.uses).toMatch(/^actions\/[a-z-]+@[0-9a-f]{40}$/);
  });

  test.each(foreign.filter(({ step }) => step.uses?.startsWith('actions/checkout@')))(
    '$file, $job: checkout leaves no token behind',
    ({ step }) => {
      expect(step.with['persist-credentials']).toBe('false');
    },
  );
});
