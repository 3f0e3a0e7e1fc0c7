// npm run sigstore -- --port N --trusted-root FILE
// Starts the local Sigstore instance and writes its trusted root, for trying things by hand.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { startSigstore } from './sigstore.ts';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    'trusted-root': { type: 'string' },
    latency: { type: 'string', default: '0' },
  },
});
const sigstore = await startSigstore({ port: Number(values.port), latency: Number(values.latency) });
if (values['trusted-root'] !== undefined) {
  writeFileSync(values['trusted-root'], `${JSON.stringify(sigstore.trustedRoot, null, 2)}\n`);
}
console.log(`Fulcio, Rekor, timestamps and OIDC tokens at ${sigstore.url}
Keyless as a workflow of octo/app, for our actions and for cosign:
  export GITHUB_ACTIONS=true ACTIONS_ID_TOKEN_REQUEST_TOKEN=${sigstore.requestToken}
  export ACTIONS_ID_TOKEN_REQUEST_URL='${sigstore.tokenUrl()}'
  (claims= takes others, as base64 of JSON: build signs for the commit of the claim "sha" alone)
  npm run action -- sign --image IMAGE --fulcio-url ${sigstore.fulcioUrl} --rekor-url ${sigstore.rekorUrl} \\
    --trusted-root ${values['trusted-root'] ?? 'FILE'}
  cosign sign --yes --use-signing-config=false --fulcio-url ${sigstore.fulcioUrl} --rekor-url ${sigstore.rekorUrl} \\
    --trusted-root ${values['trusted-root'] ?? 'FILE'} IMAGE`);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void sigstore.close());
