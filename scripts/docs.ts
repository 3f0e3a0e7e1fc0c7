// npm run docs
// Writes action-docs/<name>.md from actions/<name>/action.yml and the action's example, action-docs/rules.md, and schema/.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import * as z from 'zod';
import { casesSchema } from '../shared/policy/cases.ts';
import { fileSchema } from '../shared/policy/schema.ts';
import { TYPES, VARIABLES } from '../shared/policy/variables.ts';
import { dossierSchema, foundSchema, rescanSchema } from '../shared/report/status/answers.ts';
import { statusSchema } from '../shared/report/status/schema.ts';
import { COMMON_OUTPUTS } from '../shared/step/action.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** What the comment block at the top of an action.yml says, one line each. */
const NOTES = {
  permissions: 'Permissions of the job',
  reads: 'Reads',
  writes: 'Writes',
  protects: 'Protects',
} as const;

const manifestSchema = z.strictObject({
  name: z.string(),
  description: z.string(),
  author: z.string().optional(),
  inputs: z
    .record(
      z.string(),
      z.strictObject({
        description: z.string().min(1),
        required: z.boolean().optional(),
        default: z.string().optional(),
      }),
    )
    .default({}),
  outputs: z.record(z.string(), z.strictObject({ description: z.string().min(1) })).default({}),
  runs: z.strictObject({ using: z.literal('node24'), main: z.string() }),
  branding: z.strictObject({ icon: z.string(), color: z.string() }).optional(),
});

export interface Manifest extends z.infer<typeof manifestSchema> {
  /** The action whose bundle it runs: its own name, or another's for a preset. */
  readonly code: string;
  readonly notes: Readonly<Record<keyof typeof NOTES, string>>;
}

/** Every folder of actions/ that has an action.yml, sorted. */
export function listActions(): string[] {
  return readdirSync(join(root, 'actions'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(root, 'actions', entry.name, 'action.yml')))
    .map((entry) => entry.name)
    .sort();
}

/** Reads an action.yml with the notes in its comments; throws on anything that a page could not show. */
export function readManifest(name: string): Manifest {
  const text = readFileSync(join(root, 'actions', name, 'action.yml'), 'utf8');
  const manifest = manifestSchema.parse(parse(text));
  const code = /^\.\.\/\.\.\/dist\/([a-z]+)\/index\.js$/.exec(manifest.runs.main)?.[1];
  if (code === undefined) throw new Error(`${name}: runs.main is ${manifest.runs.main}`);
  const note = (key: string): string => {
    const found = new RegExp(`^# ${key}: (.+)$`, 'm').exec(text)?.[1];
    if (found === undefined) throw new Error(`${name}/action.yml lacks the comment "# ${key}: …"`);
    return found;
  };
  return {
    ...manifest,
    code,
    notes: {
      permissions: note('permissions'),
      reads: note('reads'),
      writes: note('writes'),
      protects: note('protects'),
    },
  };
}

/** The steps of action-docs/examples/<name>.yml as they stand there; test/project/examples.test.ts runs them. */
export function readExample(name: string): string {
  return readFileSync(join(root, 'action-docs', 'examples', `${name}.yml`), 'utf8').trim();
}

/** One action's page as GitHub-flavoured Markdown. */
export function renderPage(name: string): string {
  const manifest = readManifest(name);
  const inputs = Object.entries(manifest.inputs).map(
    ([input, { required, default: fallback, description }]) => [
      `\`${input}\``,
      required === true ? '**required**' : fallback ? formatCell(fallback) : '',
      formatText(description),
    ],
  );
  const outputs = Object.entries(manifest.outputs).map(([output, { description }]) => [
    `\`${output}\``,
    formatText(description),
  ]);
  return [
    `<!-- Made from actions/${name}/action.yml and action-docs/examples/${name}.yml by "npm run docs". -->`,
    `# ${name}`,
    formatText(manifest.description),
    ...(manifest.code === name
      ? []
      : [`A preset: [${manifest.code}](${manifest.code}.md) with other defaults and no code of its own.`]),
    '## Example',
    `\`\`\`yaml\n${readExample(name)}\n\`\`\``,
    '## What it touches',
    Object.entries(NOTES)
      .map(([key, title]) => `- **${title}**: ${formatText(manifest.notes[key as keyof typeof NOTES])}`)
      .join('\n'),
    '## Inputs',
    formatTable(['input', 'default', 'what it is'], inputs),
    '## Outputs',
    formatTable(['output', 'what it is'], outputs),
    `Every action has \`${COMMON_OUTPUTS.join('`, `')}\`; what the four outcomes mean stands in [outcomes.md](outcomes.md).`,
    '',
  ]
    .join('\n\n')
    .replace(/\n+$/, '\n');
}

function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Prose on one line. A `<` would start HTML. */
function formatText(text: string): string {
  return text
    .trim()
    .replace(/\s*\n\s*/g, ' ')
    .replaceAll('<', '&lt;')
    .replaceAll('|', '\\|');
}

function formatCell(value: string): string {
  return `\`${value
    .trim()
    .replace(/\s*\n\s*/g, ', ')
    .replaceAll('|', '\\|')}\``;
}

const rulesFile = join(root, 'shared', 'policy', 'rules.yaml');
const rulesSchema = z.object({
  rules: z.record(
    z.string(),
    z.object({
      title: z.string(),
      needs: z.array(z.string()).default([]),
      deny: z.string().optional(),
      hint: z.string(),
    }),
  ),
});

/** What a policy's rules can see, and the built-in ones, from the code that says so. */
export function renderRulesPage(): string {
  const file = readFileSync(rulesFile, 'utf8');
  const rules = Object.entries(rulesSchema.parse(parse(file)).rules).map(
    ([name, { title, needs, deny, hint }]) => [
      `\`${name}\``,
      formatText(title),
      needs.join(', '),
      deny === undefined ? '' : formatCell(deny),
      formatText(hint),
    ],
  );
  const variables = Object.entries(VARIABLES).map(([name, { type, description, example, need }]) => [
    `\`${name}\``,
    formatCell(type),
    formatText(description),
    formatCell(example),
    need ?? '',
  ]);
  const types = Object.entries(TYPES).map(([name, fields]) => [
    `\`${name}\``,
    Object.entries(fields)
      .map(([field, type]) => `\`${field}\` ${type}`)
      .join(', ')
      .replaceAll('<', '&lt;'),
  ]);
  return `${[
    '<!-- Made from shared/policy/rules.yaml and shared/policy/variables.ts by "npm run docs". -->',
    '# Rules',
    'How rules are judged stands in [policy.md](policy.md).',
    '## Built-in rules',
    formatTable(['rule', 'what it asks for', 'needs', 'denies when', 'what to do then'], rules),
    '## What an expression can see',
    'A rule that names a variable needs the evidence that it is made of, whether it says so or not.',
    formatTable(['variable', 'type', 'what it is', 'a condition that names it', 'needs'], variables),
    formatTable(['type', 'fields'], types),
  ].join('\n\n')}\n`;
}

/** The schema that reads a file, as JSON Schema (draft 7, which editors know best). What is no form, CEL say, it does not check. */
function describeSchema(read: z.ZodType): z.core.JSONSchema.BaseSchema {
  return z.toJSONSchema(read, {
    io: 'input',
    target: 'draft-07',
    unrepresentable: 'any',
    // Left out by the library where a value is transformed after it is read.
    override: ({ zodSchema, jsonSchema }) => {
      const { examples, anyOf } = z.globalRegistry.get(zodSchema) ?? {};
      if (examples !== undefined) jsonSchema.examples = examples as [];
      if (zodSchema._zod.def.type !== 'pipe') return;
      // What is read is not yet what it is made into: a number is made text, and one value a list of one.
      const { type, items } = jsonSchema;
      const alternatives = anyOf ?? (type === 'array' && [items, { type, items, minItems: 1 }]);
      if (!alternatives) return;
      for (const key of ['type', 'items', 'minItems', 'pattern'] as const) delete jsonSchema[key];
      jsonSchema.anyOf = alternatives as [];
    },
  });
}

/** The form of a policy's file. */
export function renderPolicySchema(): string {
  const schema = describeSchema(fileSchema);
  const names = Object.keys(rulesSchema.parse(parse(readFileSync(rulesFile, 'utf8'))).rules);
  const rules = schema.properties?.environments;
  // Names to choose from; a policy's own may be any.
  if (typeof rules === 'object' && typeof rules.additionalProperties === 'object') {
    const list = rules.additionalProperties.properties?.rules;
    if (typeof list === 'object') list.items = { anyOf: [{ enum: names }, { type: 'string' }] };
  }
  const whole = { required: ['repository-id', 'trust', 'environments'] };
  const environments = { additionalProperties: { required: ['repository', 'rules'] }, minProperties: 1 };
  return `${JSON.stringify(
    {
      $id: 'https://hallmark-actions.github.io/schema/policy.json',
      title: 'Hallmark policy',
      description: `Who may say what, which environments there are, and what an image needs for each. Built-in rules: ${names.join(', ')}.`,
      ...schema,
      // A whole policy, unless it is on top of a central one or is one.
      if: { not: { anyOf: [{ required: ['extends'] }, { required: ['allow'] }] } },
      // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
      then: { ...whole, properties: { environments, trust: { minProperties: 1 } } },
    },
    null,
    2,
  )}\n`;
}

/** The form of a policy's file of cases. */
function renderCasesSchema(): string {
  const about = {
    $id: 'https://hallmark-actions.github.io/schema/cases.json',
    title: 'Hallmark cases',
    description: 'Tests of a policy: what an image is like, and the verdict that it is to have.',
  };
  return `${JSON.stringify({ ...about, ...describeSchema(casesSchema) }, null, 2)}\n`;
}

/** The forms of what status writes as JSON Schema, by their paths. */
function renderStatusSchemas(): [string, string][] {
  const forms: [name: string, read: z.ZodType, description: string][] = [
    [
      'status',
      statusSchema,
      'What runs where, since when and why, by verified records. What is not known is an object with the key "unknown", never a zero.',
    ],
    [
      'rescan',
      rescanSchema,
      'What is held or runs, judged by the policy and the vulnerability database of one moment: the output rescan. What is not known is an object with the key "unknown", never a pass.',
    ],
    [
      'found',
      foundSchema,
      'Where a vulnerability or a package is, by verified SBOMs and scans: the output found. What nobody could look through is in "unknown".',
    ],
    [
      'dossier',
      dossierSchema,
      'All that is proven of an image or an incident, in the order of time: the output dossier-json. What could not be read is in "gaps".',
    ],
  ];
  return forms.map(([name, read, description]) => {
    const about = {
      $id: `https://hallmark-actions.github.io/schema/${name}.json`,
      title: `Hallmark ${name}`,
      description: `${description} A new version number stands for a change that a reader of this one would get wrong.`,
    };
    const schema = z.toJSONSchema(read, { io: 'input', target: 'draft-07' });
    return [`schema/${name}.json`, `${JSON.stringify({ ...about, ...schema }, null, 2)}\n`];
  });
}

/** Every generated file by its path in the repository. */
export function renderPages(): Map<string, string> {
  const pages = listActions().map((name): [string, string] => [`action-docs/${name}.md`, renderPage(name)]);
  return new Map([
    ...pages,
    ['action-docs/rules.md', renderRulesPage()],
    ['schema/policy.json', renderPolicySchema()],
    ['schema/cases.json', renderCasesSchema()],
    ...renderStatusSchemas(),
  ]);
}

/** The generated files that are not what is committed. */
export function findStalePages(): string[] {
  return [...renderPages()]
    .filter(([file, page]) => {
      const path = join(root, file);
      return !existsSync(path) || readFileSync(path, 'utf8') !== page;
    })
    .map(([file]) => file);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [file, page] of renderPages()) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), page);
    console.log(file);
  }
}
