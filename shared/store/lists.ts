import * as z from 'zod';
import { type Descriptor, MEDIA_TYPE } from '../image/descriptor.ts';
import type { Digest } from '../image/digest.ts';
import { isTag } from '../image/reference.ts';
import { Unavailable } from '../outcome/outcome.ts';
import { MANIFEST_LIMIT } from './checked.ts';
import type { ReadResponse, RegistryCall, RegistryClient } from './client.ts';
import { readJson } from './json.ts';
import { readReferrers, uniteReferrers } from './referrers.ts';

/** The most pages of one list that are followed. */
const PAGES = 500;

const tagsSchema = z.object({ tags: z.array(z.string()).nullish() });

/** How many tags of one page are asked for. */
const PAGE = 1000;

/**
 * All tags of a repository; one that the registry does not know has none. A full page without a Link need not be the last one
 * (distribution-spec 1.1, "Listing Tags": the header is optional), so what comes after it is asked for.
 */
export async function listTags(client: RegistryClient): Promise<string[]> {
  const found = new Set<string>();
  for (let target: string | undefined = `tags/list?n=${PAGE}`; target !== undefined; ) {
    const before = found.size;
    let last: string[] = [];
    for await (const page of readPages(client, { target, expect: [200, 404] })) {
      // Only what was never listed is unknown: a list that breaks off is not whole.
      if (page.status === 404 && found.size === 0) return [];
      const list = page.status === 200 ? readJson(tagsSchema, page.bytes) : undefined;
      if (!list) throw new Unavailable(`${page.what}: the answer is no list of tags`);
      // What is no tag is not asked for: it would be another address.
      last = (list.tags ?? []).filter(isTag);
      for (const tag of last) found.add(tag);
    }
    const more = last.length >= PAGE && found.size > before;
    target = more ? `tags/list?n=${PAGE}&last=${last.at(-1)}` : undefined;
  }
  return [...found];
}

/**
 * What the referrers API lists (distribution-spec 1.1, "Listing Referrers"), or undefined when the registry has none: it answers
 * 404, or a false 200 (a web page, another media type), or redirects to one.
 */
export async function askReferrers(
  client: RegistryClient,
  subject: Digest,
): Promise<Descriptor[] | undefined> {
  const found: Descriptor[] = [];
  const pages = readPages(client, {
    target: `referrers/${subject}`,
    expect: [200, 301, 302, 303, 307, 308, 404, 405, 501],
    headers: { accept: MEDIA_TYPE.index },
    follow: false,
  });
  let first = true;
  for await (const { status, headers, bytes, what } of pages) {
    const isIndex = headers['content-type']?.split(';')[0]?.trim() === MEDIA_TYPE.index;
    const listed = status === 200 && isIndex ? readReferrers(bytes, subject) : undefined;
    if (!listed && first) return undefined;
    if (!listed) throw new Unavailable(`${what}: a further page of referrers is no index`);
    found.push(...listed);
    uniteReferrers(subject, found);
    first = false;
  }
  return found;
}

/** The pages of a list, each next one named by `Link: <…>; rel="next"` (RFC 8288), which must be the registry's own and lead on. */
async function* readPages(
  client: RegistryClient,
  call: Omit<RegistryCall, 'method' | 'access'>,
): AsyncGenerator<ReadResponse> {
  let next: string | URL | undefined = call.target;
  const seen = new Set([client.resolveUrl(next).href]);
  for (let page = 0; next !== undefined; page += 1) {
    if (page === PAGES) throw new Unavailable(`${call.target} has more than ${PAGES} pages`);
    const response: ReadResponse = await client.read(
      { ...call, method: 'GET', access: 'pull', target: next },
      MANIFEST_LIMIT,
    );
    yield response;
    const link = /<([^>]*)>\s*;[^,]*rel="?next"?/i.exec(response.headers['link'] ?? '')?.[1];
    next = link === undefined ? undefined : client.resolveUrl(link, client.resolveUrl(next));
    if (next && !client.isOwn(next))
      throw new Unavailable(`${response.what}: the next page is at ${next.host}`);
    if (next && seen.size === seen.add(next.href).size) {
      throw new Unavailable(`${response.what}: its pages lead in a circle`);
    }
  }
}
