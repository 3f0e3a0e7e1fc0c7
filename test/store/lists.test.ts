import { describe, expect, it } from 'vitest';
import type { Fault, SeenRequest } from '../servers/registry.ts';
import { open, serveRegistry } from './fixtures.ts';

const names = (count: number): string[] =>
  Array.from({ length: count }, (_, at) => `v${String(at).padStart(5, '0')}`);
const page = (tags: readonly string[], link?: string): Fault => ({
  status: 200,
  headers: link === undefined ? {} : { link },
  body: JSON.stringify({ name: 'octo/app', tags }),
});
/** Where a page ends, as the client was told. */
const lastOf = ({ path }: SeenRequest): string =>
  new URL(path, 'http://registry').searchParams.get('last') ?? '';

async function list(answer: (request: SeenRequest, host: string) => Fault) {
  const registry = await serveRegistry({ onRequest: (request) => answer(request, registry.host) });
  const tags = open(`${registry.host}/octo/app`).listTags();
  await tags.catch(() => undefined);
  return { tags, requests: registry.requests.length };
}

describe('tags are listed to the end', () => {
  const all = names(2500);
  const following = (last: string, count = 1000): string[] => all.filter((tag) => tag > last).slice(0, count);
  it.each<[string, number, (request: SeenRequest, host: string) => Fault]>([
    [
      'by a relative Link',
      3,
      (request) => {
        const tags = following(lastOf(request));
        return page(tags, tags.length < 1000 ? undefined : `<list?last=${tags.at(-1)}>; rel="next"`);
      },
    ],
    [
      'by an absolute Link among others',
      3,
      (request, host) => {
        const tags = following(lastOf(request));
        const next = `<http://${host}/v2/octo/app/tags/list?last=${tags.at(-1)}>; rel=next; title="a"`;
        return page(tags, tags.length < 1000 ? undefined : `</v2/>; rel="first", ${next}`);
      },
    ],
    [
      'where pages are shorter than asked',
      26,
      (request) => {
        const tags = following(lastOf(request), 100);
        return page(
          tags,
          tags.length === 0 ? undefined : `</v2/octo/app/tags/list?last=${tags.at(-1)}>; rel="next"`,
        );
      },
    ],
    ['where a full page has no Link', 3, (request) => page(following(lastOf(request)))],
    ['where the number asked for is passed over', 2, (request) => page(following(lastOf(request), Infinity))],
    ['where all that is asked is passed over', 2, () => page(all)],
  ])('%s', async (_, count, answer) => {
    const { tags, requests } = await list(answer);
    expect(await tags).toEqual(all);
    expect(requests).toBe(count);
  });
});

describe('a list that is not whole is unavailable', () => {
  const some = names(10);
  it.each<[string, number, string, (request: SeenRequest, host: string) => Fault]>([
    ['leads to itself', 1, 'in a circle', () => page(some, '</v2/octo/app/tags/list?n=1000>; rel="next"')],
    [
      'leads back',
      2,
      'in a circle',
      (request) => page(some, `<list?n=1000${lastOf(request) ? '' : '&last=v1'}>; rel="next"`),
    ],
    [
      'leads to another host',
      1,
      'the next page is at 127.0.0.1:1',
      () => page(some, '<http://127.0.0.1:1/v2/octo/app/tags/list>; rel="next"'),
    ],
    ['leads nowhere', 1, 'an address that is none', () => page(some, '<http://>; rel="next"')],
    [
      'breaks off',
      2,
      'no list of tags',
      (request) => (lastOf(request) ? { status: 404 } : page(some, '<list?last=v1>; rel="next"')),
    ],
    ['is none', 1, 'no list of tags', () => ({ status: 200, body: '<html>' })],
  ])('%s', async (_, count, message, answer) => {
    const { tags, requests } = await list(answer);
    await expect(tags).rejects.toMatchObject({
      outcome: 'unavailable',
      message: expect.stringContaining(message),
    });
    expect(requests).toBe(count);
  });
});
