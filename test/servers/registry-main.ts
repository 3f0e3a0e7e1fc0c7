// npm run registry -- --port N --folder FOLDER --no-referrers --latency MS
import { readCount, startByHand } from './by-hand.ts';
import { startRegistry } from './registry.ts';

const options = {
  port: { type: 'string', default: '5000' },
  folder: { type: 'string' },
  'no-referrers': { type: 'boolean', default: false },
  latency: { type: 'string', default: '0' },
} as const;

await startByHand(options, async (values) => {
  const registry = await startRegistry({
    port: readCount('port', values.port, 65_535),
    referrers: !values['no-referrers'],
    latency: readCount('latency', values.latency, 60_000),
    ...(values.folder && { folder: values.folder }),
  });
  console.log(registry.host);
  return registry;
});
