import type { Digest } from '../image/digest.ts';
import type { EnvironmentOverview } from './overview.ts';

/** An image that an environment holds or that runs there. */
export interface PresentImage {
  readonly digest: Digest;
  /** True for what the records say it holds. */
  readonly held: boolean;
  /** Instances that run it; undefined when nothing was given to say what runs. */
  readonly instances: number | undefined;
}

/** The images that an environment holds or that run there and are in its repository; and what else should be among them and cannot be named, with the reasons. */
export function listPresent({ records, faults, current, running, images, repository }: EnvironmentOverview): {
  images: PresentImage[];
  unknown: string[];
} {
  const unknown = [
    ...('unknown' in records ? [`its records could not be read: ${records.unknown}`] : []),
    ...(faults.length > 0 ? ['its records do not hold, so nobody can say what it should hold'] : []),
    ...(running ?? []).flatMap(({ name, digest, image }) =>
      digest === undefined ? [`${name} runs ${image}, and nothing says of which digest`] : [],
    ),
  ];
  const digests = new Set([
    ...(current === undefined ? [] : [current.digest]),
    ...(running ?? []).flatMap(({ digest }) => digest ?? []),
  ]);
  const present: PresentImage[] = [];
  for (const digest of digests) {
    const held = digest === current?.digest;
    const instances = running?.filter((one) => one.digest === digest).length;
    if (images.has(digest) || held) present.push({ digest, held, instances });
    else unknown.push(`${digest} runs and is not in ${repository}, or could not be read there`);
  }
  return { images: present, unknown };
}
