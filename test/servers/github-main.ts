// npm run github -- --port N --file .github/hallmark.yml=policy.yml --file root.json=root.json
// Starts the stub of GitHub's API with files on the protected branch of octo/app, so that gate and promote can be tried by hand.
import { readFileSync } from 'node:fs';
import { readCount, readPair, startByHand } from './by-hand.ts';
import { startGithub } from './github.ts';

const options = {
  port: { type: 'string', default: '0' },
  file: { type: 'string', multiple: true },
} as const;

await startByHand(options, async (values) => {
  const files = (values.file ?? []).map((text) => {
    const [path, file] = readPair('file', text);
    return [path, readFileSync(file, 'utf8')];
  });
  const github = await startGithub({
    port: readCount('port', values.port, 65_535),
    repositories: [
      { name: 'octo/app', id: 123456789, defaultBranch: 'main', files: Object.fromEntries(files) },
    ],
  });
  console.log(`GitHub's API at ${github.url}, with octo/app (repository-id 123456789) and its protected branch main
In a run of octo/app:
  export GITHUB_API_URL=${github.url} GITHUB_REPOSITORY=octo/app
  npm run action -- gate --image IMAGE --environment staging --policy .github/hallmark.yml \\
    --github-token ${github.token} --fulcio-url … --rekor-url … --trusted-root …`);
  return github;
});
