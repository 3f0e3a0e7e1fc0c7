/*
 * A page that never grows over its limit: it is made of blocks, the least important of which are shortened and then left out first.
 */

/** A piece of a page. `before`, its rows, its parts and `after` stand in this order. */
export interface Block {
  /** The higher, the earlier it goes when room is short. Parts are no more important than what holds them. */
  readonly rank: number;
  /** Markdown. */
  readonly before: string;
  readonly rows?: {
    readonly count: number;
    /** One line. Asked for only when there is room, because there may be 200,000. */
    readonly format: (index: number) => string;
    /** Shown at most, even where there is room for more. */
    readonly most: number;
    /** Says how many are not shown. */
    readonly more: (count: number) => string;
  };
  readonly parts?: readonly Block[];
  readonly after?: string;
}

/** What of the blocks fits: Markdown, and how many blocks had to be left out whole. */
export interface Fitted {
  readonly text: string;
  readonly omitted: number;
}

const JOINT = '\n\n';
/** Room for the sentence that says how many rows are not shown. */
const MORE = 200;

/**
 * Takes the blocks by rank, each with as many rows as there is room for, until `limit` is reached; they keep their order on the page.
 * `measure` gives the size of a text in the unit of the limit and is additive.
 */
export function fitBlocks(
  blocks: readonly Block[],
  limit: number,
  measure: (text: string) => number,
): Fitted {
  const flat: { block: Block; parent: Block | undefined }[] = [];
  const collect = (list: readonly Block[], parent?: Block): void => {
    for (const block of list) {
      flat.push({ block, parent });
      collect(block.parts ?? [], block);
    }
  };
  collect(blocks);

  const taken = new Map<Block, string>();
  let room = limit;
  let omitted = 0;
  for (const { block, parent } of [...flat].sort((a, b) => a.block.rank - b.block.rank)) {
    const fixed = measure(block.before) + measure(block.after ?? '') + 2 * JOINT.length;
    const rest = block.rows === undefined ? 0 : MORE;
    if ((parent !== undefined && !taken.has(parent)) || fixed + rest > room) {
      omitted += 1;
      continue;
    }
    room -= fixed + rest;
    let text = block.before;
    if (block.rows !== undefined) {
      const { count, format, most, more } = block.rows;
      let shown = 0;
      for (; shown < Math.min(count, most); shown += 1) {
        const row = `\n${format(shown)}`;
        const size = measure(row);
        if (size > room) break;
        room -= size;
        text += row;
      }
      if (shown < count) text += `${JOINT}${more(count - shown)}`;
    }
    taken.set(block, text);
  }

  const write = (list: readonly Block[]): string[] =>
    list.flatMap((block) => {
      const text = taken.get(block);
      if (text === undefined) return [];
      return [text, ...write(block.parts ?? []), ...(block.after === undefined ? [] : [block.after])];
    });
  return { text: write(blocks).join(JOINT), omitted };
}
