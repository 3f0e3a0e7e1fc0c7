import type { Instance } from '../environment/instance.ts';
import { readInstances } from '../environment/instances.ts';
import type { InstanceOverview } from '../environment/overview.ts';
import type { RunContext } from '../github/context.ts';
import type { Digest } from '../image/digest.ts';
import { expandName, parseImageName } from '../manifests/name.ts';
import { Invalid } from '../outcome/outcome.ts';
import type { PolicyFile } from '../policy/file.ts';
import { readInputFile } from '../workspace/file.ts';
import type { Survey } from './survey.ts';

/** What one line of the input `running` told. */
export interface ToldRunning {
  /** A cluster or region; empty where the line gives none. */
  readonly label: string;
  readonly instances: readonly Instance[];
}

/** What runs, parted by the environment that it is of. */
export interface SortedRunning {
  readonly of: ReadonlyMap<string, readonly InstanceOverview[]>;
  /** Instances of other images. */
  readonly ignored: number;
  /** Images of which nobody can say what is attested, each with the reason. */
  readonly unread: readonly string[];
}

/** The most of one file: some 5,000 pods with all that Kubernetes says of them. */
const LIMIT = 64 * 1024 * 1024;
/** Images that no record names are looked at, so that it can be said what is attested of them. */
const MOST_STRANGERS = 20;

/** Reads every file that the input names, one `path`, `label=path` or `-` (standard input) a line. Throws `Invalid` for what cannot be read. */
export async function readRunning(lines: readonly string[], context: RunContext): Promise<ToldRunning[]> {
  const told: ToldRunning[] = [];
  for (const line of lines) {
    const { label = '', path = line } = /^(?<label>[\w.-]{1,60})=(?<path>.+)$/.exec(line)?.groups ?? {};
    if (told.some((other) => other.label === label)) {
      throw new Invalid(
        'running',
        `names "${label}" twice; give each line a label of its own, as in eu=pods.json`,
      );
    }
    const bytes =
      path === '-' ? await readStandardInput(context) : await readInputFile(path, 'running', context, LIMIT);
    told.push({
      label,
      instances: readInstances(bytes.toString(), path === '-' ? 'standard input' : `"${path}"`),
    });
  }
  return told;
}

async function readStandardInput({ deadline }: RunContext): Promise<Buffer> {
  const { stdin } = process;
  const parts: Buffer[] = [];
  let size = 0;
  const stop = (): void => void stdin.destroy(new Invalid('running', 'standard input did not end in time'));
  deadline.addEventListener('abort', stop, { once: true });
  try {
    for await (const part of stdin) {
      parts.push(part);
      size += part.length;
      if (size > LIMIT) throw new Invalid('running', `standard input has more than ${LIMIT} bytes`);
    }
  } finally {
    deadline.removeEventListener('abort', stop);
  }
  return Buffer.concat(parts);
}

/**
 * Says of every instance of which environment and which image it is. By the repository that it was asked for from; where that is none of the
 * policy's (a mirror), by its digest, when a single environment knows that one.
 */
export async function sortRunning(
  told: readonly ToldRunning[],
  surveys: ReadonlyMap<string, Survey>,
  policy: PolicyFile,
): Promise<SortedRunning> {
  const of = new Map<string, InstanceOverview[]>([...surveys.keys()].map((name) => [name, []]));
  const looked = new Set<string>();
  let ignored = 0;
  const unread: string[] = [];
  for (const { label, instances } of told) {
    for (const instance of instances) {
      const name = findEnvironmentOf(instance, surveys, policy);
      const survey = name === undefined ? undefined : surveys.get(name);
      if (name === undefined || survey === undefined) {
        ignored += 1;
        continue;
      }
      const { digest } = instance;
      const stranger = digest !== undefined && !survey.calledBy.has(digest);
      if (stranger && looked.size < MOST_STRANGERS && !looked.has(`${name} ${digest}`)) {
        looked.add(`${name} ${digest}`);
        const fault = await survey.look(digest);
        if (fault !== undefined) unread.push(`${name}: ${fault}`);
      }
      const { workload, image, startedAt, waiting } = instance;
      of.get(name)?.push({
        ...{ label, name: instance.name, workload, image, startedAt, waiting },
        digest: digest && recognise(digest, survey),
      });
    }
  }
  return { of, ignored, unread };
}

function findEnvironmentOf(
  { image, also, digest }: Instance,
  surveys: ReadonlyMap<string, Survey>,
  policy: PolicyFile,
): string | undefined {
  // containerd calls an image that it has under several names by any of them, so what was asked for goes first.
  for (const asked of [image, ...also].flatMap(readRepository)) {
    const named = Object.entries(policy.environments)
      .filter(([, { repository }]) => expandName(repository) === asked)
      .map(([name]) => name);
    if (named.length > 0) return named.find((name) => surveys.has(name));
  }
  const knowing = digest === undefined ? [] : [...surveys].filter(([, { calledBy }]) => calledBy.has(digest));
  return knowing.length === 1 ? knowing[0]?.[0] : undefined;
}

function readRepository(text: string): string[] {
  const found = parseImageName(text.replace(/^[a-z-]+:\/\//, ''));
  return found === undefined ? [] : [expandName(found.name)];
}

/** The image that has a digest: what the environment holds, where that is one of several, otherwise the newest of them; itself where no image is known to have it. */
export function recognise(digest: Digest, { calledBy, overview }: Survey): Digest {
  const images = calledBy.get(digest) ?? [];
  const current = overview.current?.digest;
  if (current !== undefined && images.includes(current)) return current;
  return images[0] ?? digest;
}
