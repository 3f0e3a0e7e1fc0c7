// npm run docs
// Writes action-docs/<name>.md from actions/<name>/action.yml and the action's example, and action-docs/rules.md.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import * as z from 'zod';
import { TYPES, VARIABLES } from '../shared/policy/variables.ts';
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
  const file = readFileSync(join(root, 'shared', 'policy', 'rules.yaml'), 'utf8');
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

/** Every generated page by its name in action-docs/. */
export function renderPages(): Map<string, string> {
  const pages = listActions().map((name): [string, string] => [`${name}.md`, renderPage(name)]);
  return new Map([...pages, ['rules.md', renderRulesPage()]]);
}

/** The generated pages that are not what is in action-docs/. */
export function findStalePages(): string[] {
  return [...renderPages()]
    .filter(([file, page]) => {
      const path = join(root, 'action-docs', file);
      return !existsSync(path) || readFileSync(path, 'utf8') !== page;
    })
    .map(([file]) => file);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [file, page] of renderPages()) {
    writeFileSync(join(root, 'action-docs', file), page);
    console.log(`action-docs/${file}`);
  }
}
