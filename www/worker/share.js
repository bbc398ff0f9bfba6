// @ts-check
/**
 * A share worker: computes its share of every training step, the gradient of some examples at the soft prompt that
 * it is sent. It has a wasm instance and a copy of the frozen model of its own; worker/team.js starts and leads it.
 *
 * It works block by block and lets messages in between, so that a share which is no longer wanted is dropped at once.
 * It has no imports: it is started from a Blob, so that the page needs no network once it is open (share_scripts.js).
 */

/** @typedef {typeof import('../pkg/prompt_playground.js')} Library */
/** @typedef {import('../pkg/prompt_playground.js').Model} Model */
/** @typedef {import('../pkg/prompt_playground.js').GradientWorker} GradientWorker */
/** @typedef {import('../protocol.js').ShareRequest} ShareRequest */
/** @typedef {import('../protocol.js').ShareReply} ShareReply */

/** @type {Promise<{library: Library, model: Model}>} */
let started;
/** @type {GradientWorker|null} over the examples of the run */
let gradients = null;
/** The ticket of the share that is wanted, 0 for none. */
let wanted = 0;

/** What Rust's panic hook wrote: the trap itself only says "unreachable". */
let panic = '';
const write = console.error.bind(console);
console.error = (...values) => {
  const text = values.map(String).join(' ');
  if (text.includes('panicked at')) panic = text;
  write(...values);
};

self.onmessage = (/** @type {MessageEvent<ShareRequest>} */ message) => {
  act(message.data).catch((error) => {
    post({ reply: 'failed', message: error instanceof Error ? error.message : String(error), panic });
  });
};

/** @param {ShareRequest} request */
async function act(request) {
  switch (request.type) {
    case 'start':
      started = start(request);
      return;
    case 'prepare':
      return prepare(request);
    case 'compute':
      return compute(request);
    case 'drop':
      wanted = 0;
      return;
    case 'ping':
      post({ reply: 'alive' });
  }
}

/** @param {Extract<ShareRequest, {type: 'start'}>} request */
async function start({ module, library: address, files }) {
  /** @type {Library} */
  const library = await import(address);
  post({ reply: 'started' });
  await library.default({ module_or_path: module });
  if ('gguf' in files) return { library, model: library.Model.fromGguf(await bytes(files.gguf)) };
  const { config, tokenizer, weights, tokenizerConfig } = files;
  const [first, second] = [await bytes(config), await bytes(tokenizer)];
  const last = tokenizerConfig ? await bytes(tokenizerConfig) : undefined;
  return { library, model: library.Model.fromHfShards(first, second, await Promise.all(weights.map(bytes)), last) };
}

/** @param {Blob} blob */
async function bytes(blob) {
  return new Uint8Array(await blob.arrayBuffer());
}

/** @param {Extract<ShareRequest, {type: 'prepare'}>} request */
async function prepare({ ticket, examples, virtualTokens, kind }) {
  const { library, model } = await started;
  wanted = 0;
  gradients?.free();
  gradients = null; // should the next line fail
  gradients = library.GradientWorker.new(model, examples, virtualTokens, kind);
  post({ reply: 'prepared', ticket });
}

/** @param {Extract<ShareRequest, {type: 'compute'}>} request */
async function compute({ ticket, share, vectors, targets }) {
  if (!gradients) throw new Error('A share came before the examples.');
  wanted = ticket;
  gradients.begin(share, vectors, targets);
  while (gradients.advance()) {
    await nextTurn();
    if (wanted !== ticket) return;
  }
  const gradient = gradients.take();
  if (!gradient) throw new Error('A share ended without its gradient.');
  post({ reply: 'gradient', ticket, gradient }, [gradient.dRows.buffer]);
}

const channel = new MessageChannel();
/** @type {(() => void)[]} */
const waiting = [];
channel.port1.onmessage = () => waiting.shift()?.();

/** Resolves after the messages that are waiting now. */
function nextTurn() {
  return new Promise((/** @type {(value: void) => void} */ resolve) => {
    waiting.push(resolve);
    channel.port2.postMessage(null);
  });
}

/** @param {ShareReply} reply @param {Transferable[]} [transfer] */
function post(reply, transfer = []) {
  self.postMessage(reply, { transfer });
}

export {};
