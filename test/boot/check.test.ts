import { describe, expect, test } from 'vitest';
import { judgeCheck, parseChecks } from '../../shared/boot/check.ts';

describe('lines of run', () => {
  test.each([
    [
      'GET http://:8080/healthz -> 200 "ok"',
      { kind: 'http', method: 'GET', port: 8080, path: '/healthz', status: 200, texts: ['ok'] },
    ],
    ['HEAD http://:80 -> 204', { kind: 'http', method: 'HEAD', port: 80, path: '/', status: 204, texts: [] }],
    ['GET http://:1/a?b=c  ->  302', { kind: 'http', path: '/a?b=c', status: 302 }],
    [
      'GET http://:8080/ -> 200 "say \\"hi\\"" "-> 3"',
      { kind: 'http', status: 200, texts: ['say "hi"', '-> 3'] },
    ],
    [
      'exec node --version -> 0 "v24"',
      { kind: 'exec', command: ['node', '--version'], status: 0, texts: ['v24'] },
    ],
    [
      'exec ["sh", "-c", "exit 3"] -> 3',
      { kind: 'exec', command: ['sh', '-c', 'exit 3'], status: 3, texts: [] },
    ],
    ['exec echo -> -> 0', { kind: 'exec', command: ['echo', '->'], status: 0 }],
  ])('%s', (line, check) => {
    expect(parseChecks([line])).toMatchObject([{ line, ...check }]);
  });

  test.each([
    'GET http://:8080/healthz',
    'GET http://localhost:8080/ -> 200',
    'GET https://:8080/ -> 200',
    'GET http://:0/ -> 200',
    'GET http://:65536/ -> 200',
    'GET http://:8080/ -> 20',
    'GET http://:8080/ -> 200 ok',
    'GET http://:8080/ -> 200 ""',
    'GET http://:8080/ -> 200 "\\x"',
    'GET http://:8080/a b -> 200',
    'HEAD http://:8080/ -> 200 "text"',
    'POST http://:8080/ -> 200',
    'exec -> 0',
    'exec true -> 256',
    'exec [] -> 0',
    'exec [1] -> 0',
    'exec ["sh" -> 0',
    'curl http://:8080/ -> 200',
  ])('%s is none', (line) => {
    expect(() => parseChecks(['exec true -> 0', line])).toThrow('run: check 2 is not understood');
  });
});

test.each([
  [200, 'it is ok', undefined],
  [200, 'not it', 'gave no "ok"'],
  [500, 'ok', 'gave status 500, not 200'],
])('status %i with "%s"', (status, text, why) => {
  const [check] = parseChecks(['GET http://:8080/ -> 200 "ok"']);
  expect(check && judgeCheck(check, { status, text })).toBe(why);
});
