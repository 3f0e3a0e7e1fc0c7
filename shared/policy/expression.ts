import { type ASTNode, TypeError as CheckError, Environment, ParseError } from '@marcbachmann/cel-js';
import { TYPES, VARIABLES } from './variables.ts';

/**
 * A CEL expression that parsed, has the type bool and uses nothing that could run away.
 * `strict` means the same without CEL's habit to swallow errors; it is what is evaluated.
 */
export interface Expression {
  readonly source: string;
  readonly strict: string;
  /** The parts whose values decide it, to show people. */
  readonly shown: readonly Shown[];
  /** The variables of the policy language that it names. */
  readonly variables: readonly string[];
}

/** A part of an expression that people are shown: what its strict form holds. */
export interface Shown {
  /** As it is written: `image.size`. */
  readonly name: string;
  readonly strict: string;
  /** True for the list of what makes an `exists` true or an `all` false, whose items are named. */
  readonly items: boolean;
}

/** What is wrong with an expression, and where: `offset` counts characters from its start. */
export class ExpressionError extends Error {
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

/** The most characters of one expression. */
const MAX_LENGTH = 4096;

// Everything here ends in time that grows with its input. `matches` is left out on purpose:
// the library backs it with a backtracking regular expression.
const FUNCTIONS = new Set(
  (
    'has size exists exists_one all map filter contains startsWith endsWith lowerAscii upperAscii trim ' +
    'indexOf lastIndexOf substring split join int double string timestamp duration ' +
    'getFullYear getMonth getDate getDayOfMonth getDayOfWeek getDayOfYear getHours getMinutes getSeconds getMilliseconds'
  ).split(' '),
);

// One class a type: the library knows an object's type by its constructor.
const classes = new Map(
  Object.keys(TYPES).map((name) => [
    name,
    class {
      constructor(fields: object) {
        Object.assign(this, fields);
      }
    },
  ]),
);

const language = new Environment({ limits: { maxAstNodes: 1000, maxDepth: 32 } });
for (const [name, ctor] of classes) language.registerType(name, { ctor, fields: TYPES[name] ?? {} });
for (const [name, { type }] of Object.entries(VARIABLES)) language.registerVariable(name, type);

/*
 * CEL lets && and || answer when one side fails, and exists() and all() when one element does (cel-spec, "Logical Operators").
 * For a gate an error is never an answer, so both sides and every element are evaluated, and any error is the result:
 *   a && b → allTrue([a, b])     list.all(x, p)    → allTrue(list.map(x, p))
 *   a || b → anyTrue([a, b])     list.exists(x, p) → anyTrue(list.map(x, p))
 * One thing decides whether what follows is evaluated at all: has(), the test for a field that may be missing.
 */
const strictLanguage = language
  .clone({ limits: { maxAstNodes: 10_000, maxDepth: 500 } })
  .registerFunction('allTrue(list): bool', (values: unknown[]) => asBooleans(values).every(Boolean))
  .registerFunction('anyTrue(list): bool', (values: unknown[]) => asBooleans(values).some(Boolean));

function asBooleans(values: readonly unknown[]): readonly boolean[] {
  if (values.every((value) => typeof value === 'boolean')) return values as boolean[];
  throw new Error('a condition is neither true nor false');
}

/** Reads an expression. Throws `ExpressionError` when it does not parse, has a wrong type, or uses what is not in the language. */
export function readExpression(source: string): Expression {
  if (source.length > MAX_LENGTH)
    throw new ExpressionError(`is longer than ${MAX_LENGTH} characters`, MAX_LENGTH);
  const parsed = parse(source);
  const found = { variables: new Set<string>() };
  const strict = makeStrict(parsed.ast, found);
  const { valid, type, error } = parsed.check();
  if (!valid) throw asExpressionError(error);
  if (type !== 'bool') throw new ExpressionError(`is a ${type}, where true or false is wanted`, 0);
  return { source, strict, variables: [...found.variables], shown: listShown(parsed.ast) };
}

/** The facts as the language's typed objects: made once for all expressions. */
export type TypedFacts = Readonly<Record<string, unknown>> & { readonly [typed]: true };
declare const typed: unique symbol;

/** Gives plain facts the types of their variables. */
export function typeFacts(facts: Readonly<Record<string, unknown>>): TypedFacts {
  const given = Object.entries(VARIABLES).filter(([name]) => facts[name] !== undefined);
  return Object.fromEntries(
    given.map(([name, { type }]) => [name, giveType(type, facts[name])]),
  ) as TypedFacts;
}

/** Evaluates the strict form over the facts. Throws whatever went wrong anywhere in it; the result is true or false, never anything else. */
export function evaluateExpression(strict: string, facts: TypedFacts): boolean {
  const value: unknown = strictLanguage.evaluate(strict, facts);
  if (typeof value !== 'boolean') throw new Error('the result is neither true nor false');
  return value;
}

/** What a part holds, in a few words each: of items at most `limit`, then how many more. Empty for what is not there. */
export function evaluateShown({ name, strict, items }: Shown, facts: TypedFacts, limit: number): string[] {
  const value = evaluateOptional(strict, facts);
  if (!items) return value === undefined ? [] : [`${name} is ${describeValue(value)}`];
  if (!Array.isArray(value)) return [];
  const told = value.slice(0, limit).map(describeItem);
  return value.length > limit ? [...told, `and ${value.length - limit} more`] : told;
}

/** Undefined where it fails: a part behind has(), say. What decides is the whole expression. */
function evaluateOptional(strict: string, facts: TypedFacts): unknown {
  try {
    return strictLanguage.evaluate(strict, facts);
  } catch {
    return undefined;
  }
}

const MAX_VALUE = 200;

function describeValue(value: unknown): string {
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'string') return JSON.stringify(value.slice(0, MAX_VALUE));
  return typeof value === 'object' ? 'there' : String(value);
}

function describeItem(item: unknown): string {
  if (typeof item !== 'object' || item === null) return String(item);
  const fields = item as Readonly<Record<string, unknown>>;
  const told = ['id', 'rule', 'name', 'uri', 'by', 'package', 'version', 'user', 'target', 'platform'];
  const words = told.flatMap((name) => (fields[name] ? [String(fields[name])] : [])).join(' ');
  return words.length > MAX_VALUE ? `${words.slice(0, MAX_VALUE)}…` : words;
}

/** Plain data as the library's typed objects: lists and objects by `TYPES`, everything else as it is. */
function giveType(type: string, value: unknown): unknown {
  const [, element] = /^list<(.+)>$/.exec(type) ?? [];
  if (element !== undefined && Array.isArray(value)) return value.map((item) => giveType(element, item));
  const fields = TYPES[type];
  const Typed = classes.get(type);
  if (fields === undefined || Typed === undefined || typeof value !== 'object' || value === null)
    return value;
  return new Typed(
    Object.fromEntries(
      Object.entries(value).map(([name, field]) => [name, giveType(fields[name] ?? '', field)]),
    ),
  );
}

function parse(source: string) {
  try {
    return language.parse(source);
  } catch (error) {
    throw asExpressionError(error);
  }
}

function asExpressionError(error: unknown): ExpressionError {
  if (error instanceof ParseError || error instanceof CheckError) {
    return new ExpressionError(error.summary, error.range?.start ?? 0);
  }
  return new ExpressionError(error instanceof Error ? error.message : String(error), 0);
}

function makeStrict(node: ASTNode, found: { variables: Set<string> }): string {
  const rewrite = (child: ASTNode): string => makeStrict(child, found);
  switch (node.op) {
    case 'value':
      return node.input.slice(node.start, node.end);
    case 'id':
      if (Object.hasOwn(VARIABLES, node.args)) found.variables.add(node.args);
      return node.args;
    case '.':
      return `(${rewrite(node.args[0])}).${node.args[1]}`;
    case '[]':
      return `(${rewrite(node.args[0])})[${rewrite(node.args[1])}]`;
    case 'list':
      return `[${node.args.map(rewrite).join(', ')}]`;
    case 'map':
      return `{${node.args.map(([key, value]) => `${rewrite(key)}: ${rewrite(value)}`).join(', ')}}`;
    case '!_':
      return `(!${rewrite(node.args)})`;
    case '-_':
      return `(-${rewrite(node.args)})`;
    case '?:':
      return `(${rewrite(node.args[0])} ? ${rewrite(node.args[1])} : ${rewrite(node.args[2])})`;
    case '&&':
    case '||':
      return joinConditions(node.op, collectOperands(node.op, node), rewrite);
    case 'call':
    case 'rcall':
      return rewriteCall(node, rewrite);
    case '.?':
    case '[?]':
      throw new ExpressionError('optional fields are not in the language; test with has()', node.start);
    default:
      return `(${rewrite(node.args[0])} ${node.op} ${rewrite(node.args[1])})`;
  }
}

function rewriteCall(node: ASTNode & { op: 'call' | 'rcall' }, rewrite: (child: ASTNode) => string): string {
  const name = node.args[0];
  if (!FUNCTIONS.has(name)) {
    throw new ExpressionError(
      name === 'matches'
        ? 'matches() is not in the language, because a regular expression can take for ever; use ==, in, startsWith, endsWith or contains'
        : `${name}() is not in the language`,
      node.pos,
    );
  }
  if (node.op === 'call') {
    // Its argument is a chain of fields that is looked at, not evaluated.
    if (name === 'has') {
      node.args[1].forEach(rewrite);
      return node.input.slice(node.start, node.end);
    }
    return `${name}(${node.args[1].map(rewrite).join(', ')})`;
  }
  const receiver = rewrite(node.args[1]);
  const list = node.args[2].map(rewrite).join(', ');
  if (name === 'all') return `allTrue((${receiver}).map(${list}))`;
  if (name === 'exists') return `anyTrue((${receiver}).map(${list}))`;
  return `(${receiver}).${name}(${list})`;
}

function collectOperands(op: '&&' | '||', node: ASTNode): ASTNode[] {
  if (node.op !== op) return [node];
  return [...collectOperands(op, node.args[0]), ...collectOperands(op, node.args[1])];
}

function joinConditions(
  op: '&&' | '||',
  operands: readonly ASTNode[],
  rewrite: (child: ASTNode) => string,
): string {
  const guard = operands.findIndex(isPresenceTest);
  const strict = operands.map(rewrite);
  if (guard >= 0 && guard < operands.length - 1) {
    const rest = joinConditions(op, operands.slice(guard + 1), rewrite);
    const guarded = op === '&&' ? `${strict[guard]} ? ${rest} : false` : `${strict[guard]} ? true : ${rest}`;
    strict.splice(guard, strict.length, `(${guarded})`);
  }
  return `${op === '&&' ? 'allTrue' : 'anyTrue'}([${strict.join(', ')}])`;
}

function isPresenceTest(node: ASTNode): boolean {
  if (node.op === '!_') return isPresenceTest(node.args);
  return node.op === 'call' && node.args[0] === 'has';
}

/** Fields of variables, and what decides an `exists` or an `all`. What stands inside a list's condition has a value for each item. */
function listShown(node: ASTNode): Shown[] {
  const rewrite = (child: ASTNode): string => makeStrict(child, { variables: new Set() });
  const list = (part: ASTNode, strict: string, items: boolean): Shown[] => [
    { name: part.input.slice(part.start, part.end), strict, items },
  ];
  if (isField(node)) return list(node, rewrite(node), false);
  if (node.op === 'rcall') {
    const [name, receiver, args] = node.args;
    const [variable, condition] = args;
    if ((name === 'exists' || name === 'all') && variable !== undefined && condition !== undefined) {
      const wanted = name === 'exists' ? rewrite(condition) : `!${rewrite(condition)}`;
      return list(node, `(${rewrite(receiver)}).filter(${rewrite(variable)}, ${wanted})`, true);
    }
    return MACROS.has(name) ? listShown(receiver) : [receiver, ...args].flatMap(listShown);
  }
  return childrenOf(node).flatMap(listShown);
}

const MACROS = new Set(['exists_one', 'map', 'filter']);

function isField(node: ASTNode): boolean {
  if (node.op === 'id') return Object.hasOwn(VARIABLES, node.args);
  return node.op === '.' && isField(node.args[0]);
}

function childrenOf(node: ASTNode): ASTNode[] {
  const isNode = (part: unknown): part is ASTNode =>
    typeof part === 'object' && part !== null && 'op' in part;
  return [node.args].flat(2).filter(isNode);
}
