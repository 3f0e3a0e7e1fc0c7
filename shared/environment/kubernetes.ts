import * as z from 'zod';
import { Invalid } from '../outcome/outcome.ts';
import { findDigest, type Instance } from './instance.ts';

/*
 * Kubernetes objects as its API has them (kubernetes.io, "API reference", core/v1, apps/v1, batch/v1): pods say what runs, and what makes pods
 * says what would run and how far that has come.
 */

const count = z.number().int().optional();
const metadataSchema = z.object({
  name: z.string().default(''),
  namespace: z.string().optional(),
  labels: z.record(z.string(), z.string()).optional(),
  ownerReferences: z.array(z.object({ kind: z.string(), name: z.string() })).optional(),
});
const containerSchema = z.object({
  name: z.string().default(''),
  image: z.string().default(''),
  restartPolicy: z.string().optional(),
});
const podSpecSchema = z.object({
  containers: z.array(containerSchema),
  initContainers: z.array(containerSchema).default([]),
  ephemeralContainers: z.array(containerSchema).default([]),
});
const statusSchema = z.object({
  name: z.string(),
  image: z.string().default(''),
  imageID: z.string().default(''),
  state: z
    .object({
      running: z.object({ startedAt: z.string().optional() }).optional(),
      waiting: z.object({ reason: z.string().optional() }).optional(),
    })
    .default({}),
});
const podSchema = z.object({
  metadata: metadataSchema,
  spec: podSpecSchema,
  status: z.object({
    phase: z.string().optional(),
    containerStatuses: z.array(statusSchema).default([]),
    initContainerStatuses: z.array(statusSchema).default([]),
    ephemeralContainerStatuses: z.array(statusSchema).default([]),
  }),
});
const templateSchema = z.object({ spec: podSpecSchema });
/** Deployment, StatefulSet, ReplicaSet and DaemonSet count in words of their own. */
const makerSchema = z.object({
  metadata: metadataSchema,
  spec: z.object({ replicas: count, template: templateSchema }),
  status: z
    .object({
      updatedReplicas: count,
      readyReplicas: count,
      desiredNumberScheduled: count,
      updatedNumberScheduled: count,
      numberReady: count,
      active: count,
    })
    .default({}),
});
const cronJobSchema = z.object({
  metadata: metadataSchema,
  spec: z.object({
    suspend: z.boolean().optional(),
    jobTemplate: z.object({ spec: z.object({ template: templateSchema }) }),
  }),
});
const listSchema = z.object({
  kind: z.string().regex(/List$/),
  metadata: z.object({ continue: z.string().optional() }).optional(),
  items: z.array(z.unknown()),
});
const objectSchema = z.object({ apiVersion: z.string().optional(), kind: z.string() });

/** Reads one object or a list of them; undefined for what is neither. Throws `Invalid` for a list that was cut off, or has a broken object. */
export function readWorkloads(json: unknown, what: string): Instance[] | undefined {
  const list = listSchema.safeParse(json);
  if (!list.success) {
    const object = objectSchema.safeParse(json);
    return object.success && object.data.kind in READERS
      ? readObject(json, object.data.kind, what)
      : undefined;
  }
  const { kind, metadata, items } = list.data;
  if ((metadata?.continue ?? '') !== '') {
    throw new Invalid('running', `${what} is one page of a longer list; give all of it`);
  }
  // Of a typed list the items need not say what they are.
  return items.flatMap((item) =>
    readObject(item, objectSchema.safeParse(item).data?.kind ?? kind.slice(0, -'List'.length), what),
  );
}

const READERS: Record<string, (json: unknown) => Instance[] | undefined> = {
  Pod: readPod,
  Deployment: readMaker,
  StatefulSet: readMaker,
  DaemonSet: readMaker,
  ReplicaSet: readMaker,
  Job: readMaker,
  CronJob: readCronJob,
};

function readObject(json: unknown, kind: string, what: string): Instance[] {
  const read = Object.hasOwn(READERS, kind) ? READERS[kind] : undefined;
  if (read === undefined) {
    throw new Invalid('running', `${what} holds a ${kind.slice(0, 60)}, which runs nothing`, {
      hint: `It may hold ${Object.keys(READERS).join(', ')}.`,
    });
  }
  const found = read(json);
  if (found === undefined) throw new Invalid('running', `${what} holds a ${kind} that cannot be read`);
  return found;
}

function readPod(json: unknown): Instance[] | undefined {
  const { metadata, spec, status } = podSchema.safeParse(json).data ?? {};
  if (metadata === undefined || spec === undefined || status === undefined) return undefined;
  if (status.phase === 'Succeeded' || status.phase === 'Failed') return [];
  const statuses = [
    ...status.containerStatuses,
    ...status.initContainerStatuses,
    ...status.ephemeralContainerStatuses,
  ];
  const runs = (container: { readonly name: string }): boolean =>
    statuses.some(({ name, state }) => name === container.name && state.running !== undefined);
  const containers = [
    ...listLasting(spec),
    // Any other has done its work, or waits for somebody who debugs.
    ...[...spec.initContainers.filter((one) => !isSidecar(one)), ...spec.ephemeralContainers].filter(runs),
  ];
  return containers.map(({ name, image }) => {
    const seen = statuses.find((one) => one.name === name);
    const running = seen?.state.running;
    const why = seen?.state.waiting?.reason ?? status.phase ?? 'nothing says why';
    return {
      name: `${nameObject(metadata)}${containers.length > 1 ? `/${name}` : ''}`,
      workload: nameOwner(metadata),
      image,
      also: seen === undefined ? [] : [seen.image, seen.imageID],
      // What the runtime says it took; only of what it has not taken yet what it was told to take.
      digest: seen === undefined || seen.imageID === '' ? findDigest(image) : findDigest(seen.imageID),
      startedAt: running?.startedAt,
      waiting: running === undefined ? `does not run: ${why}` : undefined,
    };
  });
}

function readMaker(json: unknown): Instance[] | undefined {
  const { metadata, spec, status } = makerSchema.safeParse(json).data ?? {};
  if (metadata === undefined || spec === undefined || status === undefined) return undefined;
  const wanted = spec.replicas ?? status.desiredNumberScheduled ?? status.active ?? 0;
  if (wanted === 0) return [];
  const updated = status.updatedReplicas ?? status.updatedNumberScheduled;
  const ready = status.readyReplicas ?? status.numberReady;
  const waiting =
    updated !== undefined && updated < wanted
      ? `${updated} of ${wanted} are updated`
      : ready !== undefined && ready < wanted
        ? `${ready} of ${wanted} are ready`
        : undefined;
  return readTemplate(metadata, spec.template, waiting);
}

function readCronJob(json: unknown): Instance[] | undefined {
  const { metadata, spec } = cronJobSchema.safeParse(json).data ?? {};
  if (metadata === undefined || spec === undefined) return undefined;
  return spec.suspend === true ? [] : readTemplate(metadata, spec.jobTemplate.spec.template, undefined);
}

function readTemplate(
  metadata: Metadata,
  { spec }: z.infer<typeof templateSchema>,
  waiting: string | undefined,
): Instance[] {
  const containers = listLasting(spec);
  return containers.map(({ name, image }) => ({
    name: `${nameObject(metadata)}${containers.length > 1 ? `/${name}` : ''}`,
    workload: nameObject(metadata),
    image,
    also: [],
    digest: findDigest(image),
    startedAt: undefined,
    waiting,
  }));
}

type Container = z.infer<typeof containerSchema>;

/** What runs as long as the pod does. */
function listLasting({ containers, initContainers }: z.infer<typeof podSpecSchema>): Container[] {
  return [...containers, ...initContainers.filter(isSidecar)];
}

/** An init container that is always restarted (KEP-753). */
function isSidecar({ restartPolicy }: Container): boolean {
  return restartPolicy === 'Always';
}

type Metadata = z.infer<typeof metadataSchema>;

function nameObject({ namespace, name }: Metadata): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

/** What a pod is one of. A deployment's replica set has the name of the deployment and the hash of the template. */
function nameOwner(metadata: Metadata): string {
  const owner = metadata.ownerReferences?.[0];
  const hash = metadata.labels?.['pod-template-hash'];
  const name = owner?.name ?? metadata.name;
  return nameObject({ ...metadata, name: hash === undefined ? name : name.replace(`-${hash}`, '') });
}
