import { describe, expect, test } from 'vitest';
import { readZip } from '../../shared/github/zip.ts';
import { packZip, type ZipEntry } from '../servers/zip.ts';

const LIMITS = { entries: 10, bytes: 100_000 };
const wanted = (name: string): boolean => name.endsWith('.json');
const read = (archive: Buffer): string[][] =>
  readZip(archive, wanted, LIMITS).map(({ name, bytes }) => [name, bytes.toString()]);
const one: ZipEntry = { name: 'a.json', content: '{}' };

describe('an archive that a stranger packed', () => {
  test.each<[what: string, entries: ZipEntry[], files: string[][]]>([
    ['is read by what is wanted of it', [one, { name: 'b.txt', content: 'no' }], [['a.json', '{}']]],
    ['may store what it does not pack', [{ ...one, method: 0 }], [['a.json', '{}']]],
    ['may hold nothing', [], []],
    ['may hold empty files', [{ ...one, content: '' }], [['a.json', '']]],
    [
      'may have folders',
      [
        { name: 'x.json/', content: '' },
        { ...one, name: 'x/a.json' },
      ],
      [['x/a.json', '{}']],
    ],
    // A name is a label and a link is its text: neither leads anywhere, as nothing is written.
    ['with a path that leaves', [{ ...one, name: '../../etc/a.json' }], [['../../etc/a.json', '{}']]],
    [
      'with a link',
      [{ name: 'a.json', content: '/etc/passwd', mode: 0o120777 }],
      [['a.json', '/etc/passwd']],
    ],
    [
      'says twice the same name',
      [one, { ...one, content: '[]' }],
      [
        ['a.json', '{}'],
        ['a.json', '[]'],
      ],
    ],
    [
      'lies about what nobody wants',
      [{ name: 'b.txt', content: 'x', size: 4e9, method: 99, flags: 1 }, one],
      [['a.json', '{}']],
    ],
  ])('%s', (_, entries, files) => {
    expect(read(packZip(entries))).toEqual(files);
  });

  const bomb = Buffer.alloc(10_000_000);
  test.each<[what: string, archive: Buffer, reason: RegExp]>([
    ['no archive', Buffer.from('<html>'), /has no end/],
    ['nothing', Buffer.alloc(0), /has no end/],
    ['cut off', packZip([one]).subarray(0, -1), /has no end/],
    ['something behind its end', Buffer.concat([packZip([one]), Buffer.from('x')]), /has no end/],
    ['too many files', packZip(Array.from({ length: 11 }, () => one)), /holds 11 files/],
    ['a bomb', packZip([{ ...one, content: bomb }]), /more than 100000 bytes/],
    ['a bomb that says it is small', packZip([{ ...one, content: bomb, size: 2 }]), /is damaged/],
    [
      'many that are too much together',
      packZip(Array.from({ length: 3 }, () => ({ ...one, content: Buffer.alloc(40_000) }))),
      /more than 100000 bytes/,
    ],
    ['a file smaller than it says', packZip([{ ...one, size: 50 }]), /another size/],
    ['files that overlap', packZip([one, { ...one, localAt: 0 }]), /overlap/],
    ['a file that lies in the directory', packZip([one, { ...one, localAt: 80 }]), /points to no file/],
    ['a file beyond the end', packZip([{ ...one, localAt: 4_000_000_000 }]), /damaged/],
    ['more files listed than there are', packZip([one], 5), /directory that is none/],
    ['encryption', packZip([{ ...one, flags: 1 }]), /is encrypted/],
    ['another method', packZip([{ ...one, method: 12 }]), /method 12/],
    ['ZIP64', packZip([one], 0xffff), /ZIP64/],
  ])('%s is unavailable', (_, archive, reason) => {
    expect(() => read(archive)).toThrow(
      expect.objectContaining({ outcome: 'unavailable', message: expect.stringMatching(reason) }),
    );
  });
});
