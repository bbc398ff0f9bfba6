// @ts-check
/** What counts as a crash of the wasm instance, and the sentence that says so. */

/** The last panic that Rust's hook wrote to the console: the trap itself only says "unreachable". */
let lastPanic = '';

/** Listens to what the panic hook writes; it still goes to the console. */
export function rememberPanics() {
  const write = console.error.bind(console);
  console.error = (...values) => {
    const text = values.map(String).join(' ');
    if (text.includes('panicked at')) lastPanic = text;
    write(...values);
  };
}

/** A trap, a failed allocation or a stack overflow: the instance must not be used again. @param {unknown} error */
export function isCrash(error) {
  return error instanceof WebAssembly.RuntimeError || error instanceof RangeError;
}

/**
 * Frees an object of the library. After a trap in one of its methods it counts as borrowed for ever and cannot be
 * freed; the error to report is the trap, and its instance is replaced as a whole.
 * @param {{free: () => void}} object
 */
export function release(object) {
  try {
    object.free();
  } catch { /* see above */ }
}

/**
 * @param {unknown} error
 * @param {string} [panic] what the panic hook wrote; that of another worker where the crash happened there
 * @returns {string} a sentence for the person
 */
export function crashMessage(error, panic = lastPanic) {
  const text = `${panic} ${error instanceof Error ? error.message : error}`;
  if (/memory|alloc|capacity overflow/i.test(text)) {
    return 'The browser ran out of memory for this. Try fewer workers (step 5), a smaller batch, fewer virtual tokens or shorter examples, and close other tabs. If it happened while a model was read, choose a smaller one.';
  }
  // "panicked at src/x.rs:1:2:\nthe reason\n\nStack: ..." -> the reason and the place
  const found = /panicked at ([^\n]*?):?\n([^\n]*)/.exec(panic);
  const detail = found ? `${found[2]} (${found[1]})` : error instanceof Error ? error.message : String(error);
  return `The computation stopped because of a fault in this program: ${detail}`;
}
