import type { RunContext } from '../github/context.ts';
import { formatImage, parseDigestReference, parseRepository, type Reference } from '../image/reference.ts';
import { checkTags } from '../image/tags.ts';
import { Invalid } from '../outcome/outcome.ts';
import type { StepResult } from '../outcome/result.ts';
import { formatCode, formatTable } from '../report/markdown.ts';
import { copyImage } from '../store/copy.ts';
import { openStore, storeOptions } from '../store/open.ts';
import { listSubjects } from '../store/subjects.ts';
import { requireFreeTags, writeTags } from '../store/tag.ts';

/** The inputs of actions/push/action.yml. */
export interface PushInputs {
  readonly image: string;
  readonly repository: string;
  readonly tags: readonly string[];
  readonly 'github-token'?: string | undefined;
}

/**
 * Pushes an image from a layout on disk to a repository, with everything that is attached to it: by digest, read back, and only then tagged.
 * What the repository has already is not sent again, so a push that broke off goes on where it ended. A tag that names another image is `Refused`.
 */
export async function push(inputs: PushInputs, context: RunContext): Promise<StepResult> {
  const image = parseDigestReference(inputs.image);
  if (image.kind !== 'layout') {
    throw new Invalid(
      'image',
      'takes a layout on disk, as in oci:out@sha256:…; promote moves an image between repositories',
    );
  }
  const place: Reference = { kind: 'registry', repository: parseRepository(inputs.repository) };
  const tags = checkTags(inputs.tags, context.ref);
  const options = storeOptions(context, inputs['github-token']);
  const [from, to] = [openStore(image, options), openStore(place, options)];
  // All of it, before the first byte is sent: a layout may lack a platform that its index names.
  const { root, platforms } = await listSubjects(from, image.digest);
  await requireFreeTags(to, tags, image.digest);
  const { copied, mounted } = await copyImage(from, to, image.digest, { referrers: true, check: true });
  context.log.info(`Pushed ${to.place}@${image.digest}: ${copied} objects sent, ${mounted} mounted`);
  await writeTags(to, root, tags);
  const name = formatImage(place, image.digest);
  const facts: [string, string][] = [
    ['Image', formatCode(name)],
    ['Tags', tags.map((tag) => formatCode(tag)).join(', ') || 'none'],
    ['Platforms', String(platforms.length)],
    ['Sent', copied === 0 ? 'nothing: all of it was there' : `${copied} objects`],
  ];
  return {
    outputs: { image: name, repository: to.place, digest: image.digest, tags: tags.join('\n') },
    summary: `### Hallmark push\n\n${formatTable(['', ''], facts)}\n`,
  };
}
