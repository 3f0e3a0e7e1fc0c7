import * as z from 'zod';
import { parseImageName } from '../manifests/name.ts';
import { Invalid } from '../outcome/outcome.ts';
import { findDigest, type Instance } from './instance.ts';
import { readWorkloads } from './kubernetes.ts';

/** The most that one input may tell of. */
const MOST_INSTANCES = 50_000;

const containerSchema = z.object({
  name: z.string().default(''),
  image: z.string(),
  imageDigest: z.string().optional(),
  lastStatus: z.string().optional(),
});
/** `aws ecs describe-tasks` (Amazon ECS API, "Task"). */
const tasksSchema = z.object({
  tasks: z.array(
    z.object({
      taskArn: z.string().default(''),
      group: z.string().default(''),
      lastStatus: z.string().default(''),
      startedAt: z.union([z.string(), z.number()]).optional(),
      containers: z.array(containerSchema).default([]),
    }),
  ),
});
/** `docker inspect` of containers (Docker Engine API, "ContainerInspect"). */
const inspectSchema = z.array(
  z.object({
    Name: z.string(),
    Image: z.string(),
    Config: z.object({ Image: z.string(), Labels: z.record(z.string(), z.string()).nullish() }),
    State: z.object({ Running: z.boolean(), StartedAt: z.string() }),
  }),
);

/**
 * Reads what runs: Kubernetes objects as `kubectl get -o json` gives them, `aws ecs describe-tasks`, `docker inspect`, or one image a line.
 * Throws `Invalid` for anything else and for what was cut off: what is not told must not pass for not running.
 */
export function readInstances(text: string, what: string): Instance[] {
  // What failed writes nothing; that nothing runs is said by an empty list.
  if (text.trim() === '') throw new Invalid('running', `${what} is empty`);
  const json = /^\s*[[{]/.test(text) ? parseJson(text, what) : undefined;
  const found = json === undefined ? readLines(text, what) : readJson(json, what);
  if (found.length > MOST_INSTANCES) {
    throw new Invalid('running', `${what} tells of ${found.length} instances; it may be ${MOST_INSTANCES}`);
  }
  return found;
}

function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Invalid('running', `${what} is no JSON, or was cut off`, { cause });
  }
}

function readJson(json: unknown, what: string): Instance[] {
  const workloads = readWorkloads(json, what);
  if (workloads !== undefined) return workloads;
  const tasks = tasksSchema.safeParse(json);
  if (tasks.success) return tasks.data.tasks.flatMap(readTask);
  const inspected = inspectSchema.safeParse(json);
  if (inspected.success) return inspected.data.filter(({ State }) => State.Running).map(readContainer);
  throw new Invalid('running', `${what} is nothing that can be read`, {
    hint: 'It may be what `kubectl get pods -A -o json`, `aws ecs describe-tasks` or `docker inspect` prints, or one image a line.',
  });
}

function readTask(task: z.infer<typeof tasksSchema>['tasks'][number]): Instance[] {
  if (task.lastStatus === 'STOPPED') return [];
  const id = task.taskArn.split('/').at(-1) ?? '';
  const started =
    typeof task.startedAt === 'number' ? task.startedAt * 1000 : Date.parse(task.startedAt ?? '');
  return task.containers
    .filter(({ lastStatus }) => lastStatus !== 'STOPPED')
    .map(({ name, image, imageDigest, lastStatus = task.lastStatus }) => ({
      name: `${id}/${name}`,
      workload: task.group,
      image,
      also: [],
      digest: findDigest(imageDigest) ?? findDigest(image),
      startedAt: Number.isNaN(started) ? undefined : new Date(started).toISOString(),
      waiting: lastStatus === 'RUNNING' ? undefined : `is ${lastStatus}`,
    }));
}

function readContainer({ Name, Image, Config, State }: z.infer<typeof inspectSchema>[number]): Instance {
  const name = Name.replace(/^\//, '');
  return {
    name,
    workload: Config.Labels?.['com.docker.compose.service'] ?? name,
    image: Config.Image,
    also: [],
    digest: findDigest(Image),
    startedAt: State.StartedAt,
    waiting: undefined,
  };
}

/** One image a line, and after a space what it is called. Anything else is no list, but the words of something that failed. */
function readLines(text: string, what: string): Instance[] {
  return text.split(/\r?\n/).flatMap((line, at) => {
    const [image = '', called, ...more] = line.trim().split(/\s+/);
    if (image === '' || image.startsWith('#')) return [];
    const isImage = parseImageName(image) !== undefined && (called === undefined || /[/:@]/.test(image));
    if (!isImage || more.length > 0) {
      throw new Invalid('running', `${what}, line ${at + 1}: is no image, and what it is called`);
    }
    return [
      {
        name: called ?? `line ${at + 1}`,
        workload: called ?? '',
        image,
        also: [],
        digest: findDigest(image),
        startedAt: undefined,
        waiting: undefined,
      },
    ];
  });
}
