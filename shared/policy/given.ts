import { TYPES, VARIABLES } from './variables.ts';

/** What there is of an image that nothing is wrong with. */
const GOOD: Readonly<Record<string, unknown>> = {
  image: { digest: `sha256:${'0'.repeat(64)}`, size: 1000, platforms: ['linux/amd64'] },
  config: [{ platform: 'linux/amd64', size: 1000, user: '1000', created: '0s ago' }],
  provenance: {
    builder: 'https://github.com/octo/app/.github/workflows/release.yml@refs/heads/main',
    repository: 'https://github.com/octo/app',
    commit: '0'.repeat(40),
    ref: 'refs/heads/main',
    trigger: 'push',
    runner: 'github-hosted',
    materials: [
      { uri: 'git+https://github.com/octo/app@refs/heads/main', digest: `gitCommit:${'0'.repeat(40)}` },
    ],
    signedAt: '0s ago',
  },
  sbom: { packages: [] },
  scan: { scannedAt: '0s ago', databaseUpdatedAt: '0s ago', exploitedAt: '0s ago' },
  tests: { passed: true },
  base: { name: 'ghcr.io/octo/base', digest: `sha256:${'0'.repeat(64)}`, attested: true },
  promotion: {},
};

/** Fields that a real one may lack: they are there only when they are given. */
const OPTIONAL = new Set(['google.protobuf.Timestamp', 'double']);

/**
 * A variable's value as a case writes it: what is left out of an object keeps its good value, times may be `25h ago`. Throws for what it
 * cannot be.
 */
export function fillVariable(name: string, value: unknown, now: Date): unknown {
  const variable = Object.hasOwn(VARIABLES, name) ? VARIABLES[name] : undefined;
  if (variable === undefined) throw new Error(`there is no variable "${name}"`);
  if (name === 'now') return value === undefined ? now : fill(variable.type, value, now);
  const good = GOOD[name] ?? [];
  const merged = isMapping(good) && isMapping(value) ? { ...good, ...value } : (value ?? good);
  return fill(variable.type, merged, now);
}

/** A value of a CEL type out of YAML's. Throws when it is none. */
function fill(type: string, value: unknown, now: Date): unknown {
  const [, element] = /^list<(.+)>$/.exec(type) ?? [];
  if (element !== undefined) {
    if (!Array.isArray(value)) throw new Error('is to be a list');
    return value.map((one) => fill(element, one, now));
  }
  const fields = TYPES[type];
  if (fields !== undefined) {
    if (!isMapping(value)) throw new Error('is to be a mapping');
    const unknown = Object.keys(value).find((field) => !Object.hasOwn(fields, field));
    if (unknown !== undefined) throw new Error(`${type} has no field "${unknown}"`);
    return Object.fromEntries(
      Object.entries(fields).flatMap(([field, of]) => {
        const given = Object.hasOwn(value, field) ? value[field] : undefined;
        if (given === undefined) return OPTIONAL.has(of) ? [] : [[field, emptyOf(of)]];
        return [[field, fill(of, given, now)]];
      }),
    );
  }
  if (type === 'int' && Number.isSafeInteger(value)) return BigInt(value as number);
  if (type === 'google.protobuf.Timestamp' && typeof value === 'string') return readTime(value, now);
  if (type === 'map<string, string>' && isMapping(value)) return value;
  const plain: Readonly<Record<string, string>> = { string: 'string', bool: 'boolean', double: 'number' };
  if (plain[type] !== undefined && typeof value === plain[type]) return value;
  throw new Error(`is no ${type}`);
}

function emptyOf(type: string): unknown {
  if (type.startsWith('list<')) return [];
  if (type.startsWith('map<')) return {};
  if (type === 'int') return 0n;
  return type === 'bool' ? false : '';
}

const MILLISECONDS: Readonly<Record<string, number>> = { s: 1e3, m: 6e4, h: 3.6e6, d: 8.64e7 };

/** A moment, or how long ago it is: `2026-11-21T12:00:00Z`, `25h ago`. */
export function readTime(text: string, now: Date): Date {
  const [, count, unit = ''] = /^(\d{1,6})([smhd]) ago$/.exec(text) ?? [];
  const time =
    count === undefined
      ? new Date(text)
      : new Date(now.getTime() - Number(count) * (MILLISECONDS[unit] ?? Number.NaN));
  if (Number.isNaN(time.getTime()))
    throw new Error('is no time; write it as 2026-11-21T12:00:00Z or "25h ago"');
  return time;
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
