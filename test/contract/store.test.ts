import { afterAll, beforeAll } from 'vitest';
import { type RegistryServer, startRegistry } from '../servers/registry.ts';
import { describeStore } from '../store/contract.ts';
import { open } from '../store/fixtures.ts';

for (const referrers of [true, false]) {
  let registry: RegistryServer;
  beforeAll(async () => {
    registry = await startRegistry({ referrers });
  });
  afterAll(() => registry.close());
  describeStore({
    name: `the embedded registry ${referrers ? 'with' : 'without'} the referrers API`,
    open: (name) => open(`${registry.host}/contract/${name}`),
    host: () => registry.host,
    listsReferrers: referrers,
  });
}

describeStore({ name: 'an OCI layout', open: (name) => open(`oci:${name}`), listsReferrers: true });
