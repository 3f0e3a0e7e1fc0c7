// What a run leaves behind, searched for secrets.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { ActionRun } from '../../scripts/action.ts';

/** Where which secret shows: in the run's log, outputs and summary, and the files below the folders. */
export function findTraces(
  what: ActionRun,
  secrets: Readonly<Record<string, string>>,
  folders: readonly string[],
): string[] {
  // The runner takes a masked value out of what it shows; the command that masks it is the one place where it may stand.
  const log = what.log.replace(/^::add-mask::.*$/gm, '');
  const left: [string, Buffer][] = [
    ['log', Buffer.from(log)],
    ['outputs', Buffer.from(JSON.stringify(what.outputs))],
    ['summary', Buffer.from(what.summary)],
    ...folders.flatMap((folder) => [...readAll(folder)]).filter(([path]) => !path.includes('/.git/')),
  ];
  const found = new Set<string>();
  for (const [place, bytes] of left) {
    for (const text of unfold(bytes)) {
      for (const [name, secret] of Object.entries(secrets)) {
        if (spellings(secret).some((spelling) => text.includes(spelling))) found.add(`${name} in ${place}`);
      }
      // A JSON Web Token: the run's own identity, for five minutes.
      if (/eyJ[\w-]{10,}\.eyJ[\w-]{10,}\./.test(text)) found.add(`a token in ${place}`);
    }
  }
  return [...found];
}

/** A secret as it may be written: as it is, in base64 at any of the three offsets, percent-encoded, in hex. */
function spellings(secret: string): string[] {
  const base64 = [0, 1, 2].map((offset) =>
    Buffer.from('x'.repeat(offset) + secret)
      .toString('base64')
      .slice(offset === 0 ? 0 : 4, -4)
      .replace(/=+$/, ''),
  );
  return [secret, ...base64, encodeURIComponent(secret), Buffer.from(secret).toString('hex')];
}

/** Every file below a folder with its content, unpacked where it is gzip. */
function* readAll(folder: string): Generator<[string, Buffer]> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* readAll(path);
    else if (entry.isFile() && statSync(path).size < 200e6) {
      const bytes = readFileSync(path);
      yield [path, bytes];
      if (bytes[0] === 0x1f && bytes[1] === 0x8b) yield [`${path} (unpacked)`, gunzipSync(bytes)];
    }
  }
}

/** Text and the payloads in it: statements stand in bundles as base64, and a search must read what a reader reads. */
function* unfold(bytes: Buffer): Generator<string> {
  const text = bytes.toString('latin1');
  yield text;
  for (const [, payload] of text.matchAll(/"(?:payload|canonicalizedBody|body)":"([A-Za-z0-9+/=]{16,})"/g)) {
    yield Buffer.from(payload ?? '', 'base64').toString('latin1');
  }
}
