// npm run admission -- <policy.yml> <owner/repo> <environment> [<address of the policy>]
// Prints what a cluster needs so that images of that environment start only with their evidence: Kyverno's and policy-controller's documents.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Failure } from '../shared/outcome/outcome.ts';
import { formatAdmission } from '../shared/policy/admission.ts';
import { readPolicy, readRules } from '../shared/policy/file.ts';

const [file, repository, environment, address] = process.argv.slice(2);
if (file === undefined || repository === undefined || environment === undefined) {
  console.error(
    'npm run admission -- <policy.yml> <owner/repo> <environment> [<owner/repo/path of the policy>]',
  );
  process.exitCode = 2;
} else {
  try {
    const rules = join(dirname(dirname(fileURLToPath(import.meta.url))), 'shared', 'policy', 'rules.yaml');
    const policy = readPolicy(
      readFileSync(file, 'utf8'),
      file,
      readRules(readFileSync(rules, 'utf8'), rules),
    );
    const source = { repository, policy: address ?? `${repository}/.github/hallmark.yml` };
    process.stdout.write(formatAdmission(policy, environment, source));
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
