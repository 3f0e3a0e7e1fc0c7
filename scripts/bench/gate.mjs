// node scripts/bench/gate.mjs <file of policy, image and evidence>: judges once, as a gate does, and prints the decision and what it took.
// From build/, which scripts/build.ts leaves: Node's reading of TypeScript takes more than what is measured here.
import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { createEvaluator } from '../../build/shared/evaluator/evaluator.js';
import { gatherFacts } from '../../build/shared/policy/facts.js';
import { readPolicy, readRules, trustOf } from '../../build/shared/policy/file.js';
import { judgeFacts } from '../../build/shared/policy/judge.js';

// As actions/main.ts sets it for every action.
z.config({ jitless: true });
const { policy, environment, image, evidence, now } = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8'));
const rules = readFileSync(new URL('../../build/shared/policy/rules.yaml', import.meta.url), 'utf8');
const file = readPolicy(policy, 'policy.yml', readRules(rules, 'rules.yaml'));
const wanted = { name: environment, rules: file.environments[environment].rules };
const observed = { conditions: [], facts: { approvals: [], promotion: undefined, base: { attested: true } } };

// A gate starts its worker before it reads the evidence.
const evaluate = createEvaluator();
await new Promise((resolve) => setTimeout(resolve, 300));

const started = performance.now();
const before = process.cpuUsage();
const gathered = gatherFacts(image, { evidence, rejected: [] }, trustOf(file), new Date(now));
const verdict = await judgeFacts(file.rules, wanted, gathered, evaluate, observed);
// Of the whole process: the worker's thread is in it.
const { user, system } = process.cpuUsage(before);
console.log(
  JSON.stringify({
    decision: verdict.decision,
    rules: verdict.rules.length,
    reasons: verdict.reasons,
    cpu: (user + system) / 1000,
    wall: performance.now() - started,
  }),
);
