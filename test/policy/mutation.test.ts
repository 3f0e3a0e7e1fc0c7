import { type ASTNode, parse } from '@marcbachmann/cel-js';
import { expect, test } from 'vitest';
import { readBuiltInRules } from '../../shared/evaluator/rules.ts';
import {
  ExpressionError,
  evaluateExpression,
  readExpression,
  typeFacts,
} from '../../shared/policy/expression.ts';
import { judgeFacts } from '../../shared/policy/judge.ts';
import type { Rule } from '../../shared/policy/rule.ts';
import { gather, LACKING, observe, SUFFICIENT } from './lacking.ts';

/*
 * Each condition of a built-in rule is there for an image in the tables of judge.test.ts: with the condition taken out or changed,
 * the rule answers otherwise for at least one of them.
 */

interface Mutant {
  /** What was changed into what. */
  readonly change: string;
  readonly rule: Rule;
}

const TABLE = [
  ...LACKING.map(([, given, denies]) => ({ given, denies })),
  ...SUFFICIENT.map(([, given]) => ({ given, denies: [] as string[] })),
].map(({ given, denies }) => {
  const gathered = gather(given);
  const observation = observe(given);
  return {
    gathered,
    observation,
    denies,
    values: typeFacts({ ...gathered.facts, ...observation?.facts }),
  };
});

/** True when the rule denies exactly the images that the rule of this name is to deny. */
async function agrees(name: string, rule: Rule): Promise<boolean> {
  for (const { gathered, observation, denies, values } of TABLE) {
    const verdict = await judgeFacts(
      { [name]: rule },
      { name: 'prod', rules: [name] },
      gathered,
      async (expressions) =>
        expressions.map(({ strict }) => {
          try {
            return { value: evaluateExpression(strict, values), values: [], items: [] };
          } catch (error) {
            return { error: String(error) };
          }
        }),
      observation,
    );
    if ((verdict.rules[0]?.outcome === 'denied') !== denies.includes(name)) return false;
  }
  return true;
}

const SWAPPED: Readonly<Record<string, string>> = {
  '&&': '||',
  '||': '&&',
  '==': '!=',
  '!=': '==',
  '>': '>=',
  '<': '<=',
  '+': '-',
  '-': '+',
};
const COMPARISONS = ['==', '!=', '>', '<', 'in'];

/** What may stand in the place of a part of an expression, each a change that its author may not mean. */
function replacementsOf(node: ASTNode): string[] {
  const text = (part: ASTNode): string => print(part);
  const isCondition =
    ['&&', '||', '!_', ...COMPARISONS].includes(node.op) ||
    (node.op === 'call' && node.args[0] === 'has') ||
    (node.op === 'rcall' && ['exists', 'startsWith'].includes(node.args[0]));
  const found = isCondition ? ['true', 'false', `!(${text(node)})`] : [];
  if (node.op === '&&' || node.op === '||') found.push(...node.args.map((part) => text(part)));
  if (node.op === 'list') {
    found.push(
      ...node.args.map(
        (_, at) => `[${node.args.filter((__, other) => other !== at).map((part) => text(part))}]`,
      ),
    );
  }
  if (node.op === 'value' && typeof node.args === 'string') {
    const longer = /^\d+h$/.test(node.args) ? `${Number.parseInt(node.args, 10) + 1}h` : `${node.args}x`;
    found.push(JSON.stringify(longer));
  }
  if (node.op === 'value' && typeof node.args === 'bigint') found.push(String(node.args + 1n));
  const swapped = SWAPPED[node.op];
  if (swapped !== undefined && Array.isArray(node.args)) {
    const [left, right] = node.args as ASTNode[];
    if (left && right) found.push(`(${text(left)}) ${swapped} (${text(right)})`);
  }
  return found;
}

function listNodes(node: ASTNode): ASTNode[] {
  return [node, ...partsOf(node).flatMap(listNodes)];
}

function partsOf(node: ASTNode): ASTNode[] {
  return [node.args].flat(2).filter((part): part is ASTNode => Object(part) === part && 'op' in Object(part));
}

/** The expression as text, with one of its parts replaced. */
function print(node: ASTNode, part?: ASTNode, other = ''): string {
  if (node === part) return `(${other})`;
  const text = (child: ASTNode): string => print(child, part, other);
  switch (node.op) {
    case 'value':
      return typeof node.args === 'string' ? JSON.stringify(node.args) : String(node.args);
    case 'id':
      return node.args;
    case '.':
      return `${text(node.args[0])}.${node.args[1]}`;
    case '[]':
      return `${text(node.args[0])}[${text(node.args[1])}]`;
    case 'list':
      return `[${node.args.map(text).join(', ')}]`;
    case '!_':
      return `!(${text(node.args)})`;
    case 'call':
      return `${node.args[0]}(${node.args[1].map(text).join(', ')})`;
    case 'rcall':
      return `${text(node.args[1])}.${node.args[0]}(${node.args[2].map(text).join(', ')})`;
    default: {
      const [left, right] = node.args as [ASTNode, ASTNode];
      return `(${text(left)} ${node.op} ${text(right)})`;
    }
  }
}

/** Undefined for what the language does not take. */
function readChanged(source: string): Rule['deny'] {
  try {
    return readExpression(source);
  } catch (error) {
    if (error instanceof ExpressionError) return undefined;
    throw error;
  }
}

function mutate(rule: Rule): Mutant[] {
  const mutants: Mutant[] = rule.needs.map((need) => ({
    change: `needs without ${need}`,
    rule: { ...rule, needs: rule.needs.filter((one) => one !== need) },
  }));
  const source = rule.deny?.source;
  if (source === undefined) return mutants;
  const { ast } = parse(source);
  for (const node of listNodes(ast)) {
    for (const other of replacementsOf(node)) {
      const deny = readChanged(print(ast, node, other));
      if (deny !== undefined) mutants.push({ change: `${print(node)} → ${other}`, rule: { ...rule, deny } });
    }
  }
  return mutants;
}

test.each(Object.entries(readBuiltInRules()))('no condition of %s can change unseen', async (name, rule) => {
  expect(await agrees(name, rule)).toBe(true);
  const mutants = mutate(rule);
  expect(mutants.length).toBeGreaterThan(0);
  const survivors: string[] = [];
  for (const { change, rule: mutant } of mutants) if (await agrees(name, mutant)) survivors.push(change);
  expect(survivors).toEqual([]);
});
