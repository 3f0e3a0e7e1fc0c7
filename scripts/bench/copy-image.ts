// copy-image <from> <digest> <to> [referrers]: copies an image in a process of its own, as a step of an action does. No action copies and does
// nothing beside, so scripts/bench/copy.ts bundles this; stores are opened in the way of every verb.
import * as z from 'zod';
import type { Digest } from '../../shared/image/digest.ts';
import { parseReference } from '../../shared/image/reference.ts';
import { copyImage } from '../../shared/store/copy.ts';
import { openStore } from '../../shared/store/open.ts';

// As actions/main.ts sets it for every action.
z.config({ jitless: true });
const [from = '', digest, to = '', referrers] = process.argv.slice(2);
const quiet = (): void => undefined;
const log = {
  info: quiet,
  notice: quiet,
  warning: quiet,
  mask: quiet,
  group: <T>(_: string, work: () => T) => work(),
};
const [source, destination] = [from, to].map((place) =>
  openStore(parseReference(place), {
    workspace: process.cwd(),
    path: '',
    log,
    deadline: AbortSignal.timeout(600_000),
  }),
);
if (source === undefined || destination === undefined) throw new Error('from and to are needed');
void copyImage(source, destination, digest as Digest, { referrers: referrers !== undefined }).then((copied) =>
  console.log(JSON.stringify(copied)),
);
