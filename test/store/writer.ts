// One of several writers of evidence, in a process of its own: place, subject's descriptor, name.
import { parseReference } from '../../shared/image/reference.ts';
import { attachReferrers } from '../../shared/store/attach.ts';
import { openStore } from '../../shared/store/open.ts';
import { makeReferrer } from './referrer.ts';

const [place = '', subject = '', name = ''] = process.argv.slice(2);
const store = openStore(parseReference(place), {
  workspace: '.',
  path: '',
  deadline: AbortSignal.timeout(20_000),
  log: { mask: () => undefined, info: () => undefined },
});
await attachReferrers(store, [makeReferrer(JSON.parse(subject), name)]);
