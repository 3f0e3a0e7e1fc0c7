import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { countDepth, type Passage, startDelay } from '../../scripts/bench/delay.ts';
import { formatFigures, median, takeTurns } from '../../scripts/bench/figure.ts';

test.each<[string, [start: number, end: number][], number]>([
  ['nothing', [], 0],
  [
    'one after the other',
    [
      [0, 1],
      [1, 2],
      [2, 3],
    ],
    3,
  ],
  [
    'all at once',
    [
      [0, 3],
      [1, 3],
      [2, 4],
    ],
    1,
  ],
  [
    'one long beside two short',
    [
      [0, 9],
      [0, 2],
      [3, 5],
    ],
    2,
  ],
  [
    'two rounds of two',
    [
      [0, 2],
      [0, 3],
      [3, 5],
      [4, 6],
    ],
    2,
  ],
])('round trips deep: %s', (_, spans, depth) => {
  const passages = spans.map(([start, end]): Passage => ({ method: 'GET', url: '/', start, end, bytes: 0 }));
  expect(countDepth(passages)).toBe(depth);
});

test.each([
  [[3, 1, 2], 2],
  [[4, 1, 3, 2], 2],
  [[7], 7],
])('the median of %j is %d', (values, middle) => {
  expect(median(values)).toBe(middle);
});

test('contenders take turns, and the order turns too', async () => {
  const order: string[] = [];
  await takeTurns(2, {
    a: async (round) => void order.push(`a${round}`),
    b: async (round) => void order.push(`b${round}`),
  });
  expect(order).toEqual(['a0', 'b0', 'b1', 'a1']);
});

test('a missed goal is seen in the table', () => {
  const figure = { what: 'x', peer: '1', ours: '2', ratio: '2×', goal: '≤ 1×' };
  expect(formatFigures([{ ...figure, met: false }])).toMatch(/\| x +\| 1 +\| 2 +\| 2× +\| ≤ 1× \| MISSED \|/);
});

test('the proxy passes everything on, writes it down and holds answers back', async () => {
  const upstream = createServer((request, response) => {
    response.setHeader('location', `http://${request.headers.host}/next`);
    response.writeHead(201);
    request.pipe(response);
  });
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  const passages: Passage[] = [];
  const proxy = await startDelay(`http://127.0.0.1:${(upstream.address() as AddressInfo).port}`, 5, passages);
  try {
    const answer = await fetch(`${proxy.url}/path?q=1`, { method: 'POST', body: 'bytes' });
    expect([answer.status, await answer.text()]).toEqual([201, 'bytes']);
    // A registry makes upload addresses of the host it was asked by: they must lead through the proxy again.
    expect(answer.headers.get('location')).toBe(`http://${proxy.host}/next`);
    expect(passages).toMatchObject([{ method: 'POST', url: '/path?q=1' }]);
  } finally {
    await proxy.close();
    await new Promise((resolve) => upstream.close(resolve));
  }
});
