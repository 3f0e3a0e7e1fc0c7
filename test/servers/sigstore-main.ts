// npm run sigstore -- --port N --trusted-root FILE
// Starts the local Sigstore instance and writes its trusted root, for trying things by hand.
import { writeFileSync } from 'node:fs';
import { readCount, startByHand } from './by-hand.ts';
import { startSigstore } from './sigstore.ts';

const options = {
  port: { type: 'string', default: '0' },
  'trusted-root': { type: 'string' },
  latency: { type: 'string', default: '0' },
} as const;

await startByHand(options, async (values) => {
  const sigstore = await startSigstore({
    port: readCount('port', values.port, 65_535),
    latency: readCount('latency', values.latency, 60_000),
  });
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
  return sigstore;
});
