/*
 * A digest fixes bytes, not what a reader makes of them. RFC 8259, section 4, leaves open which of two equal keys counts, and the runtimes
 * and scanners (Go's encoding/json) take `Manifests` for `manifests`, the last one winning: what was judged would not be what runs.
 */

/** Fields that decide what runs (image-spec 1.1: manifest.md, image-index.md, descriptor.md, config.md). */
const FIELDS: ReadonlyMap<string, string> = new Map(
  (
    'schemaVersion mediaType artifactType config layers manifests subject annotations digest size urls data platform ' +
    'architecture os os.version os.features variant rootfs diff_ids User Entrypoint Cmd Env WorkingDir Labels ExposedPorts Volumes'
  )
    .split(' ')
    .map((name) => [fold(name), name]),
);

/** Objects whose keys are free text, in which two spellings are two keys. */
const FREE: ReadonlySet<string> = new Set(['annotations', 'Labels', 'ExposedPorts', 'Volumes']);

/** Case folded as Go does it: also the long s and the Kelvin sign are letters of ASCII. */
function fold(key: string): string {
  return key.toUpperCase().toLowerCase();
}

/**
 * A key of a manifest, index or image configuration that another reader may take for something else: it stands twice in one object,
 * or is a field's name in other letters. Undefined when there is none, and for what is no JSON, which nobody takes for anything.
 */
export function findAmbiguousKey(text: string): string | undefined {
  try {
    JSON.parse(text);
  } catch {
    return undefined;
  }
  const open: { readonly keys: Set<string>; readonly free: boolean }[] = [];
  let last = '';
  let key = '';
  /** Where the string began that is not at its end yet. */
  let start: number | undefined;
  // Escapes by themselves, not strings whole: for those the pattern would keep every way back, more than its stack holds.
  for (const { 0: token, index } of text.matchAll(/\\.|["{}:]/g)) {
    if (token === '"') {
      if (start !== undefined) last = text.slice(start, index + 1);
      start = start === undefined ? index : undefined;
    }
    if (token === '"' || start !== undefined) continue;
    const within = open.at(-1);
    if (token === '{' || token === '}') {
      if (token === '}') open.pop();
      else open.push({ keys: new Set(), free: within?.free === true || FREE.has(key) });
      // What follows in a list is not the value of a key that stood in the entry before.
      key = '';
    } else if (within !== undefined) {
      key = JSON.parse(last) as string;
      const folded = fold(key);
      const known = within.free ? undefined : FIELDS.get(folded);
      const name = within.free ? key : folded;
      if (within.keys.has(name) || (known !== undefined && known !== key)) return key;
      within.keys.add(name);
    }
  }
  return undefined;
}
